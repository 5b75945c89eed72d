import type { Answer, FileKind, Problem } from './common'
import type { CatalogModel, Choice } from './discover'

/** Offer is what a reference can bring: read from the server itself, without a byte of the model. */
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
  /** the source gives none, so only the size can be compared */
  noChecksum: boolean
  notes: string[]
}

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

/** Online is what is connected now. */
export interface Online {
  seq: number
  /** what connections are open for, at most eight; empty: the app is offline */
  open: OpenReason[]
  /** sent since the app was installed */
  bytesOut: number
}

/** OpenReason is what one or more open connections are for. */
export interface OpenReason {
  kind: 'download' | 'lookup' | 'header' | 'search'
  /** the reference, or what was searched for */
  of: string
  host: string
  connections: number
  since: number
  /** of these connections, so far */
  bytesIn: number
  bytesOut: number
}
