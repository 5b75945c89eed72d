import type { Bridge } from '../bridge/bridge'
import { toBridgeError } from '../bridge/failure'
import type { BitsRow, Failure, Price, RentedCard, SumsAnswer, SumsAsk, SumsStart, Usage } from '../bridge/types'
import { latest } from '../lib/timing'

/** The cost calculator: what one's own use costs on an API and on one's own machine. */
export class SumsState {
  #params = $state(70e9)
  #bits = $state.raw<readonly BitsRow[]>([])
  #start = $state.raw<SumsStart | null>(null)
  #ask = $state.raw<SumsAsk | null>(null)
  #answer = $state.raw<SumsAnswer | null>(null)
  #prices = $state.raw<readonly Price[]>([])
  #failure = $state.raw<Failure | null>(null)
  #bridge: Bridge['discover']
  #laterBits = latest(() => this.#loadBits())
  #laterSums = latest(() => this.#loadSums())

  constructor(bridge: Bridge['discover']) {
    this.#bridge = bridge
  }

  get params(): number {
    return this.#params
  }

  get bits(): readonly BitsRow[] {
    return this.#bits
  }

  get defaults(): SumsAsk | null {
    return this.#start?.ask ?? null
  }

  /** Whose speeds the defaults are; empty: assumed. */
  get model(): string {
    return this.#start?.model ?? ''
  }

  /** The default speeds were measured here. */
  get measured(): boolean {
    return this.#start?.measured ?? false
  }

  /** What measured the default power here; empty: assumed. */
  get power(): string {
    return this.#start?.power ?? ''
  }

  /** Ways to use a model, the person's own first. */
  get usages(): readonly Usage[] {
    return this.#start?.usages ?? []
  }

  /** Cards that can be rented. */
  get cards(): readonly RentedCard[] {
    return this.#start?.cards ?? []
  }

  /** From where on a model writes as fast as people read, in tokens per second. */
  get readingSpeed(): number {
    return this.#start?.readingSpeed ?? 0
  }

  get ask(): SumsAsk | null {
    return this.#ask
  }

  get answer(): SumsAnswer | null {
    return this.#answer
  }

  get prices(): readonly Price[] {
    return this.#prices
  }

  get failure(): Failure | null {
    return this.#failure
  }

  get changed(): boolean {
    return JSON.stringify(this.#ask) !== JSON.stringify(this.defaults)
  }

  async load(): Promise<void> {
    await this.#watched(async () => {
      if (!this.#ask) {
        const [start, prices] = await Promise.all([this.#bridge.sumsStart(), this.#bridge.prices()])
        this.#start = start
        this.#ask = start.ask
        this.#prices = prices
      }
      await Promise.all([this.#loadBits(), this.#loadSums()])
    })
  }

  setParams(params: number): void {
    this.#params = params
    this.#laterBits()
  }

  set(change: Partial<SumsAsk>): void {
    if (!this.#ask) return
    this.#ask = { ...this.#ask, ...change }
    this.#laterSums()
  }

  reset(): void {
    if (this.defaults) this.set(this.defaults)
  }

  /** Whether a row of the price table is the one that counts. */
  uses(price: Price): boolean {
    return this.#ask?.inputPrice === price.input && this.#ask.outputPrice === price.output
  }

  /** Whether a way to use a model is the one that counts. */
  isUsage(usage: Usage): boolean {
    return (
      this.#ask?.inputTokensPerDay === usage.inputTokensPerDay &&
      this.#ask.outputTokensPerDay === usage.outputTokensPerDay
    )
  }

  #loadBits(): Promise<void> {
    return this.#watched(async () => {
      const params = this.#params
      const bits = await this.#bridge.bits(params)
      if (params === this.#params) this.#bits = bits
    })
  }

  #loadSums(): Promise<void> {
    return this.#watched(async () => {
      const ask = this.#ask
      if (!ask) return
      const answer = await this.#bridge.sums(ask)
      if (ask === this.#ask) this.#answer = answer
    })
  }

  async #watched(call: () => Promise<void>): Promise<void> {
    try {
      await call()
      this.#failure = null
    } catch (reason) {
      this.#failure = toBridgeError(reason)
    }
  }
}
