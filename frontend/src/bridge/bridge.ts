import type {
  About,
  Advice,
  Ask,
  BitsRow,
  CatalogModel,
  Chat,
  ChatOptions,
  ChatSummary,
  DriveResult,
  Engine,
  EventName,
  Events,
  Failure,
  FitAnswer,
  FitAsk,
  Library,
  Machine,
  Message,
  Pick,
  Price,
  Profile,
  Settings,
  StartReport,
  SumsAnswer,
  SumsAsk,
  Task,
  Turn,
} from './types'

/** Everything the page can ask of the window. Each call rejects with a `BridgeError`. */
export interface Bridge {
  readonly chats: ChatsService
  readonly library: LibraryService
  readonly machine: MachineService
  readonly discover: DiscoverService
  readonly settings: SettingsService
  /** Subscribes to an event; the result ends the subscription. */
  on<K extends EventName>(event: K, handler: (data: Events[K]) => void): () => void
}

export interface ChatsService {
  list(): Promise<ChatSummary[]>
  trash(): Promise<ChatSummary[]>
  get(id: string): Promise<Chat>
  message(chatId: string, id: string): Promise<Message>
  create(model: string): Promise<ChatSummary>
  rename(id: string, title: string): Promise<void>
  setPinned(id: string, pinned: boolean): Promise<void>
  setModel(id: string, ref: string): Promise<void>
  setOptions(id: string, options: ChatOptions): Promise<void>
  setLeaf(id: string, messageId: string): Promise<void>
  saveDraft(id: string, text: string): Promise<void>
  delete(id: string): Promise<void>
  restore(id: string): Promise<void>
  purge(id: string): Promise<void>
  /** `parentId` is the message it follows; empty for a root. */
  send(chatId: string, parentId: string, text: string): Promise<Turn>
  regenerate(chatId: string, answerId: string): Promise<Turn>
  edit(chatId: string, messageId: string, text: string): Promise<Turn>
  stop(chatId: string): Promise<void>
  /** Resolves to the path written, or to an empty string when the dialog was cancelled. */
  export(id: string, format: 'markdown' | 'json'): Promise<string>
  search(query: string): Promise<ChatSummary[]>
}

export interface LibraryService {
  get(): Promise<Library>
  /** Resolves to the path chosen, or to an empty string when the dialog was cancelled. */
  chooseFile(): Promise<string>
  import(path: string, name: string): Promise<Task>
  installStarter(): Promise<Task>
  cancelTask(id: string): Promise<void>
  /** Resolves to the bytes freed. */
  remove(ref: string): Promise<number>
  reveal(ref: string): Promise<void>
}

export interface MachineService {
  detect(): Promise<Machine>
  engine(): Promise<Engine>
  measureBandwidth(): Promise<Task>
  recommend(): Promise<Pick>
  engineLog(): Promise<string>
  openLog(): Promise<void>
  restartEngine(): Promise<void>
  unloadModel(): Promise<void>
  loadModel(ref: string, contextLength: number): Promise<void>
}

export interface DiscoverService {
  /** Answers well within 300 ms, so it can be asked while a slider moves. */
  advise(ask: Ask): Promise<Advice>
  models(): Promise<CatalogModel[]>
  model(id: string): Promise<CatalogModel>
  /** The engine's own plan; takes about a second. */
  fit(ask: FitAsk): Promise<FitAnswer>
  /** Ends with the result `id:quant`. `library.cancelTask` ends it early. */
  testDrive(id: string, quant: string): Promise<Task>
  /** The runs kept on this machine. */
  drives(): Promise<DriveResult[]>
  profiles(): Promise<Profile[]>
  prices(): Promise<Price[]>
  bits(params: number): Promise<BitsRow[]>
  sums(ask: SumsAsk): Promise<SumsAnswer>
  sumsDefaults(): Promise<SumsAsk>
}

export interface SettingsService {
  get(): Promise<Settings>
  set(settings: Settings): Promise<Settings>
  about(): Promise<About>
  /** Waits until the app is open and says how that went. It never rejects. */
  startup(): Promise<StartReport>
  openLink(url: string): Promise<void>
  copy(text: string): Promise<void>
}

/** A call that failed, with a sentence for the person and, when there is one, a next step. */
export class BridgeError extends Error {
  readonly code: string
  readonly hint: string

  constructor(failure: Failure) {
    super(failure.message)
    this.name = 'BridgeError'
    this.code = failure.code
    this.hint = failure.hint
  }
}
