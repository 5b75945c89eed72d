import { contextUse, draftTokens, lengthFor, tokensPerByte, type Use } from '../lib/tokens'
import type { Conversation } from './conversation.svelte'
import type { LibraryState } from './library.svelte'
import type { SettingsState } from './settings.svelte'

interface Parts {
  readonly chat: Conversation
  readonly library: LibraryState
  readonly settings: SettingsState
}

/** How much of the context the chat on screen takes, with what is being typed. */
export class ContextState {
  #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  #most = $derived.by(() => {
    const { chat, library, settings } = this.#parts
    return library.find(chat.model)?.contextLength || settings.limits.contextLength.most
  })
  #room = $derived.by(() => {
    const { chat, settings } = this.#parts
    return Math.min(chat.options.contextLength || settings.value.contextLength, this.#most)
  })
  #chat = $derived.by(() => contextUse(this.#parts.chat.shown, this.#parts.chat.options.system))
  #rate = $derived.by(() => tokensPerByte(this.#parts.chat.shown, this.#parts.chat.options.system))
  #draft = $derived.by(() => draftTokens(this.#parts.chat.draft, this.#rate))

  /** Tokens that the model can hold. */
  get room(): number {
    return this.#room
  }

  /** Tokens that it holds where the chat says nothing. */
  get standardRoom(): number {
    return Math.min(this.#parts.settings.value.contextLength, this.#most)
  }

  get used(): Use {
    return { tokens: this.#chat.tokens + this.#draft, about: this.#chat.about || this.#draft > 0 }
  }

  /** Tokens of the draft alone. */
  get draft(): number {
    return this.#draft
  }

  /** What sending the draft would run into: it is too long by itself, or the chat is with it. */
  get excess(): '' | 'draft' | 'chat' {
    if (!this.#draft || this.used.tokens <= this.#room) return ''
    return this.#draft > this.#room * 0.95 ? 'draft' : 'chat'
  }

  /** A context length that would do; 0: this model has none. */
  get longer(): number {
    return lengthFor(this.used.tokens, this.#most)
  }
}
