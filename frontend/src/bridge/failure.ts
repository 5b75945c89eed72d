import type { Failure } from './types'

/** What is said of a failure that says nothing itself. */
export const unexplained = {
  message: 'Something went wrong.',
  hint: 'Try again. If it happens again, the log on the Machine page says more.',
} as const

/** A call that failed, with a sentence for the person and, when there is one, a next step. */
export class BridgeError extends Error {
  readonly code: string
  readonly hint: string

  constructor(failure: Failure) {
    super(failure.message)
    this.name = 'BridgeError'
    this.code = failure.code
    this.hint = failure.hint
  }
}

/** Reads what a bound call rejected with: a JSON string, as the window sends it, or anything at all. */
export function toBridgeError(reason: unknown): BridgeError {
  if (reason instanceof BridgeError) return reason
  const raw = typeof reason === 'string' ? reason : reason instanceof Error ? reason.message : ''
  try {
    const parsed: unknown = JSON.parse(raw)
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') {
      return new BridgeError({
        code: 'code' in parsed && typeof parsed.code === 'string' ? parsed.code : 'unknown',
        message: parsed.message,
        hint: 'hint' in parsed && typeof parsed.hint === 'string' ? parsed.hint : '',
      })
    }
  } catch {
    // Not JSON: the text below is all a person could use.
  }
  return new BridgeError({ code: 'unknown', ...unexplained })
}
