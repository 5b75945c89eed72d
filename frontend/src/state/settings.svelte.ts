import type { Bridge } from '../bridge/bridge'
import type { About, Settings, StartReport } from '../bridge/types'

const initial: Settings = {
  theme: 'system',
  defaultModel: '',
  systemPrompt: '',
  temperature: -1,
  contextLength: 8192,
  keepAliveMinutes: 5,
  sendWith: 'enter',
  threads: 0,
  showFigures: true,
  welcomed: true,
  speedLimit: 0,
  downloadsAtOnce: 1,
  neverOnline: false,
}

/** The person's choices, and where the app keeps things. */
export class SettingsState {
  #value = $state.raw<Settings>(initial)
  #about = $state.raw<About>({ version: '', dataFolder: '', logFile: '', bytesOut: 0 })
  #bridge: Bridge['settings']
  #saving: Promise<unknown> = Promise.resolve()

  constructor(bridge: Bridge['settings']) {
    this.#bridge = bridge
  }

  get value(): Settings {
    return this.#value
  }

  get about(): About {
    return this.#about
  }

  async load(): Promise<void> {
    this.#value = await this.#bridge.get()
  }

  async loadAbout(): Promise<void> {
    this.#about = await this.#bridge.about()
  }

  /** Shows the change at once and saves it; saves follow each other, and a failed one puts the stored value back. */
  set(change: Partial<Settings>): Promise<void> {
    this.#value = { ...this.#value, ...change }
    const save = this.#saving.then(async () => {
      const wanted = this.#value
      try {
        const stored = await this.#bridge.set(wanted)
        if (this.#value === wanted) this.#value = stored
      } catch (reason) {
        this.#value = await this.#bridge.get()
        throw reason
      }
    })
    this.#saving = save.catch(() => undefined)
    return save
  }

  startup(): Promise<StartReport> {
    return this.#bridge.startup()
  }

  openLink(url: string): Promise<void> {
    return this.#bridge.openLink(url)
  }

  copy(text: string): Promise<void> {
    return this.#bridge.copy(text)
  }
}
