import type { Answer, Fit, KVType, Source } from './common'

/** What a model is wanted for. */
export type Use = 'chat' | 'code' | 'reasoning' | 'vision' | 'documents'

/** Ask is what a recommendation is for. */
export interface Ask {
  use: Use
  /** tokens */
  context: number
  kv: KVType
  /** tokens per second; 0: any */
  minSpeed: number
  /** pretend that so much main memory is free; 0: what is free now */
  freeBytes: number
  licence: 'any' | 'commercial' | 'openSource'
  /** a good answer and soon, or the best one however long it takes */
  prefer: 'balance' | 'quality'
  /** a profile's id; empty: this machine */
  machine: string
}

/** MemoryPlan is what the engine will take, in bytes. */
export interface MemoryPlan {
  weightsBytes: number
  kvBytes: number
  computeBytes: number
  totalBytes: number
  /** of the working memory, the part that sees images; 0: it has none */
  seesBytes: number
}

/** Figure is a number with how far off it may be, as a share. */
export interface Figure {
  value: number
  error: number
  /** the weakest of what it rests on; empty: there is no figure */
  source: Source | ''
}

/** Times are what a person waits for, in seconds, with the model loaded. The first word of an answer comes after the
 * thoughts of a model that thinks. 0: no speed is known. */
export interface Times {
  /** to the first word, for a prompt of 100 tokens */
  firstShort: Figure
  /** for one of 4,000 tokens */
  firstLong: Figure
  /** the whole of a typical answer, with the asked context full */
  answer: Figure
  /** thoughts before that answer; 0: it does not think */
  thinkTokens: Figure
  /** from the person’s own answers; false: assumed */
  thinkOwn: boolean
  /** tokens a second that it writes with the asked context full */
  full: Figure
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
  /** memory is the engine's own plan; false: calculated */
  planned: boolean
  tokensPerSecond: number
  promptTokensPerSecond: number
  source: Source
  /** of tokensPerSecond, as a share */
  error: number
  promptError: number
  /** other programs kept the processors busy during the run */
  disturbed: boolean
  times: Times
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
  cause: 'unrunnable' | 'use' | 'licence' | 'context' | 'memory' | 'disk' | 'slow'
  reason: string
  /** 0: memory is not the reason */
  shortByBytes: number
  bytes: number
  /** how many times the memory, the disk or the speed it would take that there is; 0: none of these is the reason */
  miss: number
  /** sentences */
  remedies: string[]
}

/** QuantVerdict is how one quant of a model would run as asked, judged for itself: whether another is better is not asked. */
export interface QuantVerdict {
  quant: string
  /** to download */
  bytes: number
  /** in the library */
  installed: boolean
  /** empty: it runs as asked */
  cause: Rejection['cause'] | ''
  /** the cause as a sentence */
  reason: string
  /** sentences */
  remedies: string[]
  /** empty: not asked, because of the cause */
  fit: Fit | ''
  memory: MemoryPlan
  /** memory is the engine's own plan; false: calculated */
  planned: boolean
  shortByBytes: number
  maxContext: number
  layers: number
  layersOnGpu: number
  /** 0: it does not fit */
  tokensPerSecond: number
  promptTokensPerSecond: number
  /** empty: no speed */
  source: Source | ''
  /** of the speeds, as a share */
  error: number
  disturbed: boolean
}

/** Advice is the answer to an Ask: the best first, one quant for each model that fits; of what was left out, the nearest
 * miss first. */
export interface Advice {
  choices: Choice[]
  rejected: Rejection[]
  /** models */
  considered: number
  /** of the typical machine that was asked about; empty: this one */
  machineName: string
  /** of the largest graphics processor; 0: none */
  gpuFreeBytes: number
  ramFreeBytes: number
  /** estimates rest on this machine's own runs */
  fitted: boolean
  /** the test drives that they rest on and that no undisturbed run is kept of, as id:quant */
  missing: string[]
}

/** Profile is a machine that advice can be asked for. */
export interface Profile {
  id: string
  name: string
}

/** Benchmark is a published score. */
export interface Benchmark {
  name: string
  value: number
  /** what it is the score of; empty: of this model */
  variant: string
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

/** FitAsk is what the engine is asked to plan, or to run: a model with so many tokens of context. */
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
  times: Times
}

/** Deep is how fast a model is after so many tokens. No depth: not measured. */
export interface Deep {
  depth: number
  tokensPerSecond: number
  /** 0: not measured */
  promptTokensPerSecond: number
  spread: number
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
  /** The processor of another machine that ran it; empty: this machine. */
  elsewhere: string
  /** Another version of the engine ran it. */
  older: boolean
  /** Other weights bear this name now. */
  replaced: boolean
  /** Type of the KV cache; empty: not noted. */
  kv: KVType | ''
  deep: Deep
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
  /** asked now; false: asked before, or from a later day on */
  current: boolean
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
  /** of the machine's price, that it still sells for after these years */
  resaleShare: number
  /** dollars */
  rentPerHour: number
  /** less than it works: as long as it works */
  rentHoursPerDay: number
  /** with all requests at once */
  rentTokensPerSecond: number
  rentPromptTokensPerSecond: number
}

/** Usage is how much somebody has a model read and write in a day. */
export interface Usage {
  id: 'own' | 'light' | 'daily' | 'heavy' | 'service'
  messagesPerDay: number
  inputTokensPerDay: number
  outputTokensPerDay: number
  /** of chats on this machine that it rests on; 0: assumed */
  days: number
}

/** SumsStart is what the cost calculator begins with. */
export interface SumsStart {
  ask: SumsAsk
  /** whose speeds these are, the pick for this machine; empty: assumed */
  model: string
  /** they were measured here */
  measured: boolean
  /** what measured watts here; empty: assumed */
  power: string
  /** the person's own first, where there is one */
  usages: Usage[]
  /** that can be rented; ask begins with the first */
  cards: RentedCard[]
  /** from where on a model writes as fast as people read, in tokens per second */
  readingSpeed: number
}

/** RentedCard is a machine that can be rented by the hour. */
export interface RentedCard {
  id: 'large' | 'small'
  rentPerHour: number
  rentTokensPerSecond: number
  rentPromptTokensPerSecond: number
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
  /** of a machine rented by the hour; -1: it can't keep up */
  rentPerMonth: number
}

/** BitsRow is memory for weights alone at one precision, in bytes. */
export interface BitsRow {
  bits: number
  bytes: number
}
