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
  /** 0: as many as the machine allows */
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
  /** percent that the whole page is shown at */
  textSize: number
  /** that the window opens on: last (chat), new (chat), discover, library, lab, machine */
  startPage: 'last' | 'new' | 'discover' | 'library' | 'lab' | 'machine'
}

/** Range is what a number may be. */
export interface Range {
  least: number
  most: number
}

/**
 * Limits are what the settings and a chat's options may be, and what the settings are at a fresh start. Both lowest
 * values of temperature and top-p are 0; -1 beside them, and beside the seed, means the model's default.
 */
export interface Limits {
  defaults: Settings
  /** tokens */
  contextLength: Range
  /** tokens; 0 beside it: no limit */
  answerLength: Range
  seed: Range
  maxTemperature: number
  maxTopP: number
  maxMinP: number
  /** 0: all tokens */
  topK: Range
  leastRepeatPenalty: number
  maxRepeatPenalty: number
  /** -1: until the app closes */
  keepAliveMinutes: Range
  downloadsAtOnce: Range
  /** 0: as many as the machine allows */
  threads: Range
  /** percent */
  textSize: Range
  /** the window shows the page at that size; else the page has to */
  windowZooms: boolean
}

/** About says what is running and where it keeps things. */
export interface About {
  version: string
  dataFolder: string
  logFile: string
  /** sent to other machines since the app was installed */
  bytesOut: number
  /** Ollama's version */
  engine: string
  /** "b10488" */
  llamaCpp: string
}

/**
 * StartReport says how the start went: a problem that keeps the app from working, a notice about what was mended, and
 * what a page that is loaded again goes on with.
 */
export interface StartReport {
  problem: Problem
  notice: Problem
  /** an earlier page had stopped, and this is the one loaded in its place */
  again: boolean
  /** what the page last kept by `page.keep`; empty at the first start */
  kept: string
  /** what pages stored by `page.store`, by name */
  stored: Record<string, string>
}
