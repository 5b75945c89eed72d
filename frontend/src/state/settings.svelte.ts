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
  textSize: 100,
  startPage: 'last',
}

/** The sizes that the whole page can be shown at, in percent, for keys and for the list in Settings. */
export const textSizes: readonly number[] = [80, 90, 100, 110, 125, 150, 175, 200]

const open = { least: -Infinity, most: Infinity }

/** The person's choices, and where the app keeps things. */
export class SettingsState {
  #value = $state.raw<Settings>(unread)
  #limits = $state.raw<Limits>({
    ...{ defaults: unread, keepAliveMinutes: open, downloadsAtOnce: { least: 1, most: 1 }, threads: open },
    ...{ contextLength: open, answerLength: open, seed: open, maxTemperature: Infinity, maxTopP: Infinity },
    ...{ textSize: open, windowZooms: true },
    ...{ maxMinP: Infinity, topK: open, leastRepeatPenalty: -Infinity, maxRepeatPenalty: Infinity },
  })
  #about = $state.raw<About>({
    ...{ version: '', dataFolder: '', logFile: '', bytesOut: 0, engine: '', llamaCpp: '' },
  })
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

  /** Shows the page in the next size up or down; 0: in its own. */
  zoom(step: 1 | -1 | 0): Promise<void> {
    const now = this.#value.textSize
    const next = step > 0 ? textSizes.find((n) => n > now) : textSizes.findLast((n) => n < now)
    const textSize = step === 0 ? 100 : (next ?? now)
    return textSize === now ? Promise.resolve() : this.set({ textSize })
  }

  startup(): Promise<StartReport> {
    return this.#bridge.startup()
  }

  openLink(url: string): Promise<void> {
    return this.#bridge.openLink(url)
  }

  openData(): Promise<void> {
    return this.#bridge.openData()
  }

  openAppLog(): Promise<void> {
    return this.#bridge.openAppLog()
  }

  copy(text: string): Promise<void> {
    return this.#bridge.copy(text)
  }
}
