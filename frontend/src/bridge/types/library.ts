import type { Answer, FileKind } from './common'

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
  /** why the engine can't run it, and what to do, as sentences; empty: it can */
  problem: string
  /** what may go wrong in a chat with it, as sentences; empty: nothing that is known */
  caution: string
  /** another chat template would mend what is said there */
  wantsTemplate: boolean
  path: string
  addedAt: number
  /** 0: never */
  lastUsedAt: number
}

/** ModelMemory is what a model takes in memory, with the context that a new chat would have. */
export interface ModelMemory {
  ref: string
  bytes: number
  context: number
  /** by the engine itself; false: calculated */
  planned: boolean
  /** of the bytes, the part that sees images; 0: it has none */
  sees: number
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

/** ModelDetails is what the Library page shows of one model beyond its row. */
export interface ModelDetails {
  ref: string
  layers: number
  embedding: number
  vocabulary: number
  /** 0: not a mixture */
  experts: number
  expertsUsed: number
  bitsPerWeight: number
  /** most bytes first */
  mix: TypeShare[]
  template: string
  /** empty: none */
  templateFrom: '' | 'file' | 'layer' | 'chosen'
  /** how it compares with the known one; empty: nothing to say */
  templateNote: string
  licence: Answer[]
  licenceText: string
  /** the reference or path it came from; empty: not known */
  origin: string
  files: ModelFile[]
  /** what removing it would free */
  freesBytes: number
  /** 0: not since it came */
  verifiedAt: number
  notes: string[]
}

/** TemplateChoices are the chat templates that can be chosen for a model. */
export interface TemplateChoices {
  ref: string
  /** a family's id, or "custom"; empty: the model's own */
  chosen: string
  /** of what was chosen, in the engine's language */
  text: string
  /** those that fit its vocabulary first */
  families: TemplateFamily[]
}

/** TemplateFamily is a chat template that many models share. */
export interface TemplateFamily {
  id: string
  name: string
  text: string
  /** what of it the model's vocabulary has: its markers, no need of any, or not its markers */
  fits: 'markers' | 'text' | 'no'
}

/** TypeShare is how much of a model is stored in one type. */
export interface TypeShare {
  type: string
  tensors: number
  bytes: number
  params: number
}

/** ModelFile is one file of a model. */
export interface ModelFile {
  kind: FileKind
  path: string
  bytes: number
  digest: string
  /** another model or app uses the same bytes */
  shared: boolean
}

/** Damage is a model whose bytes are not what they were. */
export interface Damage {
  ref: string
  reason: string
  /** its source has it still */
  repairable: boolean
}

/** VerifyReport is the result of a check. */
export interface VerifyReport {
  models: number
  /** 0: never */
  at: number
  bad: Damage[]
}

/** AdapterRow is a LoRA adapter in the library. */
export interface AdapterRow {
  ref: string
  name: string
  /** the architecture of the models that it fits; empty: not said */
  base: string
  bytes: number
  addedAt: number
}

/** OtherApp is an app whose models were found on this machine. */
export interface OtherApp {
  name: string
  folder: string
  models: OtherModel[]
}

/** OtherModel is a model that another app has. */
export interface OtherModel {
  path: string
  name: string
  quant: string
  bytes: number
  /** the library's reference; empty: not in the library */
  installed: string
  /** it only looks like that one: its weights were not compared */
  alike: boolean
  /** why it can't be used, as a sentence; empty: it can */
  problem: string
  /** what using it means for its bytes, in a sentence */
  keeps: string
  /** it can only be copied */
  copies: boolean
  adapter: boolean
}
