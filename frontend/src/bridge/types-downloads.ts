import type { Answer, CatalogModel, Choice, Problem } from './types'

/** Offer is what a reference can bring: read from the place itself, and not a byte of the weights. */
export interface Offer {
  /** what Downloads.Start takes */
  ref: string
  name: string
  quant: string
  /** where the bytes come from */
  host: string
  /** to be fetched; what is here already is not counted */
  bytes: number
  /** of all files */
  totalBytes: number
  /** on the library's disk */
  freeBytes: number
  shortByBytes: number
  files: OfferFile[]
  /** when the reference leaves open which; else empty */
  choices: OfferChoice[]
  licenceName: string
  openSource: boolean
  /** in plain words; empty: not known */
  licence: Answer[]
  /** its own words; empty: not given */
  licenceText: string
  /** the licence asks for it, and the person has not yet */
  mustAccept: boolean
  /** the publisher asks for a sign-in and a token */
  gated: boolean
  /** where that is done; empty: not gated */
  gateAddress: string
  /** a Hugging Face token is kept */
  tokenSet: boolean
  /** the library's reference; empty: not there */
  installed: string
  /** of a download of the same that is in the list; empty: none */
  downloadId: string
  /** the place gives none, so only the size can be compared */
  noChecksum: boolean
  notes: string[]
}

export type FileKind = 'model' | 'projector' | 'adapter' | 'template' | 'licence' | 'parameters' | 'other'

/** OfferFile is one file of an Offer. */
export interface OfferFile {
  name: string
  kind: FileKind
  bytes: number
  /** in the library already */
  here: boolean
}

/** OfferChoice is one of several models that a reference may mean. */
export interface OfferChoice {
  ref: string
  quant: string
  /** 0: not known */
  bytes: number
}

export type DownloadState = 'queued' | 'running' | 'waiting' | 'finishing' | 'paused' | 'failed' | 'done'

/** Download is one model on its way into the library. */
export interface Download {
  id: string
  seq: number
  ref: string
  name: string
  quant: string
  host: string
  state: DownloadState
  done: number
  total: number
  /** 0: not known, or not running */
  bytesPerSecond: number
  /** -1: not known */
  secondsLeft: number
  /** what a waiting one waits for, as a sentence */
  waiting: string
  /** when a waiting one tries again; 0: not known */
  retryAt: number
  /** of a failed one */
  problem: Problem
  /** the library's reference, once it is there */
  model: string
  addedAt: number
  /** 0: not ended */
  endedAt: number
}

/** Hit is a repository that a search of Hugging Face found. */
export interface Hit {
  /** "hf.co/OWNER/REPO" */
  ref: string
  owner: string
  name: string
  /** in the last 30 days */
  downloads: number
  likes: number
  /** 0: not known */
  updatedAt: number
  licenceName: string
  gated: boolean
  /** 0: not known */
  params: number
  /** tokens; 0: not known */
  context: number
}

/** Found is a model that is not in the catalog, read from its file's header alone. */
export interface Found {
  model: CatalogModel
  /** the one whose header was read */
  quant: string
  /** it, judged for this machine */
  choice: Choice
  host: string
  /** fetched for it */
  headerBytes: number
}

/** Token says whether a Hugging Face token is kept, never the token itself. */
export interface Token {
  set: boolean
  place: '' | 'keyring' | 'file'
  /** why it is not in the system's keyring; empty: it is, or there is none */
  note: string
}

/** Connection is one entry of the network ledger. */
export interface Connection {
  at: number
  why: string
  host: string
  bytesIn: number
  bytesOut: number
  failed: boolean
}

/** LedgerPage is every connection the app has made, newest first. */
export interface Ledger {
  /** the last of them */
  connections: Connection[]
  /** of all */
  count: number
  /** since the app was installed */
  bytesIn: number
  bytesOut: number
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
  templateFrom: '' | 'file' | 'layer'
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
  /** it came from a place that has it still */
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
  /** why it can't be used, as a sentence; empty: it can */
  problem: string
  /** what using it means for its bytes, in a sentence */
  keeps: string
  /** it can only be copied */
  copies: boolean
  adapter: boolean
}
