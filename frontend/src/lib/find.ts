/** A stretch of a text, from its first unit to the one after its last. */
export type Place = readonly [from: number, to: number]

/** A text in which letters of any case are the same, unit for unit as long as the text. */
export function fold(text: string): string {
  const lower = text.toLowerCase()
  // Where a letter's small form is longer, only the letters that keep their length are folded.
  const same = lower.length === text.length ? lower : Array.from(text, small).join('')
  return same.replace(/ς/g, 'σ').replace(/ſ/g, 's')
}

function small(letter: string): string {
  const lower = letter.toLowerCase()
  return lower.length === letter.length ? lower : letter
}

/** The words that a search looks for, all of which must be found. */
export function searchWords(query: string): string[] {
  return query.split(/\s+/).filter(Boolean)
}

/** Where a text holds any of the words, in order, none over another. */
export function places(text: string, words: readonly string[]): Place[] {
  const folded = fold(text)
  const found: Place[] = []
  for (const word of words.map(fold)) {
    if (!word) continue
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length)) {
      found.push([at, at + word.length])
    }
  }
  found.sort((a, b) => a[0] - b[0] || b[1] - a[1])
  let end = 0
  return found.filter(([from, to]) => {
    if (from < end) return false
    end = to
    return true
  })
}

/** A piece of a text, and whether it is one of the words. */
export interface Piece {
  text: string
  found: boolean
}

/** A text in pieces, so that the words in it can be marked. */
export function marked(text: string, words: readonly string[]): Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const [from, to] of places(text, words)) {
    if (from > end) pieces.push({ text: text.slice(end, from), found: false })
    pieces.push({ text: text.slice(from, to), found: true })
    end = to
  }
  if (end < text.length) pieces.push({ text: text.slice(end), found: false })
  return pieces
}

/** The words of a message around what was found, cut so that a narrow line begins shortly before it. */
export function surroundings({ before, match, after }: { before: string; match: string; after: string }): string {
  const room = 16
  const cut = before.length > room ? before.indexOf(' ', before.length - room) : -1
  const near = cut >= 0 ? before.slice(cut + 1) : before.slice(-room)
  return readable(`${near.length < before.length ? '…' : ''}${near}${match}${after}`)
}

/** About what is read of Markdown on screen: without addresses and the signs that make words bold. */
export function readable(source: string): string {
  return source.replace(/\]\([^)\s]*\)/g, '').replace(/\*+|~~|`+|^#+ /gm, '')
}

/** The places of words in the text that an element shows, also where they reach over letters of another look. */
export function rangesIn(element: Element, words: readonly string[]): Range[] {
  const nodes: { node: Text; at: number }[] = []
  let text = ''
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    nodes.push({ node: node as Text, at: text.length })
    text += (node as Text).data
  }
  const point = (offset: number): [Text, number] | undefined => {
    const holder = nodes.findLast(({ at }) => at <= offset)
    return holder && [holder.node, Math.min(offset - holder.at, holder.node.data.length)]
  }
  return places(text, words).flatMap(([from, to]) => {
    const [start, end] = [point(from), point(to - 1)]
    if (!start || !end) return []
    const range = document.createRange()
    range.setStart(...start)
    range.setEnd(end[0], end[1] + 1)
    return [range]
  })
}
