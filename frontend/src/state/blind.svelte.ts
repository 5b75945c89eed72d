import type { Bridge } from '../bridge/bridge'
import { toBridgeError } from '../bridge/failure'
import type { BlindAsk, BlindTest, Failure, Task } from '../bridge/types'

/** Letters a second where the test names no pace. */
const usualPace = 60

/** A blind test: answers without names, a vote, and what the votes say so far. The order is not known here. */
export class BlindState {
  #tests = $state.raw<readonly BlindTest[]>([])
  #test = $state.raw<BlindTest | null>(null)
  #failure = $state.raw<Failure | null>(null)
  #writing = $state('')
  /** How many letters of each answer are shown. */
  #revealed = $state(0)
  #bridge: Bridge['lab']
  #timer: ReturnType<typeof setInterval> | undefined
  #asked = 0
  #expected = 0
  /** How long answers took that began in this window, in milliseconds, by test. */
  #took = new Map<string, number>()

  /** The form of a new test is open. */
  fresh = $state(false)
  /** What the person types for the next round. */
  own = $state('')

  constructor(bridge: Bridge['lab']) {
    this.#bridge = bridge
  }

  get tests(): readonly BlindTest[] {
    return this.#tests
  }

  get test(): BlindTest | null {
    return this.#test
  }

  get failure(): Failure | null {
    return this.#failure
  }

  /** The task that has the answers written; empty: none. */
  get writing(): string {
    return this.#writing
  }

  get answers(): readonly string[] {
    return (this.#test?.answers ?? []).map((a) => a.slice(0, this.#revealed))
  }

  /** Every answer is there to its end, so that a vote can be cast. */
  get complete(): boolean {
    const answers = this.#test?.answers ?? []
    return answers.length > 0 && answers.every((a) => a.length <= this.#revealed)
  }

  async load(): Promise<void> {
    try {
      this.#tests = await this.#bridge.blinds()
      this.#failure = null
      const known = this.#test
      if (known && !this.#tests.some((t) => t.id === known.id)) this.#test = null
    } catch (reason) {
      this.#failure = toBridgeError(reason)
    }
  }

  async open(id: string): Promise<void> {
    this.#show(await this.#bridge.blind(id))
    // An answer that was shown before the app was closed need not be told word by word again.
    this.revealAll()
  }

  close(): void {
    this.#stopTimer()
    this.#test = null
  }

  async start(ask: BlindAsk): Promise<void> {
    this.#show(await this.#bridge.startBlind(ask))
    this.fresh = false
    await this.load()
  }

  /** Begins a round. `answered` must follow when its task has ended. */
  async ask(prompt: string): Promise<Task> {
    const test = this.#test
    if (!test) throw new Error('no test')
    const task = await this.#bridge.askBlind(test.id, prompt)
    this.#writing = task.id
    this.#asked = Date.now()
    this.#expected = this.takes(prompt)
    return task
  }

  /** How many prompts are answered together. */
  prompts(own: string): number {
    return own ? 1 : (this.#test?.ahead ?? 1)
  }

  /** About how long it takes to have the answers written, in seconds; 0: nothing tells. */
  takes(own: string): number {
    const test = this.#test
    return test && test.roundSeconds > 0 ? test.loadSeconds + test.roundSeconds * this.prompts(own) : 0
  }

  /** About how long the answers that are being written take, in seconds; 0: nothing tells. */
  get expected(): number {
    return this.#expected
  }

  /** When the answers that are being written were asked for, in milliseconds. */
  get asked(): number {
    return this.#asked
  }

  /** How long the answers before took, in milliseconds; 0: none were written in this window. */
  get before(): number {
    return this.#took.get(this.#test?.id ?? '') ?? 0
  }

  async answered(id: string): Promise<void> {
    this.#writing = ''
    this.#took.set(id, Date.now() - this.#asked)
    if (this.#test?.id !== id) return
    this.#show(await this.#bridge.blind(id))
    this.#reveal()
  }

  /** `choice` is the place of the better answer; -1 is a tie. */
  async vote(choice: number): Promise<void> {
    const test = this.#test
    if (!test || !this.complete) return
    this.#show(await this.#bridge.voteBlind(test.id, choice))
  }

  async end(): Promise<void> {
    if (!this.#test) return
    this.#show(await this.#bridge.endBlind(this.#test.id))
    await this.load()
  }

  async forget(id: string): Promise<void> {
    await this.#bridge.forgetBlind(id)
    if (this.#test?.id === id) this.close()
    await this.load()
  }

  revealAll(): void {
    this.#stopTimer()
    this.#revealed = Math.max(0, ...(this.#test?.answers ?? []).map((a) => a.length))
  }

  #show(test: BlindTest): void {
    this.#stopTimer()
    this.#revealed = 0
    this.#test = test
  }

  #reveal(): void {
    if (globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches) return this.revealAll()
    const began = Date.now()
    const pace = this.#test?.pace || usualPace
    this.#timer = setInterval(() => {
      this.#revealed = Math.floor(((Date.now() - began) / 1000) * pace)
      if (this.complete) this.#stopTimer()
    }, 50)
  }

  #stopTimer(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
