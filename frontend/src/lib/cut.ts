import type { Token, Tokens } from 'marked'

/** A block longer than this is drawn in parts, in characters. */
const longest = 8_000
const part = 4_000

/** Cuts the source of a very long block into parts that are drawn one by one, where a reader sees it least. */
export function cut(token: Token): string[] {
  if (token.raw.length <= longest) return [token.raw]
  switch (token.type) {
    case 'list':
      return cutList(token as Tokens.List)
    case 'table':
      return cutTable(token.raw)
    case 'paragraph':
    case 'text':
    case 'blockquote':
      return cutText(token.raw)
    default:
      return [token.raw]
  }
}

/** Joins lines, or words, to parts of about the same length. */
function gather(pieces: readonly string[], head = ''): string[] {
  const parts: string[] = []
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < part) continue
    parts.push(head + text)
    text = ''
  }
  if (text) parts.push(head + text)
  return parts
}

function cutText(raw: string): string[] {
  return gather(raw.split(/(?<=\n)/).flatMap((line) => (line.length > part ? words(line) : [line])))
}

/** Words of a line, and pieces of those that have no end. */
function words(line: string): string[] {
  return line.split(/(?<=\s)/).flatMap((word) => (word.length > part ? (word.match(/[\s\S]{1,2000}/gu) ?? []) : [word]))
}

function cutList(list: Tokens.List): string[] {
  const first = Number(list.start) || 1
  const items = list.items.map(({ raw }, i) => {
    const ended = raw.endsWith('\n') ? raw : `${raw}\n`
    // Each part begins with its own number, whatever the source repeats.
    return list.ordered ? ended.replace(/^(\s*)\d+/, `$1${first + i}`) : ended
  })
  return gather(items)
}

function cutTable(raw: string): string[] {
  const [head = '', rule = '', ...rows] = raw.split(/(?<=\n)/)
  return gather(rows, head + rule)
}
