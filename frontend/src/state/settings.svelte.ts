import type { Bridge } from '../bridge/bridge'
import type { About, Limits, Settings, StartReport } from '../bridge/types'

/** What is shown until the window has answered; none of the numbers is a default. */
const unread: Settings = {
  theme: 'system',
  defaultModel: '',
  systemPrompt: '',
  temperature: -1,
  contextLength: 0,
  keepAliveMinutes: 0,
  sendWith: 'enter',
  threads: 0,
  showFigures: true,
  welcomed: true,
  speedLimit: 0,
  downloadsAtOnce: 0,
  neverOnline: false,
}

const open = { least: -Infinity, most: Infinity }

/** The person's choices, and where the app keeps things. */
export class SettingsState {
  #value = $state.raw<Settings>(unread)
  #limits = $state.raw<Limits>({
    ...{ defaults: unread, keepAliveMinutes: open, downloadsAtOnce: { least: 1, most: 1 }, threads: open },
    ...{ contextLength: open, answerLength: open, seed: open, maxTemperature: Infinity, maxTopP: Infinity },
  })
  #about = $state.raw<About>({ version: '', dataFolder: '', logFile: '', bytesOut: 0 })
  #bridge: Bridge['settings']
  #saving: Promise<unknown> = Promise.resolve()

  constructor(bridge: Bridge['settings']) {
    this.#bridge = bridge
  }

  get value(): Settings {
    return this.#value
  }

  /** What the settings may be, and what they are at a fresh start. */
  get limits(): Limits {
    return this.#limits
  }

  get about(): About {
    return this.#about
  }

  async load(): Promise<void> {
    ;[this.#limits, this.#value] = await Promise.all([this.#bridge.limits(), this.#bridge.get()])
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
