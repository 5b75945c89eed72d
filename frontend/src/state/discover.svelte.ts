import type { Bridge } from '../bridge/bridge'
import { toBridgeError } from '../bridge/failure'
import type {
  Advice,
  Ask,
  CatalogModel,
  Choice,
  DriveResult,
  Failure,
  FitAnswer,
  FitAsk,
  Profile,
  QuantVerdict,
  Task,
} from '../bridge/types'
import { latest } from '../lib/timing'

/** What is asked when nothing else is said. */
export const firstAsk: Ask = {
  use: 'chat',
  context: 8192,
  kv: 'f16',
  minSpeed: 8,
  freeBytes: 0,
  licence: 'any',
  prefer: 'balance',
  machine: '',
}

/** A model at one quant, as tasks and results name it. */
export function refOf(id: string, quant: string): string {
  return `${id}:${quant}`
}

/** The engine's plan for one question: on its way, here, or failed with a sentence. */
export type Plan = { state: 'asking' } | { state: 'known'; answer: FitAnswer } | { state: 'failed'; failure: Failure }

/** The verdicts on a model’s quants; the last ones stay while they are asked for again. */
interface Judged {
  id: string
  quants: readonly QuantVerdict[]
  failure: Failure | null
}

/** What a machine is advised. */
export interface MachineAdvice {
  profile: Profile
  advice: Advice
}

/** What runs on this machine or another one: the question, its answer, the catalog and the kept runs. */
export class DiscoverState {
  #ask = $state.raw<Ask>(firstAsk)
  #advice = $state.raw<Advice | null>(null)
  #failure = $state.raw<Failure | null>(null)
  #asking = $state(false)
  #models = $state.raw<ReadonlyMap<string, CatalogModel>>(new Map())
  #drives = $state.raw<readonly DriveResult[]>([])
  #profiles = $state.raw<readonly Profile[]>([])
  /** Tasks of test drives by `id:quant`; an empty one has not begun yet. */
  #driving = $state.raw<Readonly<Record<string, string>>>({})
  #plans = $state.raw<Readonly<Record<string, Plan>>>({})
  #judged = $state.raw<Judged | null>(null)
  #bridge: Bridge['discover']
  #asked = 0
  #judging = 0
  #catalog: Promise<void> | null = null
  #later = latest(() => this.advise())

  /** What the search field holds. */
  query = $state('')
  /** The search field should take the focus. */
  wantsSearch = $state(false)
  /** The model whose drawer is open. */
  shown = $state.raw<{ id: string; quant: string } | null>(null)

  constructor(bridge: Bridge['discover']) {
    this.#bridge = bridge
  }

  get ask(): Ask {
    return this.#ask
  }

  get advice(): Advice | null {
    return this.#advice
  }

  /** Why the last question has no answer; null when it has. */
  get failure(): Failure | null {
    return this.#failure
  }

  get asking(): boolean {
    return this.#asking
  }

  get models(): ReadonlyMap<string, CatalogModel> {
    return this.#models
  }

  /** What the catalog calls the model of a reference; one that it does not know is the reference itself. */
  nameOf(ref: string): string {
    return this.#models.get(ref.split(':')[0] ?? '')?.name ?? ref
  }

  get profiles(): readonly Profile[] {
    return this.#profiles
  }

  get onThisMachine(): boolean {
    return this.#ask.machine === ''
  }

  get pick(): Choice | undefined {
    const choices = this.#advice?.choices ?? []
    return choices.find((c) => c.best) ?? choices[0]
  }

  get changed(): boolean {
    return JSON.stringify(this.#ask) !== JSON.stringify(firstAsk)
  }

  /** What the page needs, fetched when it is opened. What is known already stays on show meanwhile. */
  async load(): Promise<void> {
    await Promise.all([this.#needCatalog(), this.loadDrives(), this.advise()])
  }

  /** The catalog does not change while the app runs, so it is fetched once. */
  #needCatalog(): Promise<void> {
    this.#catalog ??= this.#loadCatalog().catch((reason: unknown) => {
      this.#catalog = null
      throw reason
    })
    return this.#catalog
  }

  async #loadCatalog(): Promise<void> {
    const [models, profiles] = await Promise.all([this.#bridge.models(), this.#bridge.profiles()])
    this.#models = new Map(models.map((m) => [m.id, m]))
    this.#profiles = profiles
  }

  async loadDrives(): Promise<void> {
    this.#drives = await this.#bridge.drives()
  }

  /** Shows the change at once and asks again a moment later. */
  set(change: Partial<Ask>): void {
    this.#ask = { ...this.#ask, ...change }
    this.#later()
  }

  reset(): void {
    this.set(firstAsk)
  }

  /** Asks now. A failure stays with the state, because the page shows it in place of the answer. */
  async advise(): Promise<void> {
    const serial = ++this.#asked
    this.#asking = true
    try {
      const advice = await this.#bridge.advise(this.#ask)
      if (serial !== this.#asked) return
      this.#advice = advice
      this.#failure = null
    } catch (reason) {
      if (serial === this.#asked) this.#failure = toBridgeError(reason)
    } finally {
      if (serial === this.#asked) this.#asking = false
    }
  }

  /** Something that the answer rests on has changed. Nothing happens before the page was opened once. */
  refresh(): void {
    this.#plans = {}
    this.refreshRows()
  }

  /** Advises again where it has: what the engine planned meanwhile is in it. */
  refreshRows(): void {
    if (this.#advice) this.#later()
  }

  /** The present question with a change, asked of each known machine. */
  async compare(change: Partial<Ask> = {}): Promise<MachineAdvice[]> {
    await this.#needCatalog()
    const ask = { ...this.#ask, freeBytes: 0, ...change }
    return Promise.all(
      this.#profiles.map(async (profile) => ({
        profile,
        advice: await this.#bridge.advise({ ...ask, machine: profile.id }),
      })),
    )
  }

  /** One question asked of this machine, apart from the page's own. */
  adviseOnce(ask: Partial<Ask>): Promise<Advice> {
    return this.#bridge.advise({ ...firstAsk, ...ask, machine: '' })
  }

  /** The run to show of a model: one with the KV cache that is asked about comes first. */
  driveOf(id: string, quant: string): DriveResult | undefined {
    const all = this.#drives.filter((d) => d.id === id && d.quant === quant)
    return all.find((d) => !this.otherKV(d)) ?? all[0]
  }

  /** Whether a run says nothing of the KV cache that is asked about. Before it was noted, there was no other than f16. */
  otherKV(drive: DriveResult): boolean {
    return (drive.kv || 'f16') !== this.#ask.kv
  }

  /** The task of a test drive in progress; empty when it has not begun yet, undefined when there is none. */
  taskOf(id: string, quant: string): string | undefined {
    return this.#driving[refOf(id, quant)]
  }

  /** Begins a test drive. `ended` must follow. */
  async testDrive(id: string, quant: string): Promise<Task> {
    const ref = refOf(id, quant)
    this.#driving = { ...this.#driving, [ref]: '' }
    const { context, kv } = this.#ask
    const task = await this.#bridge.testDrive({ id, quant, context, kv })
    this.#driving = { ...this.#driving, [ref]: task.id }
    return task
  }

  ended(id: string, quant: string): void {
    const ref = refOf(id, quant)
    this.#driving = Object.fromEntries(Object.entries(this.#driving).filter(([key]) => key !== ref))
  }

  /** Whether a model fits at a quant, as it was asked last; undefined: not known. */
  verdictOf(id: string, quant: string): QuantVerdict | undefined {
    return this.#judged?.id === id ? this.#judged.quants.find((q) => q.quant === quant) : undefined
  }

  /** Why the quants of a model could not be judged. */
  judgingFailure(id: string): Failure | null {
    return this.#judged?.id === id ? this.#judged.failure : null
  }

  /** Asks for the verdicts on a model’s quants, for the present question. */
  async judge(id: string): Promise<void> {
    const serial = ++this.#judging
    const last = this.#judged?.id === id ? this.#judged.quants : []
    try {
      const quants = await this.#bridge.quants(id, this.#ask)
      if (serial === this.#judging) this.#judged = { id, quants, failure: null }
    } catch (reason) {
      if (serial === this.#judging) this.#judged = { id, quants: last, failure: toBridgeError(reason) }
    }
  }

  planOf(ask: FitAsk): Plan | undefined {
    return this.#plans[JSON.stringify(ask)]
  }

  /** Asks the engine for its plan, once for each question until something changes. */
  async plan(ask: FitAsk): Promise<void> {
    const key = JSON.stringify(ask)
    const known = this.#plans[key]
    if (known && known.state !== 'failed') return
    const keep = (plan: Plan) => (this.#plans = { ...this.#plans, [key]: plan })
    keep({ state: 'asking' })
    try {
      keep({ state: 'known', answer: await this.#bridge.fit(ask) })
      // From now on every figure of this model rests on the plan, wherever it stands.
      if (ask.context === this.#ask.context && ask.kv === this.#ask.kv) this.#later()
    } catch (reason) {
      keep({ state: 'failed', failure: toBridgeError(reason) })
    }
  }
}
