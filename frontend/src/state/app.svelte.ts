import { createContext } from 'svelte'
import type { Bridge } from '../bridge/bridge'
import { toBridgeError } from '../bridge/failure'
import type { AppEvent, ChatDelta, EventName } from '../bridge/types'
import { speed } from '../lib/format'
import { text } from '../text'
import { onFrame, soon } from '../lib/timing'
import { AnyModelState } from './anymodel.svelte'
import { BlindState } from './blind.svelte'
import { ChatsState } from './chats.svelte'
import { Conversation } from './conversation.svelte'
import { Dialogs } from './dialogs.svelte'
import { DiscoverState } from './discover.svelte'
import { DownloadsState } from './downloads.svelte'
import { LabState } from './lab.svelte'
import { LibraryState } from './library.svelte'
import { MachineState } from './machine.svelte'
import { Sequence } from './sequence'
import { SettingsState } from './settings.svelte'
import { SideState } from './side.svelte'
import { SumsState } from './sums.svelte'
import { succeeded, Tasks } from './tasks.svelte'
import { Toasts } from './toasts.svelte'
import { Weights } from './weights'

export type Page = 'welcome' | 'chat' | 'discover' | 'sums' | 'library' | 'lab' | 'machine' | 'settings'

const events: EventName[] = [
  'chat:delta',
  'chat:phase',
  'chat:finished',
  'chats:changed',
  'engine:changed',
  'library:changed',
  'drives:changed',
  'downloads:changed',
  'download:progress',
  'download:finished',
  'lab:changed',
  'lab:progress',
  'side:delta',
  'task:progress',
  'task:finished',
]

const newDraftKey = 'weightroom.newDraft'

/** Everything the page knows, and the verbs that touch more than one part of it. */
export class App {
  readonly bridge: Bridge
  readonly chats: ChatsState
  readonly chat: Conversation
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
  readonly tasks = new Tasks()
  readonly toasts = new Toasts()
  readonly dialogs = new Dialogs()
  readonly weights = new Weights(this)

  page = $state<Page>('chat')
  /** The first answers are there and the page can be drawn. */
  ready = $state(false)
  /** Why the page could not start; null when it could. */
  startFailure = $state.raw<{ title: string; hint: string } | null>(null)
  listOpen = $state(true)
  chatSettingsOpen = $state(false)
  trashOpen = $state(false)
  /** Chat whose title is being edited in the list. */
  renaming = $state('')
  /** Message being edited. */
  editing = $state('')
  /** Grows when the composer should take the focus. */
  focusComposer = $state(0)
  /** The search field should take the focus. */
  wantsSearch = $state(false)

  #sequence = new Sequence()
  #deltas: ChatDelta[] = []

  constructor(bridge: Bridge) {
    this.bridge = bridge
    this.chats = new ChatsState(bridge.chats)
    this.chat = new Conversation(bridge.chats)
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
  }

  async start(): Promise<void> {
    for (const name of events) {
      this.bridge.on(name, (data) => this.#receive({ name, data } as AppEvent))
    }
    try {
      const { problem, notice } = await this.settings.startup()
      if (!succeeded(problem)) {
        this.startFailure = { title: problem.title, hint: problem.hint }
        return
      }
      if (notice.title) this.toasts.note(notice.title, notice.hint)
      await Promise.all([this.settings.load(), this.chats.refresh(), this.library.refresh()])
    } catch (reason) {
      const failure = toBridgeError(reason)
      this.startFailure = { title: failure.message, hint: failure.hint }
      return
    }
    this.page = this.settings.value.welcomed ? 'chat' : 'welcome'
    const last = this.chats.list[0]
    if (this.page === 'chat' && last && this.library.models.length) {
      void this.attempt(() => this.chat.open(last.id))
    } else this.#startNew()
    this.ready = true
    // What the first picture does not need comes after it.
    void this.attempt(() => this.machine.detect())
    void this.attempt(() => this.machine.recommend())
    void this.attempt(() => this.settings.loadAbout())
    void this.attempt(() => this.downloads.refresh())
  }

  /** Runs a call and tells the person when it fails. Resolves to whether it worked. */
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

  go(page: Page): void {
    if (this.page === 'chat') this.chat.flushDraft()
    if (this.page === 'welcome' && page !== 'welcome') this.#welcomed()
    this.page = page
    if (page === 'machine') {
      void this.attempt(() => this.machine.detect())
      void this.attempt(() => this.machine.loadLedger())
    }
    if (page === 'library') void this.attempt(() => this.library.loadReport())
    if (page === 'settings') void this.attempt(() => this.downloads.loadToken())
    if (page === 'discover' || page === 'sums') void this.attempt(() => this.discover.load())
    if (page === 'sums') void this.sums.load()
    if (page === 'lab') void this.#openLab()
    if (page === 'chat') this.focusComposer++
  }

  newChat(model = ''): void {
    this.go('chat')
    this.trashOpen = false
    this.editing = ''
    this.#startNew(model)
    this.focusComposer++
  }

  async openChat(id: string): Promise<void> {
    this.go('chat')
    this.trashOpen = false
    this.editing = ''
    await this.attempt(() => this.chat.open(id))
  }

  setDraft(value: string): void {
    this.chat.setDraft(value)
    if (this.chat.isNew) keep(value)
  }

  async send(message: string): Promise<void> {
    const wasNew = this.chat.isNew
    await this.attempt(async () => {
      await this.chat.send(message)
      if (wasNew) keep('')
    })
    if (wasNew) await this.attempt(() => this.chats.refresh())
  }

  async deleteChat(id: string): Promise<void> {
    const title = this.titleOf(id)
    const gone = await this.attempt(() => this.chats.delete(id))
    if (!gone) return
    if (this.chat.id === id) this.#startNew()
    this.toasts.info(text.chats.deleted(title), { label: text.common.undo, run: () => void this.restoreChat(id, true) })
  }

  async restoreChat(id: string, open = false): Promise<void> {
    if (!(await this.attempt(() => this.chats.restore(id)))) return
    if (open) await this.openChat(id)
    else this.toasts.info(text.chats.restored(this.titleOf(id)))
  }

  async purgeChat(id: string, title: string): Promise<void> {
    const { purge, purgeTitle, purgeBody } = text.chats
    const sure = await this.dialogs.confirm({ title: purgeTitle, body: purgeBody(title), action: purge, danger: true })
    if (sure) await this.attempt(() => this.chats.purge(id))
  }

  async exportChat(id: string, format: 'markdown' | 'json'): Promise<void> {
    await this.attempt(async () => {
      const path = await this.chats.export(id, format)
      if (path) this.toasts.info(text.chats.exported(path))
    })
  }

  renameChat(id: string): void {
    this.go('chat')
    this.trashOpen = false
    this.listOpen = true
    this.renaming = id
  }

  togglePin(id: string): void {
    const pinned = this.chats.find(id)?.pinned ?? false
    void this.attempt(() => this.chats.setPinned(id, !pinned))
  }

  searchChats(): void {
    this.go('chat')
    this.trashOpen = false
    this.listOpen = true
    this.wantsSearch = true
  }

  /** Opens the import form over the page that is open. */
  askForImport(): void {
    this.dialogs.importing = true
  }

  titleOf(id: string): string {
    return this.chats.find(id)?.title ?? text.chats.untitled
  }

  /** Adds the model that comes with the app, and chooses it where none is chosen. */
  async addStarter(): Promise<boolean> {
    return this.#addModel('starter', () => this.library.installStarter())
  }

  async importModel(path: string, name: string): Promise<boolean> {
    return this.#addModel('import', () => this.library.import(path, name))
  }

  async measureBandwidth(): Promise<void> {
    await this.attempt(async () => {
      const end = await this.tasks.run('bandwidth', () => this.machine.measureBandwidth())
      if (!succeeded(end.problem)) this.#tell(end.problem.title, end.problem.hint, end.problem.code)
      await this.machine.detect()
    })
  }

  /** Times a model that is not here. A drive that was cancelled is no failure. */
  async testDrive(id: string, quant: string, name: string): Promise<void> {
    if (this.discover.taskOf(id, quant) !== undefined) return
    await this.attempt(async () => {
      const end = await this.tasks.run('testdrive', () => this.discover.testDrive(id, quant))
      if (end.problem.code === 'cancelled') return this.toasts.info(text.discover.driveCancelled)
      if (!succeeded(end.problem)) return this.toasts.error(end.problem.title, end.problem.hint)
      await Promise.all([this.discover.loadDrives(), this.discover.advise()])
      const drive = this.discover.driveOf(id, quant)
      if (drive) this.toasts.info(text.discover.driveDone(`${name} ${quant}`, speed(drive.tokensPerSecond)))
    })
    this.discover.ended(id, quant)
  }

  /** Has the models under test answer, and shows the answers when all are there. */
  async askBlind(prompt: string): Promise<void> {
    const id = this.blind.test?.id ?? ''
    await this.attempt(async () => {
      const end = await this.tasks.run('blind', () => this.blind.ask(prompt))
      await this.blind.answered(id)
      if (end.problem.code === 'cancelled') return
      if (!succeeded(end.problem)) this.toasts.error(end.problem.title, end.problem.hint)
    })
  }

  searchModels(): void {
    this.go('discover')
    this.anyModel.online = false
    this.discover.wantsSearch = true
  }

  async copy(value: string): Promise<boolean> {
    return this.attempt(() => this.settings.copy(value))
  }

  async #addModel(kind: 'starter' | 'import', begin: Parameters<Tasks['run']>[1]): Promise<boolean> {
    let added = false
    await this.attempt(async () => {
      const end = await this.tasks.run(kind, begin)
      await this.library.refresh()
      if (!succeeded(end.problem)) {
        this.#tell(end.problem.title, end.problem.hint, end.problem.code)
        return
      }
      added = true
      if (!this.library.find(this.chat.model)) await this.chat.setModel(end.result)
      this.toasts.info(text.library.imported(this.library.nameOf(end.result)))
    })
    return added
  }

  #tell(title: string, hint: string, code: string): void {
    if (code === 'cancelled') this.toasts.info(text.library.cancelled)
    else this.toasts.error(title, hint)
  }

  #startNew(model = ''): void {
    const { defaultModel, systemPrompt } = this.settings.value
    const ref = model || this.library.preferred(defaultModel)
    this.chat.startNew(ref, { system: systemPrompt }, kept())
  }

  #welcomed(): void {
    if (!this.settings.value.welcomed) void this.attempt(() => this.settings.set({ welcomed: true }))
  }

  #receive(event: AppEvent): void {
    if (this.#sequence.missed(event.data.seq)) this.#resync()
    if (event.name === 'chat:delta') {
      // Text comes faster than pictures: all deltas of a frame are applied at once.
      this.#deltas.push(event.data)
      this.#flush()
      return
    }
    if (event.name === 'chat:finished') this.#applyDeltas()
    this.chats.apply(event)
    this.tasks.apply(event)
    this.downloads.apply(event)
    if (event.name === 'download:finished') this.weights.ended(event.data)
    this.#fetch(this.chat.apply(event))
    const changed = this.lab.apply(event)
    if (changed) void this.attempt(() => this.lab.refresh(changed))
    if (this.side.apply(event)) void this.attempt(() => this.side.refresh())
    if (event.name === 'chats:changed') this.#refreshChats()
    else if (event.name === 'engine:changed') this.#refreshEngine()
    else if (event.name === 'library:changed') this.#refreshLibrary()
    else if (event.name === 'drives:changed') this.#refreshDrives()
    else if (event.name === 'downloads:changed') this.#refreshDownloads()
  }

  async #openLab(): Promise<void> {
    await this.lab.load()
    await this.attempt(() => Promise.all([this.blind.load(), this.side.loadAdapters()]))
  }

  #fetch(need: ReturnType<Conversation['apply']>): void {
    if (need) void this.attempt(() => this.chat.fetch(need))
  }

  #applyDeltas(): void {
    const deltas = this.#deltas
    this.#deltas = []
    for (const data of deltas) {
      this.chats.apply({ name: 'chat:delta', data })
      this.#fetch(this.chat.apply({ name: 'chat:delta', data }))
    }
  }

  #flush = onFrame(() => this.#applyDeltas())
  #refreshChats = soon(() => void this.attempt(() => this.chats.refresh()))
  #refreshLibrary = soon(() => {
    void this.attempt(() => this.library.refresh())
    this.discover.refresh()
    if (this.lab.loaded) void this.lab.load()
  })
  #refreshDrives = soon(() => {
    void this.attempt(() => this.discover.loadDrives())
    this.discover.refresh()
  })
  #refreshEngine = soon(() => {
    void this.attempt(async () => {
      const before = this.machine.engine?.model
      await this.machine.refreshEngine()
      // Advice rests on free memory, which another model changes.
      if (this.machine.engine?.model !== before) this.discover.refresh()
      // The memory bar shows what the model takes, so it is looked at again when another one is loaded.
      const { engine, value } = this.machine
      if (this.page === 'machine' && engine?.model !== value?.engine.model) await this.machine.detect()
    })
    void this.attempt(() => this.settings.loadAbout())
  })
  #refreshDownloads = soon(() => {
    void this.attempt(() => this.downloads.refresh())
    void this.attempt(() => this.settings.loadAbout())
    if (this.page === 'machine') void this.attempt(() => this.machine.loadLedger())
  })
  #resync = soon(() => {
    void this.attempt(() => this.chat.reload())
    this.#refreshChats()
    this.#refreshEngine()
    this.#refreshLibrary()
    this.#refreshDrives()
    this.#refreshDownloads()
    void this.attempt(() => this.side.refresh())
  }, 300)
}

// A new chat has no place in the history yet, so its draft waits in the page's own storage.
function keep(value: string): void {
  try {
    if (value) localStorage.setItem(newDraftKey, value)
    else localStorage.removeItem(newDraftKey)
  } catch {
    // Storage may be off; then only this draft is lost.
  }
}

function kept(): string {
  try {
    return localStorage.getItem(newDraftKey) ?? ''
  } catch {
    return ''
  }
}

export const [getApp, setApp] = createContext<App>()
