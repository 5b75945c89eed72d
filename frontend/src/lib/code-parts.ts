/** Lines of code that are drawn together. */
export const linesPerPart = 100

/** Some lines of code, as text or as coloured HTML. */
export interface CodePart {
  lines: number
  text: string
  /** empty: not coloured */
  html: string
}

/** Code in parts, with its colours where they are known. Each part ends with its line's end. */
export function codeParts(code: string, html = ''): CodePart[] {
  const lines = code.split('\n')
  const coloured = html ? colouredLines(html) : []
  const known = coloured.length === lines.length
  const parts: CodePart[] = []
  for (let i = 0; i < lines.length; i += linesPerPart) {
    const some = lines.slice(i, i + linesPerPart)
    parts.push({
      lines: some.length,
      text: `${some.join('\n')}\n`,
      html: known ? `${coloured.slice(i, i + linesPerPart).join('\n')}\n` : '',
    })
  }
  return parts
}

/** Lines of coloured HTML, each of which opens and closes what reaches over it. */
function colouredLines(html: string): string[] {
  const lines: string[] = []
  const open: string[] = []
  let line = ''
  for (const [piece] of html.matchAll(/<span[^>]*>|<\/span>|\n|[^<\n]+|</g)) {
    if (piece === '\n') {
      lines.push(line + '</span>'.repeat(open.length))
      line = open.join('')
      continue
    }
    if (piece === '</span>') open.pop()
    else if (piece.startsWith('<span')) open.push(piece)
    line += piece
  }
  lines.push(line)
  return lines
}
