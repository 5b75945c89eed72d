import type { Problem } from './common'

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

/** Range is what a number may be. */
export interface Range {
  least: number
  most: number
}

/** Limits are what the settings may be, and what they are at a fresh start. */
export interface Limits {
  defaults: Settings
  /** tokens */
  contextLength: Range
  /** -1: until the app closes */
  keepAliveMinutes: Range
  downloadsAtOnce: Range
  /** 0: the engine chooses */
  threads: Range
  /** -1 beside it: the model's default */
  maxTemperature: number
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
