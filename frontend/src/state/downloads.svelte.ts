import type { Bridge } from '../bridge/bridge'
import { toBridgeError } from '../bridge/failure'
import { Soon } from '../lib/timing'
import type { AppEvent, Download, Failure, Ledger, Offer, Online, Token } from '../bridge/types'

/** What a download dialog shows: the question to the source is on its way, answered, or failed with a sentence. */
export type Asked =
  | { state: 'asking'; ref: string }
  | { state: 'known'; ref: string; offer: Offer }
  | { state: 'failed'; ref: string; failure: Failure }

/** How long a cancelled download can be brought back, in milliseconds. */
export const undoFor = 12_000

/** Models on their way into the library, and the dialog that asks before one begins. */
export class DownloadsState {
  #list = $state.raw<readonly Download[]>([])
  #asked = $state.raw<Asked | null>(null)
  #asking = $state.raw<ReadonlySet<string>>(new Set())
  #ledger = $state.raw<Ledger | null>(null)
  #online = $state.raw<Online>({ seq: 0, open: [], bytesOut: 0 })
  #token = $state.raw<Token>({ set: false, place: '', note: '' })
  /** Cancelled ones that still can be brought back. */
  #leaving = $state.raw<ReadonlySet<string>>(new Set())
  #timers = new Map<string, Soon>()
  #bridge: Bridge['downloads']

  constructor(bridge: Bridge['downloads']) {
    this.#bridge = bridge
  }

  /** In the order of the queue, without those that have just been cancelled. */
  get list(): readonly Download[] {
    return this.#list.filter((d) => !this.#leaving.has(d.id))
  }

  /** Those that are not done. */
  get open(): readonly Download[] {
    return this.list.filter((d) => d.state !== 'done')
  }

  get done(): readonly Download[] {
    return this.list.filter((d) => d.state === 'done')
  }

  /** Those that move or will move by themselves. */
  get active(): readonly Download[] {
    return this.open.filter((d) => d.state !== 'paused' && d.state !== 'failed')
  }

  get failed(): readonly Download[] {
    return this.open.filter((d) => d.state === 'failed')
  }

  /** How much of what is active is here, from 0 to 1. */
  get share(): number {
    const total = this.active.reduce((sum, d) => sum + d.total, 0)
    return total > 0 ? this.active.reduce((sum, d) => sum + d.done, 0) / total : 0
  }

  /** Every connection made; null until it is read. */
  get ledger(): Ledger | null {
    return this.#ledger
  }

  /** What is connected now, and what was ever sent. */
  get online(): Online {
    return this.#online
  }

  async loadOnline(): Promise<void> {
    this.#isOnline(await this.#bridge.online())
  }

  /** A report that was overtaken says nothing new. */
  #isOnline(now: Online): void {
    if (now.seq >= this.#online.seq) this.#online = now
  }

  async loadLedger(): Promise<void> {
    this.#ledger = await this.#bridge.ledger()
  }

  get asked(): Asked | null {
    return this.#asked
  }

  get token(): Token {
    return this.#token
  }

  /** Whether the source is being asked about a reference. */
  asking(ref: string): boolean {
    return this.#asking.has(ref)
  }

  find(id: string): Download | undefined {
    return this.#list.find((d) => d.id === id)
  }

  /** The unfinished download of a reference. */
  of(ref: string): Download | undefined {
    return this.open.find((d) => d.ref === ref)
  }

  async refresh(): Promise<void> {
    this.#list = await this.#bridge.list()
  }

  apply(event: AppEvent): void {
    if (event.name === 'network:changed') this.#isOnline(event.data)
    if (event.name !== 'download:progress' && event.name !== 'download:finished') return
    const { data } = event
    const known = this.#list.find((d) => d.id === data.id)
    // A report that was overtaken says nothing new.
    if (known && known.seq > data.seq) return
    this.#list = known ? this.#list.map((d) => (d.id === data.id ? data : d)) : [...this.#list, data]
  }

  /** Asks the source what it has. Resolves to null when that failed; the dialog then says why. */
  async ask(ref: string, quietly: boolean): Promise<Offer | null> {
    this.#asking = new Set([...this.#asking, ref])
    if (!quietly) this.#asked = { state: 'asking', ref }
    const wanted = () => quietly || this.#asked?.ref === ref
    try {
      const offer = await this.#bridge.offer(ref)
      if (!quietly && wanted()) this.#asked = { state: 'known', ref, offer }
      return offer
    } catch (reason) {
      if (wanted()) this.#asked = { state: 'failed', ref, failure: toBridgeError(reason) }
      return null
    } finally {
      this.#asking = new Set([...this.#asking].filter((r) => r !== ref))
    }
  }

  /** Opens the dialog with an answer, or with nothing yet for a reference that the person types there. */
  show(ref: string, offer: Offer): void {
    this.#asked = { state: 'known', ref, offer }
  }

  close(): void {
    this.#asked = null
  }

  async start(ref: string, accepted: boolean): Promise<Download> {
    const begun = await this.#bridge.start(ref, accepted)
    await this.refresh()
    return begun
  }

  async pause(id: string): Promise<void> {
    await this.#bridge.pause(id)
    await this.refresh()
  }

  async resume(id: string): Promise<void> {
    await this.#bridge.resume(id)
    await this.refresh()
  }

  /** Moves a download one place up (-1) or down (1) in the queue. */
  async move(id: string, by: -1 | 1): Promise<void> {
    const at = this.#list.findIndex((d) => d.id === id)
    const place = at + by
    if (at < 0 || place < 0 || place >= this.#list.length) return
    await this.#bridge.move(id, place)
    await this.refresh()
  }

  /** Takes a download off the list. What is there of it is deleted only when nobody has called `keep` for a while. */
  async cancel(id: string, ms = undoFor): Promise<void> {
    const state = this.find(id)?.state
    if (state === 'done' || state === undefined) return this.#bridge.cancel(id)
    if (state !== 'failed' && state !== 'paused') await this.#bridge.pause(id)
    this.#leaving = new Set([...this.#leaving, id])
    this.#timers.set(id, new Soon(() => void this.#drop(id), ms))
    return undefined
  }

  /** Deletes now what was to be deleted after a while. */
  settle(id: string): void {
    this.#timers.get(id)?.now()
  }

  /** Brings a cancelled download back, and lets it go on when it was not paused before. */
  async keep(id: string, resume: boolean): Promise<void> {
    this.#stay(id)
    if (resume) await this.resume(id)
  }

  async #drop(id: string): Promise<void> {
    try {
      await this.#bridge.cancel(id)
      await this.refresh()
    } catch {
      // It is gone already, or stays in the list, where it can be cancelled again.
    }
    this.#stay(id)
  }

  #stay(id: string): void {
    this.#timers.get(id)?.stop()
    this.#timers.delete(id)
    this.#leaving = new Set([...this.#leaving].filter((other) => other !== id))
  }

  /** Takes all that is done off the list. */
  async clearDone(): Promise<void> {
    for (const { id } of this.done) await this.#bridge.cancel(id)
    await this.refresh()
  }

  async loadToken(): Promise<void> {
    this.#token = await this.#bridge.token()
  }

  async setToken(value: string): Promise<void> {
    this.#token = await this.#bridge.setToken(value)
  }
}
