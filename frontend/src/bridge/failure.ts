import { text } from '../lib/text'
import { BridgeError } from './bridge'

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
  return new BridgeError({ code: 'unknown', message: text.failure.unknown, hint: text.failure.unknownHint })
}
