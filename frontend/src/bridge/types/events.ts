import type { ChatDelta, ChatEnd, ChatPhase } from './chats'
import type { Changed, Problem } from './common'
import type { Download } from './downloads'
import type { LabProgress, SideDelta } from './lab'

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
