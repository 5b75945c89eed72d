// The quant lab. -1: not known.
import type { Problem } from './common'

/** LabModel is a model of the library that can be compared. */
export interface LabModel {
  ref: string
  name: string
  quant: string
  /** models of the same family can be compared: same shape and vocabulary */
  family: string
  bytes: number
  context: number
  parameters: number
  /** precise enough to make other quants from */
  precise: boolean
}

/** LabSetup is what a comparison can be made of. */
export interface LabSetup {
  models: LabModel[]
  /** that there are built-in prompts for */
  uses: string[]
  kv: string[]
  contexts: number[]
  /** interleaved runs of each, when nothing else is asked */
  rounds: number
}

/** LabQuant is a quant that could be made from a model, with its size foretold. */
export interface LabQuant {
  quant: string
  bytes: number
  /** the library has it already; empty: it would be made */
  ref: string
  /** what it can't be; empty: nothing to say */
  note: string
  /** made from a quant, so that its losses come on top */
  secondHand: boolean
  /** it needs an importance matrix, and so a text */
  matrix: boolean
  /** why it can't be made; empty: it can */
  refused: string
}

/** LabText is a text file to measure on. An empty path: none was chosen. */
export interface LabText {
  path: string
  name: string
  bytes: number
}

/** CompareAsk is a comparison to run. */
export interface CompareAsk {
  reference: string
  /** models of the library */
  refs: string[]
  /** quants to make from the reference first */
  make: string[]
  /** path of a text for an importance matrix; empty: none */
  matrix: string
  /** path of a text; empty: answers of the reference to built-in prompts */
  text: string
  /** types of the KV cache */
  kv: string[]
  /** tokens */
  contexts: number[]
  /** 0: as many as usual */
  rounds: number
}

export type LabState = 'running' | 'done' | 'cancelled' | 'failed'

/** LabSummary is a row of the kept comparisons. */
export interface LabSummary {
  id: string
  title: string
  state: LabState
  at: number
  rows: number
  /** label of the row that the verdict names; empty: none */
  pick: string
  disturbed: boolean
}

/** LabSpeed is tokens per second at a number of tokens: median, least and most of all rounds. */
export interface LabSpeed {
  tokens: number
  median: number
  low: number
  high: number
}

/** LabRow is one variant of a comparison: a quant with a type and a length of the KV cache. */
export interface LabRow {
  id: string
  /** "Q4_K_M", or "Q4_K_M, q8_0 at 32k" where these differ */
  label: string
  ref: string
  quant: string
  kv: string
  context: number
  reference: boolean
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  problem: Problem
  bytes: number
  loadSeconds: number
  /** resident memory of the engine */
  peakBytes: number
  /** the engine's own account */
  engineBytes: number
  kvBytes: number
  /** prompt tokens per second by length */
  reads: LabSpeed[]
  /** generated tokens per second by depth */
  writes: LabSpeed[]
  /** seconds to the first token */
  first: number
  // Quality against the reference. Errors are standard errors.
  perplexity: number
  perplexityError: number
  /** 0: what is measured can’t be told from none */
  kld: number
  kldError: number
  kld99: number
  /** share, 0..1 */
  sameTop: number
  sameTopError: number
  joulesPerToken: number
  /** where that comes from, or why it is not known */
  energy: string
  /** what disturbed it; empty: nothing */
  disturbed: string
  /** nothing is better in quality, memory and speed at once */
  frontier: boolean
  pick: boolean
}

/** LabVerdict is what the figures say, in plain words. */
export interface LabVerdict {
  /** "Use Q4_K_M."; empty: no verdict yet */
  title: string
  text: string
  /** where it comes from: "measured, ±3%" */
  tag: string
}

/** LabComparison is one comparison with all its rows. */
export interface LabComparison {
  id: string
  title: string
  state: LabState
  problem: Problem
  /** label of the row that is the measure */
  reference: string
  startedAt: number
  seconds: number
  /** "2 cores, AMD EPYC" */
  machine: string
  engine: string
  driver: string
  /** what was measured on, in words */
  text: string
  textTokens: number
  rounds: number
  /** why the whole run can't be trusted; empty: it can */
  disturbance: string[]
  /** requantized quants, tensors that fell back */
  notes: string[]
  verdict: LabVerdict
  rows: LabRow[]
}

/** LabProgress says where a comparison is. */
export interface LabProgress {
  /** of the comparison */
  id: string
  seq: number
  /** text, matrix, quantize, publish, plan, quality, warm, speed, done */
  stage: string
  /** id of the row at work; empty: all of them */
  row: string
  /** "Measuring Q4_K_M, round 2 of 3" */
  label: string
  /** 0..1; -1: unknown */
  share: number
  /** seconds to the end, at the least; -1: not known yet */
  left: number
  /** seconds to the end, at the most; -1: not known yet */
  most: number
  /** why a run is repeated; empty: none is */
  again: string
  /** which run of the row at work it is, from 1 */
  try: number
  /** how many there are at the most */
  tries: number
}

/** BlindAsk begins a blind test. */
export interface BlindAsk {
  /** two to four models */
  refs: string[]
  /** whose prompts; empty: the person's own */
  use: string
  tokens: number
}

/** BlindVariant is one of the models under test. Where its answer stands nobody is told before the end. */
export interface BlindVariant {
  ref: string
  name: string
  quant: string
}

/**
 * BlindPoint is the evidence after one round: the share of the votes that went to one of the variants, with its interval. Which one it is the end tells.
 */
export interface BlindPoint {
  round: number
  share: number
  low: number
  high: number
}

/** BlindTally is a variant's result, known after the end. */
export interface BlindTally {
  ref: string
  label: string
  wins: number
  share: number
  low: number
  high: number
}

/**
 * BlindVote is a past round, known after the end. Order names the variant of each answer; Choice is its index, or -1 for a tie.
 */
export interface BlindVote {
  prompt: string
  order: string[]
  choice: number
  answers: string[]
}

/**
 * BlindTest is a blind test as far as a person may see it. Before its end nothing in it says which answer is whose.
 */
export interface BlindTest {
  id: string
  /** in the order of their names */
  variants: BlindVariant[]
  use: string
  state: 'open' | 'ended'
  at: number
  /** voted */
  rounds: number
  /** after so many it ends */
  most: number
  ties: number
  /** the stop rule says that more rounds would not change the answer */
  enough: boolean
  /** the stop rule in a sentence */
  rule: string
  sentence: string
  evidence: BlindPoint[]
  // The round in hand.
  /** number of the round in hand; 0: none is ready */
  round: number
  /** at which all its answers are to be shown, in letters a second */
  pace: number
  prompt: string
  /** empty: none is ready */
  answers: string[]
  // How long answers take to be written, about, of all variants together; of a list of tests they are not known.
  /** seconds for one prompt; 0: nothing tells */
  roundSeconds: number
  /** seconds to load every model once; 0: not known */
  loadSeconds: number
  /** rounds that are written together where no prompt of the person’s own is asked */
  ahead: number
  // After the end.
  verdict: string
  /** reference; empty: none */
  winner: string
  tallies: BlindTally[]
  votes: BlindVote[]
  /** what the advisor says now; empty: nothing new */
  advice: string
}

/** SideAsk sends one prompt to two to four models. */
export interface SideAsk {
  refs: string[]
  prompt: string
  system: string
  /** -1: a new one */
  seed: number
  tokens: number
}

export type SideState = 'waiting' | 'loading' | 'reading' | 'writing' | 'done' | 'stopped' | 'failed'

/** SideColumn is one model's answer. */
export interface SideColumn {
  ref: string
  name: string
  quant: string
  state: SideState
  text: string
  thinking: string
  problem: Problem
  tokens: number
  tokensPerSecond: number
  timeToFirstTokenSeconds: number
  loadSeconds: number
}

/** SideRun is one prompt and all its answers. */
export interface SideRun {
  id: string
  prompt: string
  seed: number
  /** all run at the same time; else one after another */
  atOnce: boolean
  /** why not at once; empty: they do */
  reason: string
  running: boolean
  columns: SideColumn[]
}

/** SideDelta is text that an answer of a SideRun grew by, or a new state of it. */
export interface SideDelta {
  /** of the run */
  id: string
  seq: number
  column: number
  state: SideState
  /** length of the text before, in UTF-16 units: a gap means refetch */
  offset: number
  text: string
}

/** Adapter is a LoRA adapter of the library: a small change to a model. */
export interface Adapter {
  id: string
  name: string
  architecture: string
  bytes: number
  rank: number
  alpha: number
}

/** AdapterUse is an adapter with the strength that it is added at: 1 is as it was trained, 0 not at all. */
export interface AdapterUse {
  id: string
  scale: number
}

/** The form that the figures of a comparison are written in. */
export type LabFormat = 'json' | 'csv' | 'markdown' | 'llama-bench'
