// What one answer says otherwise than another, word by word.
import { diffWordsWithSpace } from 'diff'

export interface Piece {
  text: string
  /** same: both say it; added: only this one; missing: only the other one */
  kind: 'same' | 'added' | 'missing'
}

/** Longer texts are shown as they are: a diff of two whole books would hold up the page. */
const longest = 40_000

/** `text` in pieces, with what it has and what it lacks against `base`. */
export function differences(base: string, text: string): Piece[] {
  if (base.length + text.length > longest) return [{ text, kind: 'same' }]
  return diffWordsWithSpace(base, text).map((change) => ({
    text: change.value,
    kind: change.added ? 'added' : change.removed ? 'missing' : 'same',
  }))
}
