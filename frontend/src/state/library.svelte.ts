import type { Bridge } from '../bridge/bridge'
import type { Library, Model } from '../bridge/types'

/** The models on this machine. */
export class LibraryState {
  #value = $state.raw<Library | null>(null)
  #bridge: Bridge['library']

  constructor(bridge: Bridge['library']) {
    this.#bridge = bridge
  }

  get value(): Library | null {
    return this.#value
  }

  get models(): readonly Model[] {
    return this.#value?.models ?? []
  }

  async refresh(): Promise<void> {
    this.#value = await this.#bridge.get()
  }

  find(ref: string): Model | undefined {
    return this.models.find((m) => m.ref === ref)
  }

  /** The name to show for a reference, also when the model is gone. */
  nameOf(ref: string): string {
    return this.find(ref)?.name ?? ref
  }

  /** What a new chat begins with: the chosen default, else the model used last, else the newest. */
  preferred(defaultRef: string): string {
    if (this.find(defaultRef)) return defaultRef
    const byUse = [...this.models].sort((a, b) => b.lastUsedAt - a.lastUsedAt || b.addedAt - a.addedAt)
    return byUse[0]?.ref ?? ''
  }

  chooseFile(): Promise<string> {
    return this.#bridge.chooseFile()
  }

  import(path: string, name: string) {
    return this.#bridge.import(path, name)
  }

  installStarter() {
    return this.#bridge.installStarter()
  }

  cancel(id: string): Promise<void> {
    return this.#bridge.cancelTask(id)
  }

  /** Resolves to the bytes freed. */
  async remove(ref: string): Promise<number> {
    const freed = await this.#bridge.remove(ref)
    await this.refresh()
    return freed
  }

  reveal(ref: string): Promise<void> {
    return this.#bridge.reveal(ref)
  }
}
