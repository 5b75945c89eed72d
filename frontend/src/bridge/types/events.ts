import type { ChatDelta, ChatEnd, ChatPhase } from './chats'
import type { Changed, Problem } from './common'
import type { Download, Online } from './downloads'
import type { LabProgress, SideDelta } from './lab'

/** What a Task does. */
export type TaskKind =
  | 'import'
  | 'starter'
  | 'bandwidth'
  | 'agree'
  | 'tune'
  | 'testdrive'
  | 'verify'
  | 'repair'
  | 'adopt'
  | 'move'
  | 'export'
  | 'blind'
  | 'fit'
  | 'compare'

/** TaskProgress reports on a Task: when it begins, and as it goes on. */
export interface TaskProgress {
  id: string
  seq: number
  kind: TaskKind
  done: number
  /** 0: unknown */
  total: number
  /** "Checking", "Copying" */
  label: string
  /** what it works on, as a person knows it; empty: the label says it all */
  of: string
  /** what it waits for: the end of an answer, mains power, processors that other programs leave alone; empty: it works */
  waits: '' | 'answer' | 'mains' | 'programs'
  /** seconds to the end, about; -1: not known */
  left: number
  startedAt: number
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
  /** the engine has planned a model that it had not */
  'plans:changed': Changed
  'files:dropped': Changed
  'downloads:changed': Changed
  'download:progress': Download
  'download:finished': Download
  'network:changed': Online
  'lab:changed': Changed
  'lab:progress': LabProgress
  'side:delta': SideDelta
  'task:progress': TaskProgress
  'task:finished': TaskEnd
  'page:asked': Changed
  'page:closing': Changed
}

export type EventName = keyof Events

/** An event with its name, as states apply it. */
export type AppEvent = { [K in EventName]: { name: K; data: Events[K] } }[EventName]
