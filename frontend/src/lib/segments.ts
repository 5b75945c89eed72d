/** Texts are read in stretches of about this length, in characters: reading one takes longer than its length says. */
const enough = 4_000

/** HTML that may hold empty lines; from there on a text is read in one piece. */
const spanning = /^ {0,3}<(?:pre|script|style|textarea|!|\?)/i

/** A line after an empty one with which a block begins, and no list, quote or indented code goes on. */
const beginning = /^(?:#{1,6} |[^\s\d>*+\-|<$\\`~[:=#_])/u

/**
 * Cuts a long Markdown text into stretches that read the same one by one as together: at empty lines outside of code,
 * formulas and HTML, before a heading or a paragraph. Joined they are the text again.
 */
export function segments(text: string): string[] {
  const found: string[] = []
  let start = 0
  let fence = ''
  let formula = ''
  let blank = false
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at)
    const next = end < 0 ? text.length : end + 1
    if (blank && !fence && !formula && at - start >= enough && beginning.test(text.slice(at, at + 8))) {
      found.push(text.slice(start, at))
      start = at
    }
    const line = text.slice(at, next)
    if (!fence && !formula && spanning.test(line)) break
    if (!formula) fence = fenceAfter(fence, line)
    if (!fence) formula = formulaAfter(formula, line)
    blank = line.trim() === ''
    at = next
  }
  found.push(text.slice(start))
  return found
}

/** The fence that code stands in after a line; empty: none. */
function fenceAfter(fence: string, line: string): string {
  const [, mark = '', rest = ''] = /^[ \t>]*(?:[-*+] +|\d+[.)] +)*(`{3,}|~{3,})(.*)/.exec(line) ?? []
  if (!mark) return fence
  if (!fence) return mark.startsWith('`') && rest.includes('`') ? '' : mark
  return mark.startsWith(fence) && rest.trim() === '' ? '' : fence
}

/** The sign that ends the formula that a line leaves open; empty: none. */
function formulaAfter(formula: string, line: string): string {
  let open = formula
  for (const [sign] of line.matchAll(/\$\$|\\\[|\\\]/g)) {
    if (open) open = sign === open ? '' : open
    else if (sign !== '\\]') open = sign === '$$' ? '$$' : '\\]'
  }
  return open
}
