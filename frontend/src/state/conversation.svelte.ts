import { untrack } from 'svelte'
import { SvelteMap } from 'svelte/reactivity'
import type { Bridge } from '../bridge/bridge'
import type { AppEvent, Chat, ChatDelta, ChatOptions, ChatPhase, Message, Turn } from '../bridge/types'
import type { Draft } from '../lib/draft'
import { branch, newestLeaf, siblings } from '../lib/tree'
import { applyDelta, newer } from './delta'
import { DraftState } from './draft.svelte'

/** What applying an event leaves to be fetched. */
export interface Need {
  chatId: string
  messageId: string
  /** How the answer ended, in case fetching it fails. */
  ended?: Message['state']
}

export const defaultOptions: ChatOptions = {
  system: '',
  ...{ temperature: -1, topP: -1, topK: -1, minP: -1, repeatPenalty: -1 },
  stop: [],
  ...{ seed: -1, maxTokens: 0, contextLength: 0 },
}

/** The chat on screen: its tree of messages, the branch shown, and the answer that streams. Without id it is new. */
export class Conversation {
  #id = $state('')
  #model = $state('')
  #leaf = $state('')
  #options = $state.raw<ChatOptions>(defaultOptions)
  #messages = new SvelteMap<string, Message>()
  /** What answers wait for, of other chats too: one may come back to them. */
  #phases = new SvelteMap<string, ChatPhase>()
  #loading = $state(false)
  #failed = $state(false)
  #sending = $state(false)
  #draft: DraftState
  /** Grows when messages come or go, so that what depends on the tree alone is left alone while a text grows. */
  #shape = $state(0)
  #ids = $derived.by(() => {
    const [shape, leaf] = [this.#shape, this.#leaf]
    return untrack(() => (shape < 0 ? [] : branch(this.#messages, leaf).map((m) => m.id)))
  })
  #models = $derived.by(() => {
    const ids = this.#ids
    const answers = untrack(() => ids.flatMap((id) => this.#messages.get(id) ?? [])).filter(
      (m) => m.role === 'assistant',
    )
    return new Set(answers.map((m) => m.model)).size
  })
  #streamingId = $state('')
  /** The chat that is being fetched, until it is on screen. */
  #opening = $state('')

  /** Counts chats opened, so that an answer to an earlier question is not taken for this one's. */
  #opened = 0
  #fetching = new Set<string>()
  #held: ChatDelta[] = []
  /** What came of chats while a new one had no id yet. */
  #early: AppEvent[] = []
  #bridge: Bridge['chats']

  constructor(bridge: Bridge['chats']) {
    this.#bridge = bridge
    this.#draft = new DraftState((text) => (this.#id ? bridge.saveDraft(this.#id, text) : undefined))
  }

  get id(): string {
    return this.#id
  }

  get isNew(): boolean {
    return this.#id === ''
  }

  /** Reference of the chosen model; empty when none is. */
  get model(): string {
    return this.#model
  }

  get options(): ChatOptions {
    return this.#options
  }

  get loading(): boolean {
    return this.#loading
  }

  get failed(): boolean {
    return this.#failed
  }

  /** The message that is being written, whole. */
  get draft(): string {
    return this.#draft.text
  }

  /** What of it stands in its field, and the long text that goes after it. */
  get written(): Draft {
    return this.#draft.parts
  }

  /** The chat that is on screen, or will be in a moment. */
  get wanted(): string {
    return this.#opening || this.#id
  }

  /** Ids of the messages shown, from the first to the last: they stay the same while a text grows. */
  get ids(): readonly string[] {
    return this.#ids
  }

  message(id: string): Message | undefined {
    return this.#messages.get(id)
  }

  /** The messages shown, from the first to the last. */
  get shown(): readonly Message[] {
    return this.#ids.flatMap((id) => this.#messages.get(id) ?? [])
  }

  /** More than one model has answered, so each answer says which. */
  get mixed(): boolean {
    return this.#models > 1
  }

  /** The answer being written, wherever in the tree it is. */
  get streaming(): Message | undefined {
    return this.#messages.get(this.#streamingId)
  }

  get busy(): boolean {
    return this.#sending || this.#streamingId !== ''
  }

  phaseOf(messageId: string): ChatPhase | undefined {
    return this.#phases.get(messageId)
  }

  versionsOf(message: Message): Message[] {
    if (this.#shape < 0) return []
    return untrack(() => siblings(this.#messages.values(), message))
  }

  async open(id: string): Promise<void> {
    void this.flushDraft()
    const opened = ++this.#opened
    this.#loading = true
    this.#opening = id
    this.#failed = false
    try {
      const chat = await this.#bridge.get(id)
      if (opened === this.#opened) this.show(chat)
    } catch (reason) {
      if (opened === this.#opened) {
        this.#clear(id)
        this.#draft.show('')
        this.#failed = true
      }
      throw reason
    } finally {
      if (opened === this.#opened) {
        this.#loading = false
        this.#opening = ''
      }
    }
  }

  /** Begins a chat that is stored with its first message. */
  startNew(model: string, options: Partial<ChatOptions>, draft = ''): void {
    void this.flushDraft()
    this.#opened++
    this.#clear('')
    this.#model = model
    this.#options = { ...defaultOptions, ...options }
    this.#draft.show(draft)
    this.#loading = false
    this.#opening = ''
    this.#failed = false
  }

  /** Takes a chat as it is stored. */
  show(chat: Chat): void {
    const shown = chat.id === this.#id ? new Map(this.#messages) : new Map<string, Message>()
    this.#clear(chat.id)
    this.#model = chat.model
    this.#leaf = chat.leaf
    this.#draft.show(chat.draft)
    this.#options = {
      system: chat.system,
      temperature: chat.temperature,
      topP: chat.topP,
      topK: chat.topK,
      minP: chat.minP,
      repeatPenalty: chat.repeatPenalty,
      stop: chat.stop,
      seed: chat.seed,
      maxTokens: chat.maxTokens,
      contextLength: chat.contextLength,
    }
    for (const m of chat.messages) this.#put(newer(shown.get(m.id), m))
    this.#shape++
  }

  /** Fetches the chat again after events were missed. What is being typed stays. */
  async reload(): Promise<void> {
    if (this.isNew) return
    const opened = this.#opened
    const chat = await this.#bridge.get(this.#id)
    if (opened === this.#opened) this.show({ ...chat, draft: this.draft })
  }

  /** Sends a message after the last one shown; a new chat is stored first. Resolves to the chat's id. */
  async send(text: string): Promise<string> {
    if (this.busy) return this.#id
    this.#sending = true
    const draft = this.#draft.take()
    const opened = this.#opened
    try {
      const turn = this.#id
        ? await this.#bridge.send(this.#id, this.#leaf, text)
        : await this.#bridge.start(this.#model, this.#options, text)
      const id = turn.user.chatId
      if (opened === this.#opened) {
        this.#id = id
        this.#take(turn)
        for (const event of this.#early) {
          const need = this.apply(event)
          if (need) void this.fetch(need).catch(() => undefined)
        }
      }
      return id
    } catch (reason) {
      if (opened === this.#opened && !this.draft) this.#draft.write(draft)
      throw reason
    } finally {
      this.#sending = false
      this.#early = []
    }
  }

  /** Answers again, by the model of the chat or for once by another. */
  async regenerate(answerId: string, model = ''): Promise<void> {
    if (this.busy) return
    await this.#begin(() => this.#bridge.regenerate(this.#id, answerId, model))
  }

  /** Answers again beside an answer whose model was refused for its memory, and loads it although it does not fit. */
  async loadAnyway(answerId: string): Promise<void> {
    if (this.busy) return
    await this.#begin(() => this.#bridge.loadAnyway(this.#id, answerId))
  }

  /** Goes on with the last answer. */
  async continue(answerId: string): Promise<void> {
    const ended = this.#messages.get(answerId)
    if (this.busy || !ended) return
    // Its new words may come before the call returns, and an ended answer takes none.
    this.#messages.set(answerId, { ...ended, state: 'streaming' })
    try {
      await this.#begin(() => this.#bridge.continue(this.#id, answerId))
    } catch (reason) {
      if (this.#messages.has(answerId)) this.#messages.set(answerId, ended)
      throw reason
    }
  }

  async edit(messageId: string, text: string): Promise<void> {
    if (this.busy) return
    await this.#begin(() => this.#bridge.edit(this.#id, messageId, text))
  }

  async stop(): Promise<void> {
    if (this.#id) await this.#bridge.stop(this.#id)
  }

  /** Shows the branch that holds a message, if it isn't the one shown. */
  async reach(messageId: string): Promise<void> {
    if (this.#messages.has(messageId) && !this.#ids.includes(messageId)) await this.choose(messageId)
  }

  /** Shows the branch that holds this version of a message. */
  async choose(messageId: string): Promise<void> {
    this.#leaf = newestLeaf(this.#messages.values(), messageId)
    await this.#bridge.setLeaf(this.#id, this.#leaf)
  }

  async setModel(ref: string): Promise<void> {
    this.#model = ref
    if (this.#id) await this.#bridge.setModel(this.#id, ref)
  }

  async setOptions(options: ChatOptions): Promise<void> {
    this.#options = options
    if (this.#id) await this.#bridge.setOptions(this.#id, options)
  }

  /** Puts options back that a chat had, also when another one is open by now. */
  async restoreOptions(id: string, options: ChatOptions): Promise<void> {
    if (id === this.#id) await this.setOptions(options)
    else if (id) await this.#bridge.setOptions(id, options)
  }

  /** Keeps what is written, whole or a part of it, and stores it shortly after. */
  write(part: Partial<Draft> | string): void {
    this.#draft.write(part)
  }

  /** Stores what is written now, if that waits. Resolves when it is stored. */
  flushDraft(): Promise<void> {
    return this.#draft.flush()
  }

  /** Applies an event to what is held, and says what must be fetched to be right again. */
  apply(event: AppEvent): Need | null {
    if (this.#sending && !this.#id) this.#early.push(event)
    if (event.name === 'chat:phase') {
      const known = this.#messages.get(event.data.id)
      if (!known || known.state === 'streaming') this.#phases.set(event.data.id, event.data)
    } else if (event.name === 'chat:delta' && event.data.chatId === this.#id) {
      return this.#applyDelta(event.data)
    } else if (event.name === 'chat:finished') {
      this.#phases.delete(event.data.id)
      if (event.data.chatId !== this.#id) return null
      return { chatId: event.data.chatId, messageId: event.data.id, ended: event.data.state }
    }
    return null
  }

  /** Fetches a message and puts the deltas that came meanwhile on top of it. */
  async fetch(need: Need): Promise<void> {
    const opened = this.#opened
    this.#fetching.add(need.messageId)
    try {
      const stored = await this.#bridge.message(need.chatId, need.messageId)
      if (opened !== this.#opened) return
      this.#put(newer(this.#messages.get(stored.id), stored))
      if (stored.state !== 'streaming') this.#phases.delete(stored.id)
    } catch (reason) {
      const shown = this.#messages.get(need.messageId)
      if (need.ended && shown) this.#put({ ...shown, state: need.ended })
      throw reason
    } finally {
      this.#fetching.delete(need.messageId)
      const held = this.#held.filter((d) => d.id === need.messageId)
      this.#held = this.#held.filter((d) => d.id !== need.messageId)
      if (opened === this.#opened) for (const delta of held) this.#applyDelta(delta)
    }
  }

  #applyDelta(delta: ChatDelta): Need | null {
    const message = this.#messages.get(delta.id)
    if (!message) return null
    if (this.#fetching.has(delta.id)) {
      this.#held.push(delta)
      return null
    }
    const applied = applyDelta(message, delta)
    if (applied.kind === 'grown') this.#put(applied.message)
    return applied.kind === 'gap' ? { chatId: delta.chatId, messageId: delta.id } : null
  }

  async #begin(begin: () => Promise<Turn>): Promise<void> {
    const opened = this.#opened
    this.#sending = true
    try {
      const turn = await begin()
      if (opened === this.#opened) this.#take(turn)
    } finally {
      this.#sending = false
    }
  }

  #take(turn: Turn): void {
    this.#put(turn.user)
    this.#put(newer(this.#messages.get(turn.answer.id), turn.answer))
    this.#leaf = turn.answer.id
    this.#shape++
  }

  #put(message: Message): void {
    if (!this.#messages.has(message.id)) this.#shape++
    this.#messages.set(message.id, message)
    if (message.state === 'streaming') this.#streamingId = message.id
    else if (this.#streamingId === message.id) this.#streamingId = ''
  }

  #clear(id: string): void {
    this.#id = id
    this.#streamingId = ''
    this.#leaf = ''
    this.#options = defaultOptions
    this.#messages.clear()
    this.#shape++
    this.#held = []
    this.#fetching.clear()
  }
}
