import { SvelteSet } from 'svelte/reactivity'
import type { Bridge } from '../bridge/bridge'
import type { AppEvent, ChatSummary, FoundChat } from '../bridge/types'
import { fold, searchWords } from '../lib/find'

/** The list of chats, the trash, and the search over both titles and messages. */
export class ChatsState {
  #list = $state.raw<ChatSummary[]>([])
  #trash = $state.raw<ChatSummary[]>([])
  #found = $state.raw<FoundChat[]>([])
  #loaded = $state(false)
  #query = $state('')
  #writing = new SvelteSet<string>()
  /** Answers that ended: a delta that comes late must not mark its chat again. */
  #ended = new Set<string>()
  #bridge: Bridge['chats']
  #searches = 0

  constructor(bridge: Bridge['chats']) {
    this.#bridge = bridge
  }

  get list(): readonly ChatSummary[] {
    return this.#list
  }

  get trash(): readonly ChatSummary[] {
    return this.#trash
  }

  get loaded(): boolean {
    return this.#loaded
  }

  get query(): string {
    return this.#query
  }

  /** Chats whose title holds the query at once, then those whose messages do. */
  get results(): readonly FoundChat[] {
    return this.merged(this.#query, this.#found)
  }

  /** Chats whose title holds the query, with what the search in messages has found so far. */
  merged(query: string, found: readonly FoundChat[]): readonly FoundChat[] {
    const byId = new Map(found.map((f) => [f.chat.id, f]))
    const words = searchWords(query).map(fold)
    const titled = this.#list.filter((c) => words.every((w) => fold(c.title).includes(w)))
    const ids = new Set(titled.map((c) => c.id))
    return [
      ...titled.map((chat) => byId.get(chat.id) ?? { chat, messageId: '', before: '', match: '', after: '' }),
      ...found.filter((f) => !ids.has(f.chat.id)),
    ]
  }

  find(id: string): ChatSummary | undefined {
    return this.#list.find((c) => c.id === id)
  }

  isWriting(id: string): boolean {
    return this.#writing.has(id)
  }

  async refresh(): Promise<void> {
    this.#list = await this.#bridge.list()
    this.#loaded = true
    for (const chat of this.#list) if (chat.streaming) this.#writing.add(chat.id)
  }

  async refreshTrash(): Promise<void> {
    this.#trash = await this.#bridge.trash()
  }

  /** Sets the query; the titles answer at once and the messages when the window has looked. */
  async search(query: string): Promise<void> {
    this.#query = query
    const search = ++this.#searches
    if (!query.trim()) {
      this.#found = []
      return
    }
    const found = await this.#bridge.search(query)
    if (search === this.#searches) this.#found = found
  }

  async rename(id: string, title: string): Promise<void> {
    const wanted = title.trim()
    if (!wanted || wanted === this.find(id)?.title) return
    this.#patch(id, { title: wanted })
    await this.#bridge.rename(id, wanted)
  }

  async setPinned(id: string, pinned: boolean): Promise<void> {
    this.#patch(id, { pinned })
    await this.#bridge.setPinned(id, pinned)
  }

  async delete(id: string): Promise<void> {
    await this.#bridge.delete(id)
    this.#list = this.#list.filter((c) => c.id !== id)
    this.#found = this.#found.filter((f) => f.chat.id !== id)
    await this.refreshTrash()
  }

  async restore(id: string): Promise<void> {
    await this.#bridge.restore(id)
    this.#trash = this.#trash.filter((c) => c.id !== id)
    await this.refresh()
  }

  async purge(id: string): Promise<void> {
    await this.#bridge.purge(id)
    this.#trash = this.#trash.filter((c) => c.id !== id)
  }

  async emptyTrash(): Promise<void> {
    await this.#bridge.emptyTrash()
    this.#trash = []
  }

  /** Ends the answer that is written in a chat. */
  stop(id: string): Promise<void> {
    return this.#bridge.stop(id)
  }

  export(id: string, format: 'markdown' | 'json'): Promise<string> {
    return this.#bridge.export(id, format)
  }

  apply(event: AppEvent): void {
    if (event.name === 'chat:delta' || event.name === 'chat:phase') {
      // An answer that is gone on with begins with a phase.
      if (event.name === 'chat:phase') this.#ended.delete(event.data.id)
      if (!this.#ended.has(event.data.id)) this.#writing.add(event.data.chatId)
    } else if (event.name === 'chat:finished') {
      this.#ended.add(event.data.id)
      this.#writing.delete(event.data.chatId)
    }
  }

  #patch(id: string, change: Partial<ChatSummary>): void {
    this.#list = this.#list.map((c) => (c.id === id ? { ...c, ...change } : c))
  }
}
