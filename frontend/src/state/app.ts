import { createContext } from 'svelte'
import type { Bridge } from '../bridge/bridge'
import { eventNames } from '../bridge/events.gen'
import { toBridgeError } from '../bridge/failure'
import type { AppEvent } from '../bridge/types'
import { text } from '../text'
import { AnyModelState } from './anymodel.svelte'
import { Backups } from './backups.svelte'
import { BlindState } from './blind.svelte'
import { ChatsState } from './chats.svelte'
import { Chatting } from './chatting'
import { ContextState } from './context.svelte'
import { Conversation } from './conversation.svelte'
import { Dialogs, type Question } from './dialogs.svelte'
import { DiscoverState } from './discover.svelte'
import { DownloadsState } from './downloads.svelte'
import { Finding } from './finding.svelte'
import type { Host } from './host'
import { Kept } from './kept'
import { Imports } from './imports.svelte'
import { LabState } from './lab.svelte'
import { LibraryState } from './library.svelte'
import { MachineState } from './machine.svelte'
import { Measuring } from './measuring'
import { Models } from './models'
import { Places, readPlace, type Place } from './place.svelte'
import { Router } from './router'
import { SettingsState } from './settings.svelte'
import { SideState } from './side.svelte'
import { SumsState } from './sums.svelte'
import { succeeded, Tasks } from './tasks.svelte'
import { Toasts } from './toasts.svelte'
import { Tuning } from './tuning.svelte'
import { Ui, type Page } from './ui.svelte'

/** Everything the page knows, wired together: the states, the verbs on them, and the events that keep them right. */
export class App implements Host {
  readonly bridge: Bridge
  readonly chats: ChatsState
  readonly chat: Conversation
  readonly finding: Finding
  readonly library: LibraryState
  readonly machine: MachineState
  readonly discover: DiscoverState
  readonly sums: SumsState
  readonly downloads: DownloadsState
  readonly anyModel: AnyModelState
  readonly lab: LabState
  readonly blind: BlindState
  readonly side: SideState
  readonly settings: SettingsState
  readonly tasks: Tasks
  readonly toasts = new Toasts()
  readonly dialogs = new Dialogs()
  readonly ui = new Ui()
  readonly backups: Backups
  readonly tuning: Tuning
  readonly context: ContextState
  readonly chatting: Chatting
  readonly models: Models
  readonly imports: Imports
  readonly measuring: Measuring
  readonly places: Places
  readonly kept: Kept
  #router: Router

  constructor(bridge: Bridge) {
    this.bridge = bridge
    this.chats = new ChatsState(bridge.chats)
    this.chat = new Conversation(bridge.chats)
    this.finding = new Finding(this.chat)
    this.library = new LibraryState(bridge.library)
    this.machine = new MachineState(bridge.machine)
    this.discover = new DiscoverState(bridge.discover)
    this.sums = new SumsState(bridge.discover)
    this.downloads = new DownloadsState(bridge.downloads)
    this.anyModel = new AnyModelState(bridge.downloads)
    this.lab = new LabState(bridge.lab)
    this.blind = new BlindState(bridge.lab)
    this.side = new SideState(bridge.lab)
    this.settings = new SettingsState(bridge.settings)
    this.tasks = new Tasks(bridge.tasks)
    this.backups = new Backups(bridge.chats, this)
    this.tuning = new Tuning(bridge.chats)
    this.context = new ContextState(this)
    this.kept = new Kept(bridge.page)
    this.chatting = new Chatting(this, this)
    this.models = new Models(this, this)
    this.imports = new Imports(this, bridge.library, this)
    this.measuring = new Measuring(this, this)
    this.places = new Places(bridge.page, this)
    this.#router = new Router(this, this)
  }

  async start(): Promise<void> {
    for (const name of eventNames) {
      this.bridge.on(name, (data) => this.#router.receive({ name, data } as AppEvent))
    }
    let place: Place | null
    try {
      const { problem, notice, again, kept, stored } = await this.settings.startup()
      if (!succeeded(problem)) {
        this.ui.startFailure = { title: problem.title, hint: problem.hint }
        return
      }
      if (notice.title) this.toasts.note(notice.title, notice.hint)
      if (again) this.toasts.note(text.failure.again, text.failure.againHint)
      place = readPlace(kept)
      this.kept.begin(stored)
      await Promise.all([this.settings.load(), this.chats.refresh(), this.library.refresh()])
    } catch (reason) {
      const failure = toBridgeError(reason)
      this.ui.startFailure = { title: failure.message, hint: failure.hint }
      return
    }
    void this.#begin(place)
    this.ui.ready = true
    // What the first picture does not need comes after it.
    void this.attempt(() => this.machine.detect())
    void this.attempt(() => this.machine.recommend())
    void this.attempt(() => this.settings.loadAbout())
    void this.attempt(() => this.downloads.refresh())
    void this.attempt(() => this.downloads.loadOnline())
    void this.attempt(() => this.tasks.load())
  }

  /** A page was chosen, maybe before it was known where to begin: the rail is there first. */
  #gone = false

  /** Shows the page and the chat that an earlier page kept, or those that a start begins with. */
  async #begin(place: Place | null): Promise<void> {
    const { startPage, welcomed } = this.settings.value
    const first = startPage === 'last' || startPage === 'new' ? 'chat' : startPage
    if (!this.#gone) {
      this.ui.page = welcomed ? 'chat' : 'welcome'
      const page = place?.page ?? (welcomed ? first : 'welcome')
      if (page !== this.ui.page) this.go(page)
    }
    const last = welcomed && startPage !== 'new' ? this.#lastOpen() : ''
    const chat = place ? this.chats.find(place.chat)?.id : last
    if (chat && this.library.models.length) await this.attempt(() => this.chat.open(chat))
    else if (place?.chat === '') this.chat.startNew(place.model, place.options)
    else this.chatting.clear()
    this.places.begin(place)
    if (!place) this.chatting.resume()
  }

  async attempt(call: () => Promise<unknown>): Promise<boolean> {
    try {
      await call()
      return true
    } catch (reason) {
      const failure = toBridgeError(reason)
      this.toasts.error(failure.message, failure.hint)
      return false
    }
  }

  confirm(question: Question): Promise<boolean> {
    return this.dialogs.confirm(question)
  }

  async copy(value: string): Promise<boolean> {
    return this.attempt(() => this.settings.copy(value))
  }

  /** Opens a page and fetches what it shows. */
  go(page: Page): void {
    this.#gone = true
    if (this.ui.page === 'chat') void this.chat.flushDraft()
    if (this.ui.page === 'welcome' && page !== 'welcome') this.#welcomed()
    this.ui.page = page
    if (page === 'machine') {
      void this.attempt(() => this.machine.detect())
      void this.attempt(() => this.downloads.loadLedger())
    }
    if (page === 'settings') {
      void this.attempt(() => this.downloads.loadToken())
      void this.attempt(() => this.settings.loadAbout())
    }
    if (page === 'welcome') void this.attempt(() => this.machine.recommend())
    if (page === 'discover' || page === 'sums') void this.attempt(() => this.discover.load())
    if (page === 'sums') void this.sums.load()
    if (page === 'lab') void this.#openLab()
    if (page === 'chat') this.ui.focusComposer++
  }

  /** The chat that was on screen last, or the newest where none is known; empty: a new one. */
  #lastOpen(): string {
    const id = this.kept.get('openChat')
    if (id === '') return ''
    return this.chats.find(id ?? '')?.id ?? this.chats.list[0]?.id ?? ''
  }

  #welcomed(): void {
    if (!this.settings.value.welcomed) void this.attempt(() => this.settings.set({ welcomed: true }))
  }

  async #openLab(): Promise<void> {
    await this.lab.load()
    await this.attempt(() => Promise.all([this.blind.load(), this.side.loadAdapters()]))
  }
}

export const [getApp, setApp] = createContext<App>()
