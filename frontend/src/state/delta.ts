import type { ChatDelta, Message } from '../bridge/types'

/** What a delta does to a message: it grows, it stays (the text was there already), or text before it is missing. */
export type Applied = { kind: 'grown'; message: Message } | { kind: 'known' } | { kind: 'gap' }

/** Applies text that an answer grew by. Offsets count UTF-16 units, as string lengths do here. */
export function applyDelta(message: Message, delta: ChatDelta): Applied {
  if (message.state !== 'streaming') return { kind: 'known' }
  if (delta.offset > message.text.length || delta.thinkingOffset > message.thinking.length) return { kind: 'gap' }
  const text = delta.text.slice(message.text.length - delta.offset)
  const thinking = delta.thinking.slice(message.thinking.length - delta.thinkingOffset)
  if (!text && !thinking) return { kind: 'known' }
  return {
    kind: 'grown',
    message: { ...message, text: message.text + text, thinking: message.thinking + thinking },
  }
}

/** Of two states of the same answer the one that knows more: an ended one, else the longer one. */
export function newer(shown: Message | undefined, other: Message): Message {
  if (!shown || other.state !== 'streaming') return other
  const length = (m: Message) => m.text.length + m.thinking.length
  return shown.state !== 'streaming' || length(shown) > length(other) ? shown : other
}
