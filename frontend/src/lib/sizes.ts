/** Pixels that a text of an answer may be high before it is drawn: a guess that the page mends once it has measured. */
export function textHeight(source: string): number {
  const [line, letters] = [24, 90]
  let lines = 0
  for (let at = 0; at >= 0 && at < source.length;) {
    const end = source.indexOf('\n', at)
    const length = (end < 0 ? source.length : end) - at
    // An empty line is the room between two blocks.
    lines += length === 0 ? 0.5 : Math.ceil(length / letters)
    if (end < 0) break
    at = end + 1
  }
  return line * lines
}
