import type { AdapterRow, Download } from './types-downloads'

export * from './types-downloads'

// The types that cross from the window's Go side: the same names, fields and units as package app.
// Times are milliseconds since 1970, sizes are bytes, speeds are tokens per second.
import type { LabProgress, SideDelta } from './lab-types'

export type * from './lab-types'

/** ChatSummary is a row of the chat list. */
export interface ChatSummary {
  id: string
  title: string
  model: string
  pinned: boolean
  createdAt: number
  updatedAt: number
  /** 0: not in the trash */
  deletedAt: number
  /** an answer is being written */
  streaming: boolean
}

/** Chat is a whole conversation: every message of its tree, and the leaf whose branch is shown. */
export interface Chat {
  id: string
  title: string
  model: string
  system: string
  leaf: string
  draft: string
  pinned: boolean
  createdAt: number
  updatedAt: number
  /** -1: the model's default */
  temperature: number
  /** -1: the model's default */
  topP: number
  /** -1: a new one each time */
  seed: number
  /** 0: no limit but the context */
  maxTokens: number
  /** tokens; 0: the setting's default */
  contextLength: number
  messages: Message[]
}

/** ChatOptions is what Chat settings changes about a chat. */
export interface ChatOptions {
  system: string
  temperature: number
  topP: number
  seed: number
  maxTokens: number
  contextLength: number
}

/** Message is one node of a chat's tree. */
export interface Message {
  id: string
  chatId: string
  /** empty: a root */
  parentId: string
  role: 'user' | 'assistant'
  text: string
  thinking: string
  state: 'streaming' | 'done' | 'stopped' | 'failed' | 'interrupted'
  problem: Problem
  model: string
  createdAt: number
  promptTokens: number
  tokens: number
  promptTokensPerSecond: number
  tokensPerSecond: number
  timeToFirstTokenSeconds: number
  loadSeconds: number
  thinkingSeconds: number
}

/** Turn is what Send, Regenerate and Edit begin: the prompt as saved and the answer that will stream. */
export interface Turn {
  user: Message
  answer: Message
}

/** Problem is a sentence and a next step. An empty code means there is none. */
export interface Problem {
  code: string
  severity: '' | 'info' | 'warning' | 'error'
  title: string
  hint: string
}

/** Model is one set of weights in the library. */
export interface Model {
  ref: string
  name: string
  quant: string
  family: string
  architecture: string
  parameters: number
  bytes: number
  contextLength: number
  digest: string
  licenceName: string
  openSource: boolean
  source: 'starter' | 'import' | 'pull' | 'adopted' | 'derived'
  capable: string[]
  template: boolean
  path: string
  addedAt: number
  /** 0: never */
  lastUsedAt: number
}

/** Library is everything the Library page shows. */
export interface Library {
  models: Model[]
  totalBytes: number
  freeBytes: number
  folder: string
  starter: Starter
  /** LoRA adapters, which change a model and do not run alone */
  adapters: AdapterRow[]
}

/** Starter is the small model that comes with the app. */
export interface Starter {
  ref: string
  name: string
  bytes: number
  installed: boolean
  /** its file is at hand, so it can be added with no network */
  available: boolean
}

/** CPU is the processor. */
export interface CPU {
  model: string
  physicalCores: number
  logicalCores: number
  features: string[]
  /** a container's quota; 0: none */
  limitCores: number
}

/** Memory is main memory, in bytes, as this process may use it. */
export interface Memory {
  totalBytes: number
  availableBytes: number
  swapTotalBytes: number
  swapFreeBytes: number
  /** a container's limit; 0: none */
  limitBytes: number
  bandwidthBytesPerSec: number
  singleCoreBytesPerSec: number
  /** 0: not measured yet */
  bandwidthMeasuredAt: number
  /** what the loaded model takes now */
  engineBytes: number
}

/** GPU is one graphics processor. Memories of several are never added up. */
export interface GPU {
  name: string
  vendor: string
  /** CUDA, ROCm, Vulkan, Metal; empty: the engine can't use it */
  backend: string
  driver: string
  totalBytes: number
  freeBytes: number
  /** whether freeBytes means something */
  freeKnown: boolean
  integrated: boolean
  /** how much of totalBytes is main memory */
  sharedBytes: number
  /** why the engine can't use it */
  note: string
}

/** Disk is where models live. */
export interface Disk {
  path: string
  totalBytes: number
  freeBytes: number
}

/** Engine is the state of the embedded engine. */
export interface Engine {
  state: 'stopped' | 'starting' | 'ready' | 'loading' | 'failed'
  /** Ollama's */
  version: string
  /** "b10488" */
  llamaCpp: string
  /** cpu, cuda … */
  backends: string[]
  networkLock: 'kernel' | 'app' | 'none'
  /** a sentence */
  lockDetail: string
  /** loaded model's reference; empty: none */
  model: string
  /** memory it takes */
  modelBytes: number
  /** 0..1 while loading */
  loadProgress: number
  /** when an idle model leaves memory; 0: never, or none loaded */
  expiresAt: number
  restarts: number
  problem: Problem
}

/** Machine is what this machine is. */
export interface Machine {
  os: string
  arch: string
  /** "ThinkPad P14s"; empty: unknown */
  host: string
  /** "Debian GNU/Linux 12" */
  system: string
  cpu: CPU
  memory: Memory
  gpus: GPU[]
  disk: Disk
  engine: Engine
  /** docker, podman, lxc …; empty: none */
  container: string
  problems: Problem[]
}

/** Pick is the first recommendation: a rule over free memory and a few known models. */
export interface Pick {
  /** "Qwen3 4B" */
  model: string
  ref: string
  quant: string
  bytes: number
  /** with an 8192-token context */
  needBytes: number
  fit: 'gpu' | 'partial' | 'ram' | 'no'
  installed: boolean
  licenceName: string
  /** short sentences */
  why: string[]
  /** how many of the known models fit */
  canRun: number
  known: number
}

/** Settings are the person's choices. */
export interface Settings {
  theme: 'system' | 'light' | 'dark'
  /** reference; empty: the last one used */
  defaultModel: string
  /** of new chats */
  systemPrompt: string
  /** -1: the model's default */
  temperature: number
  /** tokens */
  contextLength: number
  /** an idle model stays in memory this long; -1: until the app closes */
  keepAliveMinutes: number
  sendWith: 'enter' | 'ctrl-enter'
  /** 0: the engine chooses */
  threads: number
  /** speed and time under each answer */
  showFigures: boolean
  /** the Welcome page has been left once */
  welcomed: boolean
  /** bytes per second of all downloads together; 0: no limit */
  speedLimit: number
  downloadsAtOnce: number
  /** nothing may go online, not even what the person starts */
  neverOnline: boolean
}

/** About says what is running and where it keeps things. */
export interface About {
  version: string
  dataFolder: string
  logFile: string
  /** sent to other machines since the app was installed */
  bytesOut: number
}

/** StartReport says how the start went: a problem that keeps the app from working, or a notice about what was mended. */
export interface StartReport {
  problem: Problem
  notice: Problem
}

/** Task is a long piece of work that reports progress and can be cancelled. */
export interface Task {
  id: string
}

/** What a model is wanted for. */
export type Use = 'chat' | 'code' | 'reasoning' | 'vision' | 'documents'

/** How exactly the context is kept in memory. */
export type KVType = 'f16' | 'q8_0' | 'q4_0'

/** Where a model's memory comes from: the graphics processor, part of it, main memory, or nowhere. */
export type Fit = 'gpu' | 'partial' | 'ram' | 'no'

/** Where a speed comes from. */
export type Source = 'measured' | 'test drive' | 'estimated'

/** Ask is what a recommendation is for. */
export interface Ask {
  use: Use
  /** tokens */
  context: number
  kv: KVType
  /** tokens per second */
  minSpeed: number
  /** pretend that so much main memory is free; 0: what is free now */
  freeBytes: number
  licence: 'any' | 'commercial' | 'openSource'
  /** a profile's id; empty: this machine */
  machine: string
}

/** MemoryPlan is what the engine will take, in bytes. */
export interface MemoryPlan {
  weightsBytes: number
  kvBytes: number
  computeBytes: number
  totalBytes: number
}

/** Choice is one model at one quant, judged for a machine and an Ask. */
export interface Choice {
  id: string
  /** "Qwen3 4B" */
  model: string
  family: string
  quant: string
  bytes: number
  fit: Fit
  memory: MemoryPlan
  tokensPerSecond: number
  promptTokensPerSecond: number
  source: Source
  /** of the speeds, as a share */
  error: number
  /** 0..100 for the use; -1: not known */
  quality: number
  /** points */
  qualityError: number
  /** the largest that fits */
  maxContext: number
  layers: number
  layersOnGpu: number
  params: number
  activeParams: number
  licenceName: string
  openSource: boolean
  commercial: boolean
  vision: boolean
  tools: boolean
  thinking: boolean
  installed: boolean
  /** nothing else is better in speed, quality and memory at once */
  frontier: boolean
  best: boolean
  why: string[]
}

/** Rejection says why a model was left out. */
export interface Rejection {
  id: string
  model: string
  quant: string
  reason: string
  /** 0: memory is not the reason */
  shortByBytes: number
  bytes: number
  /** sentences */
  remedies: string[]
}

/** Advice is the answer to an Ask: the best first, one quant for each model that fits. */
export interface Advice {
  choices: Choice[]
  rejected: Rejection[]
  /** models */
  considered: number
  machineName: string
  /** of the largest graphics processor; 0: none */
  gpuFreeBytes: number
  ramFreeBytes: number
  /** estimates rest on this machine's own runs */
  fitted: boolean
}

/** Profile is a machine that advice can be asked for. */
export interface Profile {
  id: string
  name: string
}

/** Answer is a question about a licence and its answer in plain words. */
export interface Answer {
  question: string
  answer: string
}

/** Benchmark is a published score. */
export interface Benchmark {
  name: string
  value: number
  variant: 'base' | 'instruct'
  source: string
}

/** CatalogQuant is a quant that a model can be had in. */
export interface CatalogQuant {
  name: string
  bytes: number
  /** bytes are those of a published file */
  exact: boolean
  /** what Downloads.Offer takes for it; empty: no place is known that has it */
  ref: string
}

/** CatalogModel is everything known about a model before it is downloaded. */
export interface CatalogModel {
  id: string
  name: string
  family: string
  publisher: string
  released: string
  params: number
  activeParams: number
  context: number
  architecture: string
  uses: string[]
  vision: boolean
  tools: boolean
  thinking: boolean
  runs: boolean
  /** why it does not run */
  reason: string
  licenceName: string
  openSource: boolean
  commercial: boolean
  licence: Answer[]
  benchmarks: Benchmark[]
  /** about the benchmarks; empty: none */
  warning: string
  quants: CatalogQuant[]
  /** its name there; empty: none */
  ollama: string
  repositories: string[]
  notes: string[]
}

/** FitAsk asks the engine for its own plan. */
export interface FitAsk {
  id: string
  quant: string
  context: number
  kv: KVType
}

/** FitAnswer is the engine's plan for a weightless copy, against what is free now. */
export interface FitAnswer {
  fit: Fit
  memory: MemoryPlan
  shortByBytes: number
  maxContext: number
  remedies: string[]
}

/** DriveResult is one run kept on this machine. */
export interface DriveResult {
  id: string
  quant: string
  source: Source
  promptTokensPerSecond: number
  tokensPerSecond: number
  spread: number
  peakMemoryBytes: number
  loadSeconds: number
  diskBytes: number
  seconds: number
  partial: boolean
  /** Other programs kept the processors busy. */
  disturbed: boolean
  /** The processor or graphics processor that ran it. */
  device: string
  threads: number
  /** Of a graphics processor; empty: none, or unknown. */
  driver: string
  /** "ac", "battery"; empty: unknown. */
  power: string
  at: number
}

/** Price is what an API asks, in US dollars per million tokens. */
export interface Price {
  model: string
  provider: string
  input: number
  output: number
  date: string
  source: string
}

/** SumsAsk are the assumptions of the cost sums; every one can be changed. */
export interface SumsAsk {
  inputTokensPerDay: number
  outputTokensPerDay: number
  /** dollars per million tokens */
  inputPrice: number
  /** dollars per million tokens */
  outputPrice: number
  tokensPerSecond: number
  promptTokensPerSecond: number
  /** while it works */
  watts: number
  /** dollars */
  pricePerKwh: number
  /** dollars; 0: it is there anyway */
  hardwarePrice: number
  hardwareYears: number
}

/** SumsAnswer is what a month costs, in dollars. */
export interface SumsAnswer {
  apiPerMonth: number
  electricityPerMonth: number
  hardwarePerMonth: number
  ownPerMonth: number
  /** that the machine works; over 24 it can't keep up */
  hoursPerDay: number
  /** until the hardware has paid for itself; -1: never */
  breakEvenMonths: number
}

/** BitsRow is memory for weights alone at one precision, in bytes. */
export interface BitsRow {
  bits: number
  bytes: number
}

/** ChatDelta is text that an answer grew by. */
export interface ChatDelta {
  /** of the message */
  id: string
  chatId: string
  seq: number
  /** length of the text before this delta, in UTF-16 units: a gap means refetch */
  offset: number
  text: string
  thinking: string
  /** for thinking what offset is for text */
  thinkingOffset: number
}

/** ChatPhase says what an answer waits for. */
export interface ChatPhase {
  id: string
  chatId: string
  seq: number
  /** starting (the engine), loading (the model), reading (the prompt), writing */
  phase: 'starting' | 'loading' | 'reading' | 'writing'
  /** 0..1; -1: unknown */
  progress: number
}

/** ChatEnd says that an answer is stored in its final state. Fetch it by Chats.Message. */
export interface ChatEnd {
  id: string
  chatId: string
  seq: number
  state: Message['state']
}

/** Changed says that something was stored; fetch it again. */
export interface Changed {
  id: string
  seq: number
}

/** What a Task does. */
export type TaskKind =
  'import' | 'starter' | 'bandwidth' | 'testdrive' | 'verify' | 'repair' | 'adopt' | 'move' | 'export' | 'blind'

/** TaskProgress reports on a Task. */
export interface TaskProgress {
  id: string
  seq: number
  kind: TaskKind
  done: number
  /** 0: unknown */
  total: number
  /** "Checking", "Copying" */
  label: string
}

/** TaskEnd ends a Task. An empty problem code means it succeeded. */
export interface TaskEnd {
  id: string
  seq: number
  kind: TaskKind
  /** the reference of an imported model; "id:quant" of a test drive */
  result: string
  problem: Problem
}

/** The events by name, each with its payload. */
export interface Events {
  'chat:delta': ChatDelta
  'chat:phase': ChatPhase
  'chat:finished': ChatEnd
  'chats:changed': Changed
  'engine:changed': Changed
  'library:changed': Changed
  'drives:changed': Changed
  'downloads:changed': Changed
  'download:progress': Download
  'download:finished': Download
  'lab:changed': Changed
  'lab:progress': LabProgress
  'side:delta': SideDelta
  'task:progress': TaskProgress
  'task:finished': TaskEnd
}

export type EventName = keyof Events

/** An event with its name, as states apply it. */
export type AppEvent = { [K in EventName]: { name: K; data: Events[K] } }[EventName]

/** What a rejected call says: a sentence and a next step. */
export interface Failure {
  code: string
  message: string
  hint: string
}
