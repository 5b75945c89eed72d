import type { Bridge } from '../bridge/bridge'
import { toBridgeError } from '../bridge/failure'
import type { Failure, Found, Hit } from '../bridge/types'

/** What a search has come to. */
export type Search =
  | { state: 'none' }
  | { state: 'asking'; query: string }
  | { state: 'known'; query: string; hits: readonly Hit[] }
  | { state: 'failed'; query: string; failure: Failure }

/** Whether words are an address or a name to look at, rather than words to search for. */
export function isAddress(words: string): boolean {
  const typed = words.trim()
  if (!typed || /\s/.test(typed)) return false
  // An address, a name with its host or its quant, or OWNER/REPO.
  return [/^https?:\/\//i, /^[\w.-]+(:\d+)?(\/[\w.@-]+)*:[\w.-]+$/, /^[\w.-]+(:\d+)?(\/[\w.@-]+){1,3}$/].some((p) =>
    p.test(typed),
  )
}

const keyOf = (id: string, quant: string) => `${id}\n${quant}`

/** Models that are not in the catalog: searched for and looked at only when the person asks. */
export class AnyModelState {
  #search = $state.raw<Search>({ state: 'none' })
  #found = $state.raw<ReadonlyMap<string, Found>>(new Map())
  #looking = $state.raw<ReadonlySet<string>>(new Set())
  #failures = $state.raw<ReadonlyMap<string, Failure>>(new Map())
  #bridge: Bridge['downloads']

  /** The search field looks at Hugging Face instead of the catalog. */
  online = $state(false)
  /** What its field holds. */
  words = $state('')

  constructor(bridge: Bridge['downloads']) {
    this.#bridge = bridge
  }

  get search(): Search {
    return this.#search
  }

  /** A model that was looked at last, by its id; with a quant, only if that one's header was read. */
  find(id: string, quant = ''): Found | undefined {
    return this.#found.get(quant ? keyOf(id, quant) : id)
  }

  looking(ref: string): boolean {
    return this.#looking.has(ref)
  }

  /** Why the last look at a reference failed. */
  failureOf(ref: string): Failure | undefined {
    return this.#failures.get(ref)
  }

  /** Sends the words to Hugging Face. */
  async ask(words: string): Promise<void> {
    const query = words.trim()
    if (!query) return
    this.#search = { state: 'asking', query }
    const mine = () => 'query' in this.#search && this.#search.query === query
    try {
      const hits = await this.#bridge.search(query)
      if (mine()) this.#search = { state: 'known', query, hits }
    } catch (reason) {
      if (mine()) this.#search = { state: 'failed', query, failure: toBridgeError(reason) }
    }
  }

  /** Reads the header of what a reference names. Resolves to null when that failed. */
  async look(ref: string): Promise<Found | null> {
    if (this.#looking.has(ref)) return null
    this.#looking = new Set([...this.#looking, ref])
    this.#failures = new Map([...this.#failures].filter(([key]) => key !== ref))
    try {
      const found = await this.#bridge.look(ref)
      this.#found = new Map([...this.#found, [keyOf(found.model.id, found.quant), found], [found.model.id, found]])
      return found
    } catch (reason) {
      this.#failures = new Map([...this.#failures, [ref, toBridgeError(reason)]])
      return null
    } finally {
      this.#looking = new Set([...this.#looking].filter((r) => r !== ref))
    }
  }

  clear(): void {
    this.#search = { state: 'none' }
  }
}
