import { whole, type Draft } from '../lib/draft'
import { text } from '../text'
import type { ChatOptions } from '../bridge/types'
import type { ChatsState } from './chats.svelte'
import { defaultOptions, type Conversation } from './conversation.svelte'
import type { Finding } from './finding.svelte'
import type { Host } from './host'
import type { Kept } from './kept'
import type { LibraryState } from './library.svelte'
import type { SettingsState } from './settings.svelte'
import type { Toasts } from './toasts.svelte'
import { changedOptions } from './tuning.svelte'
import type { Ui } from './ui.svelte'

interface Parts {
  readonly chats: ChatsState
  readonly chat: Conversation
  readonly finding: Finding
  readonly kept: Kept
  readonly library: LibraryState
  readonly settings: SettingsState
  readonly toasts: Toasts
  readonly ui: Ui
}

/** What a person does with chats: the verbs that touch the list, the chat on screen and the notices at once. */
export class Chatting {
  #host: Host
  #parts: Parts

  constructor(host: Host, parts: Parts) {
    this.#host = host
    this.#parts = parts
  }

  /** Shows an empty chat; it is stored with its first message. */
  begin(model = ''): void {
    const { ui } = this.#parts
    this.#host.go('chat')
    this.#setAside()
    ui.closeChatParts()
    this.clear(model)
    ui.focusComposer++
  }

  /** Makes the chat on screen a new one, with the draft that was kept for it. */
  clear(model = ''): void {
    const { chat, kept, library, settings } = this.#parts
    const { defaultModel, systemPrompt } = settings.value
    this.#setAside()
    chat.startNew(model || library.preferred(defaultModel), { system: systemPrompt }, kept.get('newDraft') ?? '')
    kept.set('openChat', '')
  }

  /** Takes what is typed into a new chat. */
  beginWithDraft(): void {
    const { chat, kept } = this.#parts
    const { draft, model } = chat
    chat.write('')
    kept.set('newDraft', draft)
    this.begin(model)
  }

  /** Opens a chat; with a message, at that one, where the words of a search are marked. */
  async open(id: string, at?: { messageId: string; query: string }): Promise<void> {
    const { chat, finding, kept, ui } = this.#parts
    this.#host.go('chat')
    this.#setAside()
    ui.closeChatParts()
    finding.close()
    await this.#host.attempt(async () => {
      if (chat.id !== id || chat.failed) await chat.open(id)
      if (chat.id !== id) return
      kept.set('openChat', id)
      this.resume()
      if (!at?.messageId) return
      await chat.reach(at.messageId)
      finding.lead(at.messageId, at.query)
    })
  }

  /** Opens the field that finds words in the chat on screen. */
  find(): void {
    this.#host.go('chat')
    this.#parts.finding.begin()
  }

  /** Takes the message that is written, or what is typed into its field or pasted beside it. */
  write(part: Partial<Draft> | string): void {
    const { chat, kept } = this.#parts
    chat.write(part)
    if (chat.isNew) kept.set('newDraft', chat.draft)
  }

  /** Takes a long text beside what is typed, behind one that is there already. */
  paste(long: string): void {
    this.write({ pasted: whole({ typed: this.#parts.chat.written.pasted, pasted: long }) })
  }

  /** Puts the pasted text into the field, where it can be changed. */
  unfold(): void {
    this.write({ typed: this.#parts.chat.draft, pasted: '' })
  }

  /** Takes the pasted text away, with an undo as long as its chat is on screen. */
  unpaste(): void {
    const { chat, toasts } = this.#parts
    const { id } = chat
    const { pasted } = chat.written
    this.write({ pasted: '' })
    toasts.info(text.pasted.removed, {
      label: text.common.undo,
      undo: 'shown',
      run: () => chat.id === id && this.paste(pasted),
    })
  }

  /** Stores what is typed on the chat page and stored nowhere yet, before the window closes. */
  async store(): Promise<void> {
    const { chat, kept, ui } = this.#parts
    if (chat.isNew) kept.set('newDraft', chat.draft)
    if (ui.editing) this.#keepEdited()
    await Promise.all([chat.flushDraft(), kept.flush()])
  }

  /** Goes on with the message that was being edited when its chat was left or the window closed, once it is on screen. */
  resume(): void {
    const { chat, kept, ui } = this.#parts
    const all = readEdited(kept.get('edited'))
    const mine = all.find((one) => chat.ids.includes(one[0]))
    if (ui.editing || !mine) return
    kept.set('edited', JSON.stringify(all.filter((one) => one !== mine)))
    ui.edit(...mine)
  }

  /** Keeps the message that is being edited for when its chat is on screen again. */
  #setAside(): void {
    const { ui } = this.#parts
    if (!ui.editing) return
    this.#keepEdited()
    ui.closeEditor()
  }

  #keepEdited(): void {
    const { chat, kept, ui } = this.#parts
    const { editing, edited } = ui
    if (chat.message(editing)?.text === edited) return
    const others = readEdited(kept.get('edited')).filter(([id]) => !chat.message(id))
    kept.set('edited', JSON.stringify([...others, [editing, edited]].slice(-editsKept)))
  }

  async send(message: string): Promise<void> {
    const { chat, chats, kept } = this.#parts
    const wasNew = chat.isNew
    await this.#host.attempt(async () => {
      await chat.send(message)
      if (!wasNew) return
      kept.set('newDraft', '')
      kept.set('openChat', chat.id)
    })
    if (wasNew) await this.#host.attempt(() => chats.refresh())
  }

  /** Answers again beside an answer, by another model where one is named. */
  async regenerate(answerId: string, model = ''): Promise<void> {
    await this.#branch(answerId, 1, () => this.#parts.chat.regenerate(answerId, model))
  }

  /** Answers again by a model that was refused because it does not fit into memory. */
  async loadAnyway(answerId: string): Promise<void> {
    await this.#branch(answerId, 1, () => this.#parts.chat.loadAnyway(answerId))
  }

  /** Answers a changed text beside a message. */
  async edit(messageId: string, message: string): Promise<void> {
    await this.#branch(messageId, 2, () => this.#parts.chat.edit(messageId, message))
  }

  /** Begins a branch at a message, and says where the messages are that the new one goes without: all but the first `own`. */
  async #branch(id: string, own: number, begin: () => Promise<void>): Promise<void> {
    const { chat } = this.#parts
    const at = chat.shown.findIndex((m) => m.id === id)
    const message = chat.shown[at]
    const left = message !== undefined && chat.shown.length > at + own
    const version = message ? chat.versionsOf(message).findIndex((m) => m.id === id) + 1 : 0
    if (!(await this.#host.attempt(begin)) || !left) return
    const run = () => void this.#host.attempt(() => chat.choose(id))
    this.#host.toasts.info(text.chat.restStays(version), { label: text.chat.showVersion(version), run })
  }

  /** The settings of the chat on screen that differ from what a new chat has. */
  get changedOptions(): (keyof ChatOptions)[] {
    const { chat, settings } = this.#parts
    // A chat without a system prompt is no different for a setting that came later.
    const system = chat.options.system && settings.value.systemPrompt
    return changedOptions(chat.options, { ...defaultOptions, system })
  }

  /** Gives the chat on screen other settings at once, with a way back. */
  async tune(options: ChatOptions, notice: string): Promise<void> {
    const { chat } = this.#parts
    const { id, options: before } = chat
    if (!(await this.#host.attempt(() => chat.setOptions(options)))) return
    const run = () => void this.#host.attempt(() => chat.restoreOptions(id, before))
    this.#host.toasts.info(notice, { label: text.common.undo, run })
  }

  async delete(id: string): Promise<void> {
    const { chat, chats } = this.#parts
    const title = this.titleOf(id)
    const gone = await this.#host.attempt(() => chats.delete(id))
    if (!gone) return
    if (chat.id === id) this.clear()
    const undo = { label: text.common.undo, undo: 'always' as const, run: () => void this.restore(id, true) }
    this.#host.toasts.info(text.chats.deleted(title), undo)
  }

  async restore(id: string, open = false): Promise<void> {
    if (!(await this.#host.attempt(() => this.#parts.chats.restore(id)))) return
    if (open) await this.open(id)
    else this.#host.toasts.info(text.chats.restored(this.titleOf(id)))
  }

  async purge(id: string, title: string): Promise<void> {
    const { purge, purgeTitle, purgeBody } = text.chats
    const sure = await this.#host.confirm({ title: purgeTitle, body: purgeBody(title), action: purge, danger: true })
    if (sure) await this.#host.attempt(() => this.#parts.chats.purge(id))
  }

  async emptyTrash(): Promise<void> {
    const { chats } = this.#parts
    const { empty, emptyTitle, emptyBody } = text.trash
    const body = emptyBody(chats.trash.length)
    const sure = await this.#host.confirm({ title: emptyTitle, body, action: empty, danger: true })
    if (sure) await this.#host.attempt(() => chats.emptyTrash())
  }

  async export(id: string, format: 'markdown' | 'json'): Promise<void> {
    await this.#host.attempt(async () => {
      const path = await this.#parts.chats.export(id, format)
      if (path) this.#host.toasts.info(text.chats.exported(path))
    })
  }

  rename(id: string): void {
    this.#host.go('chat')
    this.#parts.ui.showList()
    this.#parts.ui.rename(id, this.#parts.chats.find(id)?.title ?? '')
  }

  togglePin(id: string): void {
    const { chats } = this.#parts
    const pinned = chats.find(id)?.pinned ?? false
    void this.#host.attempt(() => chats.setPinned(id, !pinned))
  }

  search(): void {
    this.#host.go('chat')
    this.#parts.ui.showList()
    this.#parts.ui.wantsSearch = true
  }

  titleOf(id: string): string {
    return this.#parts.chats.find(id)?.title ?? text.chats.untitled
  }
}

/** Of how many chats a message that is being edited is kept. */
const editsKept = 20

/** Messages that were being edited, at most one of a chat, with their texts. */
function readEdited(kept: string | undefined): [id: string, text: string][] {
  try {
    const read: unknown = JSON.parse(kept ?? '')
    const isEdit = (one: unknown): one is [string, string] =>
      Array.isArray(one) && typeof one[0] === 'string' && typeof one[1] === 'string'
    if (Array.isArray(read)) return read.filter(isEdit)
  } catch {
    // nothing was kept
  }
  return []
}
