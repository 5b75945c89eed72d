// Generated from app/events.go by 'go generate ./app'. Do not edit.

export interface ChatDelta {
  id: string
  chatId: string
  seq: number
  offset: number
  text: string
  thinking: string
  thinkingOffset: number
}

export interface ChatPhase {
  id: string
  chatId: string
  seq: number
  phase: string
  progress: number
  behind: string
}

export interface ChatEnd {
  id: string
  chatId: string
  seq: number
  state: string
}

export interface Changed {
  id: string
  seq: number
}

export interface LabProgress {
  id: string
  seq: number
  stage: string
  row: string
  label: string
  share: number
  left: number
  most: number
  again: string
  try: number
  tries: number
}

export interface SideDelta {
  id: string
  seq: number
  column: number
  state: string
  offset: number
  text: string
}

export interface TaskProgress {
  id: string
  seq: number
  kind: string
  done: number
  total: number
  label: string
  of: string
  waits: string
  left: number
  startedAt: number
}

export interface Problem {
  code: string
  severity: string
  title: string
  hint: string
}

export interface TaskEnd {
  id: string
  seq: number
  kind: string
  result: string
  problem: Problem
}

export interface Download {
  id: string
  seq: number
  ref: string
  name: string
  quant: string
  host: string
  state: string
  done: number
  total: number
  bytesPerSecond: number
  secondsLeft: number
  waiting: string
  retryAt: number
  problem: Problem
  model: string
  addedAt: number
  endedAt: number
}

export interface OpenReason {
  kind: string
  of: string
  host: string
  connections: number
  since: number
  bytesIn: number
  bytesOut: number
}

export interface Online {
  seq: number
  open: OpenReason[]
  bytesOut: number
}

/** The events by name, each with its payload as the window sends it. */
export interface Payloads {
  'chat:delta': ChatDelta
  'chat:phase': ChatPhase
  'chat:finished': ChatEnd
  'chats:changed': Changed
  'engine:changed': Changed
  'library:changed': Changed
  'drives:changed': Changed
  'plans:changed': Changed
  'files:dropped': Changed
  'lab:changed': Changed
  'lab:progress': LabProgress
  'side:delta': SideDelta
  'task:progress': TaskProgress
  'task:finished': TaskEnd
  'page:asked': Changed
  'page:closing': Changed
  'downloads:changed': Changed
  'download:progress': Download
  'download:finished': Download
  'network:changed': Online
}

export const eventNames = [
  'chat:delta',
  'chat:phase',
  'chat:finished',
  'chats:changed',
  'engine:changed',
  'library:changed',
  'drives:changed',
  'plans:changed',
  'files:dropped',
  'lab:changed',
  'lab:progress',
  'side:delta',
  'task:progress',
  'task:finished',
  'page:asked',
  'page:closing',
  'downloads:changed',
  'download:progress',
  'download:finished',
  'network:changed',
] as const satisfies readonly (keyof Payloads)[]
