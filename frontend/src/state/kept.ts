import type { Bridge } from '../bridge/bridge'
import { latest, Pending } from '../lib/timing'

/** What the page keeps from one start to the next. */
type Name = 'newDraft' | 'openChat' | 'edited'

/** Texts that the page keeps in the app's folder, and not in the web view's own storage, which all folders would share. */
export class Kept {
  #bridge: Pick<Bridge['page'], 'store'>
  #texts: Record<string, string> = {}
  #changed = new Set<Name>()
  #storing = new Pending()
  #soon = latest(() => this.flush(), 300)

  constructor(bridge: Pick<Bridge['page'], 'store'>) {
    this.#bridge = bridge
  }

  /** Takes what an earlier page kept. */
  begin(stored: Record<string, string>): void {
    this.#texts = { ...stored, ...this.#texts }
  }

  /** What was kept last under a name; undefined: nothing. */
  get(name: Name): string | undefined {
    return this.#texts[name]
  }

  /** Keeps a text under a name. What can't be stored is lost only with the page, and is tried again with the next text. */
  set(name: Name, text: string): void {
    if (this.#texts[name] === text) return
    this.#texts[name] = text
    this.#changed.add(name)
    this.#soon()
  }

  /** Stores what is not stored yet, and resolves once it is. */
  async flush(): Promise<void> {
    for (const name of this.#changed) {
      this.#changed.delete(name)
      this.#storing.add(this.#bridge.store(name, this.#texts[name] ?? '').catch(() => this.#changed.add(name)))
    }
    await this.#storing.settled()
  }
}
