/** From this many characters on a text is kept beside the message field: WebKitGTK takes half a second to paste 200,000. */
export const longFrom = 10_000

/** A message that is being written: what stands in its field, and the long text that goes after it. */
export interface Draft {
  typed: string
  pasted: string
}

export const noDraft: Draft = { typed: '', pasted: '' }

/** The message as it is stored and sent. */
export function whole({ typed, pasted }: Draft): string {
  return typed && pasted ? `${typed}\n\n${pasted}` : typed + pasted
}

/** A stored message with its long part apart, which is what follows its first paragraph. `whole` gives the same text again. */
export function folded(text: string): Draft {
  if (text.length < longFrom) return { typed: text, pasted: '' }
  const end = text.indexOf('\n\n')
  if (end <= 0 || end >= longFrom || text.length - end < longFrom) return { typed: '', pasted: text }
  return { typed: text.slice(0, end), pasted: text.slice(end + 2) }
}
