import type { Bridge } from '../bridge/bridge'
import type { AppEvent, Adapter, AdapterUse, SideAsk, SideRun } from '../bridge/types'

/** One prompt to several models, and the adapters that a model can be tried with. */
export class SideState {
  #run = $state.raw<SideRun | null>(null)
  #adapters = $state.raw<readonly Adapter[]>([])
  #bridge: Bridge['lab']
  /** Deltas of a run whose call has not returned yet. */
  #early: AppEvent[] = []
  #begins = false

  refs = $state<string[]>([])
  prompt = $state('')
  seed = $state(-1)
  tokens = $state(400)

  constructor(bridge: Bridge['lab']) {
    this.#bridge = bridge
  }

  get run(): SideRun | null {
    return this.#run
  }

  get adapters(): readonly Adapter[] {
    return this.#adapters
  }

  async loadAdapters(): Promise<void> {
    this.#adapters = await this.#bridge.adapters()
  }

  async addAdapter(): Promise<Adapter> {
    const added = await this.#bridge.addAdapter()
    await this.loadAdapters()
    return added
  }

  async removeAdapter(id: string): Promise<void> {
    await this.#bridge.removeAdapter(id)
    await this.loadAdapters()
  }

  attach(base: string, uses: AdapterUse[]): Promise<string> {
    return this.#bridge.attach(base, uses)
  }

  async send(): Promise<void> {
    await this.#ask({ refs: [...this.refs], prompt: this.prompt, system: '', seed: this.seed, tokens: this.tokens })
  }

  /** Sends the prompt on screen to the same models once more, with the same seed. */
  async sendAgain(): Promise<void> {
    const run = this.#run
    if (!run) return
    const { prompt, seed } = run
    await this.#ask({ refs: run.columns.map((c) => c.ref), prompt, system: '', seed, tokens: this.tokens })
  }

  async #ask(ask: SideAsk): Promise<void> {
    this.#begins = true
    this.#early = []
    try {
      this.#run = await this.#bridge.sideBySide(ask)
    } finally {
      this.#begins = false
    }
    for (const event of this.#early.splice(0)) {
      if (this.apply(event)) await this.refresh()
    }
  }

  async stop(): Promise<void> {
    if (this.#run) await this.#bridge.stopSide(this.#run.id)
  }

  /** Fetches the run as it is stored. */
  async refresh(): Promise<void> {
    if (!this.#run) return
    const { id } = this.#run
    const run = await this.#bridge.side(id)
    if (this.#run.id === id) this.#run = run
  }

  /** Whether the run must be fetched again, because text is missing or an answer has its figures. */
  apply(event: AppEvent): boolean {
    if (event.name !== 'side:delta') return false
    const { id, column, state, offset, text } = event.data
    if (this.#begins) {
      this.#early.push(event)
      return false
    }
    const run = this.#run
    if (run?.id !== id) return false
    const known = run.columns[column]
    if (!known || state === 'done' || state === 'failed' || state === 'stopped') return true
    if (offset > known.text.length) return true
    const grown = text && offset === known.text.length ? known.text + text : known.text
    const columns = run.columns.map((c, i) => (i === column ? { ...c, state, text: grown } : c))
    this.#run = { ...run, columns }
    return false
  }
}
