// What several pages share.
//
// The types that cross from the window’s Go side: the same names, fields and units as package app.
// Times are milliseconds since 1970, sizes are bytes, speeds are tokens per second.

/** Problem is a sentence and a next step. An empty code means there is none. */
export interface Problem {
  code: string
  severity: '' | 'info' | 'warning' | 'error'
  title: string
  hint: string
}

/** Task is a long piece of work that reports progress and can be cancelled. */
export interface Task {
  id: string
}

/** How exactly the context is kept in memory. */
export type KVType = 'f16' | 'q8_0' | 'q4_0'

/** Where a model's memory comes from: the graphics processor, part of it, main memory, or nowhere. */
export type Fit = 'gpu' | 'partial' | 'ram' | 'no'

/** Where a speed comes from. */
export type Source = 'measured' | 'test drive' | 'estimated'

/** Answer is a question about a licence and its answer in plain words. */
export interface Answer {
  question: string
  answer: string
}

/** Changed says that something was stored; fetch it again. */
export interface Changed {
  id: string
  seq: number
}

/** What a rejected call says: a sentence and a next step. */
export interface Failure {
  code: string
  message: string
  hint: string
}

export type FileKind = 'model' | 'projector' | 'adapter' | 'template' | 'licence' | 'parameters' | 'other'
