import { untrack } from 'svelte'
import { places, readable, searchWords } from '../lib/find'
import type { Conversation } from './conversation.svelte'

/** One place in the chat where what is looked for stands. */
export interface Match {
  messageId: string
  /** among the matches of the message, from 0 */
  nth: number
  /** how far down the message's text, 0..1 */
  share: number
}

/** A message to bring into view, with the words in it that led there. */
export interface Target extends Match {
  words: readonly string[]
}

/** Finding words in the chat on screen, also where they are not drawn. */
export class Finding {
  #chat: Conversation
  #open = $state(false)
  #query = $state('')
  #at = $state(0)
  /** Words of a search over all chats that led to this one. */
  #led = $state.raw<{ chatId: string; words: readonly string[] }>({ chatId: '', words: [] })
  #target = $state.raw<Target | undefined>(undefined)
  /** Grows when the field should take the focus. */
  wanted = $state(0)
  /** The message that is read now; the chat's view says it. */
  reading: () => string = () => ''

  #words = $derived.by((): readonly string[] => {
    if (this.#open) return this.#query.trim() ? [this.#query.trim()] : []
    return this.#led.chatId === this.#chat.id ? this.#led.words : []
  })
  #matches = $derived.by((): readonly Match[] => {
    if (!this.#open || !this.#words.length) return []
    const words = this.#words
    // An answer that still grows is looked through when it has ended.
    const ids = this.#chat.busy ? this.#chat.ids.slice(0, -1) : this.#chat.ids
    return untrack(() => matchesOf(this.#chat, ids, words))
  })

  constructor(chat: Conversation) {
    this.#chat = chat
  }

  get open(): boolean {
    return this.#open
  }

  get query(): string {
    return this.#query
  }

  /** What is marked in the messages. */
  get words(): readonly string[] {
    return this.#words
  }

  get matches(): readonly Match[] {
    return this.#matches
  }

  /** Place of the current match among all, from 0. */
  get at(): number {
    return Math.min(this.#at, Math.max(0, this.#matches.length - 1))
  }

  get current(): Match | undefined {
    return this.#matches[this.at]
  }

  /** What to bring into view; a new object each time. */
  get target(): Target | undefined {
    return this.#target
  }

  /** Opens the field, or goes back to it. */
  begin(): void {
    this.#open = true
    this.wanted++
  }

  close(): void {
    this.#open = false
    this.#led = { chatId: '', words: [] }
    this.#target = undefined
  }

  /** Looks for something else, from what is read now on. */
  look(query: string): void {
    this.#query = query
    const order = this.#chat.ids
    const from = order.indexOf(this.reading())
    const next = this.#matches.findIndex((m) => order.indexOf(m.messageId) >= from)
    this.#at = next < 0 ? 0 : next
    this.#aim()
  }

  /** Goes to the next match, or with -1 to the one before, and round at the ends. */
  step(by: 1 | -1): void {
    const count = this.#matches.length
    if (!count) return
    this.#at = (this.at + by + count) % count
    this.#aim()
  }

  /** Goes to a message of the chat on screen that a search has found, and marks its words. */
  lead(messageId: string, query: string): void {
    const words = searchWords(query)
    this.#open = false
    this.#led = { chatId: this.#chat.id, words }
    const [first] = matchesIn(messageId, this.#chat.message(messageId)?.text ?? '', words)
    this.#target = { messageId, nth: 0, share: first?.share ?? 0, words }
  }

  #aim(): void {
    const match = this.current
    this.#target = match && { ...match, words: this.#words }
  }
}

function matchesOf(chat: Conversation, ids: readonly string[], words: readonly string[]): Match[] {
  return ids.flatMap((id) => matchesIn(id, chat.message(id)?.text ?? '', words))
}

function matchesIn(messageId: string, source: string, words: readonly string[]): Match[] {
  const text = readable(source)
  return places(text, words).map(([from], nth) => ({ messageId, nth, share: from / text.length }))
}
