import type { Message } from '../bridge/types'

/** What a byte of text costs in tokens where no answer has told yet: most tokenizers take 3 to 5 bytes at once. */
const perByte = 0.28
/** What the marks around a message cost. */
const perMessage = 5
/** Below this many bytes the marks and the model's own prompt outweigh the words, and a prompt tells nothing of their cost. */
const telling = 200

/** Tokens of the context; `about` where some of them are estimated. */
export interface Use {
  tokens: number
  about: boolean
}

const encoder = new TextEncoder()
const sizes = new WeakMap<Message, number>()

function bytesOf(text: string): number {
  return encoder.encode(text).length
}

/** Messages are replaced, never changed, so each is measured once. */
function sizeOf(message: Message): number {
  const known = sizes.get(message)
  if (known !== undefined) return known
  const size = bytesOf(message.text)
  sizes.set(message, size)
  return size
}

function costOf(message: Message, rate: number): number {
  return message.text ? sizeOf(message) * rate + perMessage : 0
}

/** Whether the engine has counted the prompt of an answer and the answer itself. */
function counted(message: Message): boolean {
  return message.role === 'assistant' && message.state !== 'streaming' && message.promptTokens > 0
}

/** What a byte costs in tokens: as the engine counted it last for these messages, or as usual. */
export function tokensPerByte(shown: readonly Message[], system: string): number {
  const last = shown.findLastIndex(counted)
  const answer = shown[last]
  if (!answer) return perByte
  const bytes = shown.slice(0, last).reduce((sum, m) => sum + sizeOf(m), bytesOf(system))
  if (bytes < telling) return perByte
  return Math.min(1, Math.max(0.1, (answer.promptTokens - perMessage * (last + 1)) / bytes))
}

/** What a chat takes of the context: the engine's own count as far as there is one, and an estimate of what came after. */
export function contextUse(shown: readonly Message[], system: string): Use {
  const rate = tokensPerByte(shown, system)
  const last = shown.findLastIndex(counted)
  const answer = shown[last]
  const known = answer ? answer.promptTokens + answer.tokens : bytesOf(system) * rate
  const later = shown.slice(last + 1)
  const tokens = Math.round(later.reduce((sum, m) => sum + costOf(m, rate), known))
  return { tokens, about: tokens > 0 && (later.length > 0 || !answer) }
}

/** About what a text costs as the next message. */
export function draftTokens(draft: string, rate: number): number {
  return draft.trim() ? Math.round(bytesOf(draft) * rate) + perMessage : 0
}

/** The shortest usual length that holds `tokens` and an answer, at most `most`; 0: there is none. */
export function lengthFor(tokens: number, most: number): number {
  const needed = tokens * 1.1 + 512
  if (needed > most) return tokens < most ? most : 0
  return Math.min(most, 2 ** Math.ceil(Math.log2(needed)))
}
