import type {
  About,
  Adapter,
  AdapterUse,
  AddedChats,
  Advice,
  Ask,
  BitsRow,
  BlindAsk,
  BlindTest,
  CatalogModel,
  Chat,
  ChatBackup,
  ChatDefaults,
  ChatOptions,
  ChatPreset,
  ChatSummary,
  CompareAsk,
  Download,
  DriveResult,
  Engine,
  EventName,
  Events,
  FitAnswer,
  FitAsk,
  Found,
  FoundChat,
  Hit,
  LabComparison,
  LabFormat,
  LabQuant,
  LabSetup,
  LabSummary,
  LabText,
  Ledger,
  Library,
  Limits,
  Machine,
  Message,
  ModelDetails,
  ModelMemory,
  Offer,
  Online,
  OtherApp,
  OtherModel,
  Pick,
  Price,
  Profile,
  QuantVerdict,
  Settings,
  SideAsk,
  SideRun,
  StartReport,
  SumsAnswer,
  SumsAsk,
  SumsStart,
  Task,
  TemplateChoices,
  TaskProgress,
  Token,
  Turn,
  VerifyReport,
} from './types'

/** Everything the page can ask of the window. Each call rejects with a `BridgeError`. */
export interface Bridge {
  readonly chats: ChatsService
  readonly library: LibraryService
  readonly machine: MachineService
  readonly discover: DiscoverService
  readonly downloads: DownloadsService
  readonly lab: LabService
  readonly settings: SettingsService
  readonly tasks: TasksService
  readonly page: PageService
  /** Subscribes to an event; the result ends the subscription. */
  on<K extends EventName>(event: K, handler: (data: Events[K]) => void): () => void
}

export interface ChatsService {
  list(): Promise<ChatSummary[]>
  trash(): Promise<ChatSummary[]>
  get(id: string): Promise<Chat>
  message(chatId: string, id: string): Promise<Message>
  create(model: string): Promise<ChatSummary>
  /** Makes a chat and sends its first message: all of it, or nothing. */
  start(model: string, options: ChatOptions, text: string): Promise<Turn>
  rename(id: string, title: string): Promise<void>
  setPinned(id: string, pinned: boolean): Promise<void>
  setModel(id: string, ref: string): Promise<void>
  setOptions(id: string, options: ChatOptions): Promise<void>
  setLeaf(id: string, messageId: string): Promise<void>
  saveDraft(id: string, text: string): Promise<void>
  delete(id: string): Promise<void>
  restore(id: string): Promise<void>
  purge(id: string): Promise<void>
  /** Deletes everything in the trash for good. */
  emptyTrash(): Promise<void>
  /** `parentId` is the message it follows; empty for a root. */
  send(chatId: string, parentId: string, text: string): Promise<Turn>
  /** By the model of the chat where `model` is empty, else by that one for once. */
  regenerate(chatId: string, answerId: string, model: string): Promise<Turn>
  /** Beside an answer whose model was refused for its memory: loads it although it does not fit. */
  loadAnyway(chatId: string, answerId: string): Promise<Turn>
  /** Has the model that wrote the last answer of the branch go on with it. */
  continue(chatId: string, answerId: string): Promise<Turn>
  edit(chatId: string, messageId: string, text: string): Promise<Turn>
  stop(chatId: string): Promise<void>
  /** What counts where a chat on `model` says nothing. */
  defaults(model: string): Promise<ChatDefaults>
  presets(): Promise<ChatPreset[]>
  /** Keeps settings under a name, in place of those that had it. Resolves to all presets, as `deletePreset` does. */
  savePreset(name: string, options: ChatOptions): Promise<ChatPreset[]>
  deletePreset(name: string): Promise<ChatPreset[]>
  /** Resolves to the path written, or to an empty string when the dialog was cancelled. */
  export(id: string, format: 'markdown' | 'json'): Promise<string>
  /** Resolves to the path written, or to an empty string when the dialog was cancelled. */
  exportAll(): Promise<string>
  /** Opens a dialog and adds the chats of an exported file. Nothing that is here is changed. */
  importFile(): Promise<AddedChats>
  /** The daily copies, newest first. */
  backups(): Promise<ChatBackup[]>
  /** Adds what a backup has and is not here. Nothing that is here is changed. */
  restoreBackup(name: string): Promise<AddedChats>
  /** Chats whose title or messages hold every word, with the place in a message. */
  search(query: string): Promise<FoundChat[]>
}

export interface LibraryService {
  get(): Promise<Library>
  /** What each model takes in memory; one of which too little is known is left out. */
  memory(): Promise<ModelMemory[]>
  /** Resolves to the path chosen, or to an empty string when the dialog was cancelled. */
  chooseFile(): Promise<string>
  /** Files and folders that were dropped on the window since it was asked last. */
  dropped(): Promise<string[]>
  /** What `import` would make of files and folders; what can't be imported has its `problem`. */
  look(paths: string[]): Promise<OtherModel[]>
  /** Copies a model's file, or a bundle's folder. An empty name is the file's own. */
  import(path: string, name: string): Promise<Task>
  /** Gives a model another name, or its file's for an empty one. Resolves to the name it has now; its reference stays. */
  rename(ref: string, name: string): Promise<string>
  templates(ref: string): Promise<TemplateChoices>
  /** Gives a model a family's template, `text` for "custom", or its own for ''. Resolves to what may go wrong with it. */
  setTemplate(ref: string, chosen: string, text: string): Promise<string>
  installStarter(): Promise<Task>
  /** Resolves to the bytes freed. */
  remove(ref: string): Promise<number>
  reveal(ref: string): Promise<void>
  details(ref: string): Promise<ModelDetails>
  /** Resolves to the path chosen, or to an empty string when the dialog was cancelled. */
  chooseFolder(title: string): Promise<string>
  /** Reads every byte of a model again, or of all for an empty `ref`. `verifyReport` has what came of it. */
  verify(ref: string): Promise<Task>
  verifyReport(): Promise<VerifyReport>
  /** Fetches the bad parts of a model again, and nothing else of it. */
  repair(ref: string): Promise<Task>
  /** Makes a model of a base and an adapter; it takes hardly any space. Resolves to its reference. */
  attach(base: string, adapter: string): Promise<string>
  /** Models of other apps, or those below a folder. */
  others(folder: string): Promise<OtherApp[]>
  /** Uses a model of another app; its file is not touched. */
  adopt(path: string): Promise<Task>
  /** Moves the library to another folder. */
  move(folder: string): Promise<Task>
  /** Writes a model with its checksums, licence, template and settings below a folder; ends with the path. */
  exportBundle(ref: string, folder: string): Promise<Task>
}

/** What may go online, and only when a person asks for it. Every call but `list`, `token` and those of the queue does. */
export interface DownloadsService {
  /** Every connection the app has made. */
  ledger(): Promise<Ledger>
  /** What is connected now. `network:changed` follows it. */
  online(): Promise<Online>
  list(): Promise<Download[]>
  /** Asks the source itself what it has; nothing of the model is fetched. */
  offer(ref: string): Promise<Offer>
  /** `accepted` says that the person has agreed to the licence that the offer showed. */
  start(ref: string, accepted: boolean): Promise<Download>
  pause(id: string): Promise<void>
  resume(id: string): Promise<void>
  /** Takes it off the list; what was there of an unfinished one is deleted. */
  cancel(id: string): Promise<void>
  /** Changes its place in the queue, counted from 0. */
  move(id: string, place: number): Promise<void>
  /** Sends the words to huggingface.co. */
  search(query: string): Promise<Hit[]>
  /** Reads a file's header by ranges, some MB at most. */
  look(ref: string): Promise<Found>
  token(): Promise<Token>
  /** Keeps a Hugging Face token; an empty one is forgotten. */
  setToken(value: string): Promise<Token>
}

export interface MachineService {
  detect(): Promise<Machine>
  engine(): Promise<Engine>
  measureBandwidth(): Promise<Task>
  /** Takes about two minutes; what is clearly faster is used from then on. */
  tune(): Promise<Task>
  /** Whether the engine works as was measured, or with the counted number of threads and its own choices. */
  useTuned(use: boolean): Promise<Machine>
  recommend(): Promise<Pick>
  engineLog(): Promise<string>
  openLog(): Promise<void>
  restartEngine(): Promise<void>
  unloadModel(): Promise<void>
  loadModel(ref: string, contextLength: number): Promise<void>
  /** From now on the model may be loaded although it does not fit, with that context or a shorter one. */
  loadAnyway(ref: string, contextLength: number): Promise<void>
}

export interface DiscoverService {
  /** Answers well within 300 ms, so it can be asked while a slider moves. */
  advise(ask: Ask): Promise<Advice>
  /** Every quant of a model judged for an ask; of one outside the catalog, those whose headers were read. */
  quants(id: string, ask: Ask): Promise<QuantVerdict[]>
  models(): Promise<CatalogModel[]>
  model(id: string): Promise<CatalogModel>
  /** The engine's own plan; takes about a second. */
  fit(ask: FitAsk): Promise<FitAnswer>
  /** With an empty context, and deep in the asked one. Ends with the result `id:quant`. `tasks.cancel` ends it early. */
  testDrive(ask: FitAsk): Promise<Task>
  /** The runs kept on this machine. */
  drives(): Promise<DriveResult[]>
  profiles(): Promise<Profile[]>
  prices(): Promise<Price[]>
  bits(params: number): Promise<BitsRow[]>
  sums(ask: SumsAsk): Promise<SumsAnswer>
  sumsStart(): Promise<SumsStart>
}

/** The quant lab: comparisons, blind tests, side by side, adapters. */
export interface LabService {
  setup(): Promise<LabSetup>
  /** What could be made from a model, with sizes foretold. */
  quants(ref: string): Promise<LabQuant[]>
  /** Resolves to a text without a path when the dialog was cancelled. */
  chooseText(): Promise<LabText>
  /** Resolves to the comparison's id. `lab:progress` and `lab:changed` follow it; `stop` ends it and keeps finished rows. */
  compare(ask: CompareAsk): Promise<string>
  stop(id: string): Promise<void>
  /** Takes figures as they are: disturbed runs are not repeated any more, and stay marked. */
  rough(id: string): Promise<void>
  comparisons(): Promise<LabSummary[]>
  comparison(id: string): Promise<LabComparison>
  forget(id: string): Promise<void>
  /** Resolves to the path written, or to an empty string when the dialog was cancelled. */
  export(id: string, format: LabFormat): Promise<string>
  saveReport(id: string, html: string): Promise<string>

  /** Newest first. */
  blinds(): Promise<BlindTest[]>
  blind(id: string): Promise<BlindTest>
  startBlind(ask: BlindAsk): Promise<BlindTest>
  /** Has every variant answer; the task's result is the test's id, and then its answers are there. Empty: the next built-in prompt. */
  askBlind(id: string, prompt: string): Promise<Task>
  /** `choice` is the place of the better answer; -1 is a tie. */
  voteBlind(id: string, choice: number): Promise<BlindTest>
  /** Ends the test and tells which was which. */
  endBlind(id: string): Promise<BlindTest>
  forgetBlind(id: string): Promise<void>

  /** `side:delta` follows. */
  sideBySide(ask: SideAsk): Promise<SideRun>
  side(id: string): Promise<SideRun>
  stopSide(id: string): Promise<void>

  adapters(): Promise<Adapter[]>
  /** Opens a dialog and imports what was chosen; resolves to an adapter without an id when it was cancelled. */
  addAdapter(): Promise<Adapter>
  removeAdapter(id: string): Promise<void>
  /** Resolves to the reference of the base with these adapters, which every page can then use like any other model. */
  attach(base: string, uses: AdapterUse[]): Promise<string>
}

/** Work in the background, of whatever service. */
export interface TasksService {
  /** What is under way, the oldest first: what a person began and what the app does by itself. */
  list(): Promise<TaskProgress[]>
  /** One that has ended is left alone. */
  cancel(id: string): Promise<void>
}

/** How the window knows that the page lives. */
export interface PageService {
  /** Answers `page:asked`. */
  alive(): Promise<void>
  /** Answers `page:closing`, which waits a second for it: what was typed is stored, and the window may go. */
  handedOver(): Promise<void>
  /** What a page that is loaded again gets back, by `settings.startup`. */
  keep(state: string): Promise<void>
  /** Keeps a text for later starts, which get it by `settings.startup`. Names are short words of small letters. */
  store(name: string, text: string): Promise<void>
}

export interface SettingsService {
  get(): Promise<Settings>
  set(settings: Settings): Promise<Settings>
  /** What the settings may be, and what they are at a fresh start. */
  limits(): Promise<Limits>
  about(): Promise<About>
  /** Waits until the app is open and says how that went, and what an earlier page kept. It never rejects. */
  startup(): Promise<StartReport>
  openLink(url: string): Promise<void>
  openData(): Promise<void>
  openAppLog(): Promise<void>
  copy(text: string): Promise<void>
}
