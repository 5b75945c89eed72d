// What one answer says otherwise than another, word by word.
import { diffWordsWithSpace } from 'diff'

export interface Piece {
  text: string
  /** same: both say it; added: only this one; missing: only the other one */
  kind: 'same' | 'added' | 'missing'
}

/** Longer texts are shown as they are: a diff of two whole books would hold up the page. */
const longest = 40_000

/** From which share of differing letters on marks say nothing any more: nearly every word would have one. */
export const foldFrom = 0.5

/** How much of two texts differs, by letters: 0 to 1. */
export function shareDiffering(pieces: readonly Piece[]): number {
  const length = (all: readonly Piece[]) => all.reduce((sum, piece) => sum + piece.text.trim().length, 0)
  return length(pieces.filter((piece) => piece.kind !== 'same')) / Math.max(1, length(pieces))
}

/** `text` in pieces, with what it has and what it lacks against `base`. */
export function differences(base: string, text: string): Piece[] {
  if (base.length + text.length > longest) return [{ text, kind: 'same' }]
  return diffWordsWithSpace(base, text).map((change) => ({
    text: change.value,
    kind: change.added ? 'added' : change.removed ? 'missing' : 'same',
  }))
}
