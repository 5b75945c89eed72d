import type { Bridge } from '../bridge/bridge'
import { toBridgeError } from '../bridge/failure'
import type {
  AppEvent,
  Failure,
  CompareAsk,
  LabComparison,
  LabFormat,
  LabProgress,
  LabQuant,
  LabSetup,
  LabSummary,
  LabText,
} from '../bridge/types'

export type LabView = 'compare' | 'blind' | 'side'

const nothing: LabSetup = { models: [], uses: [], kv: [], contexts: [], rounds: 0 }

/** Comparisons of quants: what can be compared, what was, and the one on show. */
export class LabState {
  #setup = $state.raw<LabSetup>(nothing)
  #loaded = $state(false)
  #list = $state.raw<readonly LabSummary[]>([])
  #shown = $state.raw<LabComparison | null>(null)
  #progress = $state.raw<LabProgress | null>(null)
  #failure = $state.raw<Failure | null>(null)
  #bridge: Bridge['lab']
  #opened = 0

  view = $state<LabView>('compare')
  /** The form for a comparison is open: for a new one, or to add to the one on show. */
  asking = $state<'' | 'new' | 'add'>('')
  #heard = $state(0)
  #rough = $state('')

  constructor(bridge: Bridge['lab']) {
    this.#bridge = bridge
  }

  get setup(): LabSetup {
    return this.#setup
  }

  get loaded(): boolean {
    return this.#loaded
  }

  get list(): readonly LabSummary[] {
    return this.#list
  }

  get shown(): LabComparison | null {
    return this.#shown
  }

  /** Why the lab could not be read; null when it could. */
  get failure(): Failure | null {
    return this.#failure
  }

  /** Where the comparison on show is; null when it does not run. */
  get progress(): LabProgress | null {
    return this.#shown?.state === 'running' && this.#progress?.id === this.#shown.id ? this.#progress : null
  }

  /** The comparison that runs now, if one does. */
  get running(): LabSummary | undefined {
    return this.#list.find((c) => c.state === 'running')
  }

  async load(): Promise<void> {
    try {
      const [setup, list] = await Promise.all([this.#bridge.setup(), this.#bridge.comparisons()])
      this.#setup = setup
      this.#list = list
      this.#failure = null
      const wanted = this.#shown?.id ?? this.running?.id ?? list[0]?.id
      if (wanted && list.some((c) => c.id === wanted)) await this.open(wanted)
      else this.#shown = null
    } catch (reason) {
      this.#failure = toBridgeError(reason)
    }
    this.#loaded = true
  }

  /** Shows a comparison. The last one asked for wins. */
  async open(id: string): Promise<void> {
    const serial = ++this.#opened
    const comparison = await this.#bridge.comparison(id)
    if (serial === this.#opened) this.#shown = comparison
  }

  quants(ref: string): Promise<LabQuant[]> {
    return this.#bridge.quants(ref)
  }

  chooseText(): Promise<LabText> {
    return this.#bridge.chooseText()
  }

  async compare(ask: CompareAsk): Promise<void> {
    const id = await this.#bridge.compare(ask)
    this.asking = ''
    this.view = 'compare'
    this.#list = await this.#bridge.comparisons()
    await this.open(id)
  }

  async stop(): Promise<void> {
    if (this.running) await this.#bridge.stop(this.running.id)
  }

  /** Takes the figures of the comparison that runs as they are. */
  async rough(): Promise<void> {
    const id = this.running?.id
    if (!id) return
    await this.#bridge.rough(id)
    this.#rough = id
  }

  /** Figures of the comparison on show are taken as they are. */
  get takenRough(): boolean {
    return this.#shown !== null && this.#rough === this.#shown.id
  }

  /** When the last progress came, in milliseconds. */
  get heard(): number {
    return this.#heard
  }

  async forget(id: string): Promise<void> {
    await this.#bridge.forget(id)
    if (this.#shown?.id === id) this.#shown = null
    await this.load()
  }

  export(id: string, format: LabFormat): Promise<string> {
    return this.#bridge.export(id, format)
  }

  saveReport(id: string, html: string): Promise<string> {
    return this.#bridge.saveReport(id, html)
  }

  /** The id of a comparison to fetch again, where an event asks for it. */
  apply(event: AppEvent): string {
    if (event.name === 'lab:progress') {
      const known = this.#progress
      if (!known || known.id !== event.data.id || known.seq < event.data.seq) {
        this.#progress = event.data
        this.#heard = Date.now()
      }
    }
    return event.name === 'lab:changed' && this.#loaded ? event.data.id : ''
  }

  /** Something about a comparison has changed. */
  async refresh(id: string): Promise<void> {
    this.#list = await this.#bridge.comparisons()
    if (this.#shown?.id === id && this.#list.some((c) => c.id === id)) await this.open(id)
  }
}
