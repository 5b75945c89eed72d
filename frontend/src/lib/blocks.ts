import { lex, type Flavour } from './markdown'

/**
 * Splits a growing text into top-level blocks, touching only its end: blocks before the last two can't change by what
 * follows them, so their strings stay the same objects' worth of text and their views are left alone.
 */
export class BlockSplitter {
  #settled: string[] = []
  #settledText = ''
  readonly #flavour: Flavour

  constructor(flavour: Flavour = 'answer') {
    this.#flavour = flavour
  }

  /** The blocks of `text`. With `final` the whole text is split anew, so that late link definitions count too. */
  split(source: string, final = false): string[] {
    const text = source.replace(/\r\n?/g, '\n')
    if (final || !text.startsWith(this.#settledText)) this.#reset()
    const { pieces, definitions } = this.#pieces(text.slice(this.#settledText.length))
    if (final) return definitions ? pieces.map((p) => (p.includes('[') ? `${p}\n\n${definitions}` : p)) : pieces
    const settle = Math.max(0, pieces.length - 2)
    for (const piece of pieces.slice(0, settle)) {
      this.#settled.push(piece)
      this.#settledText += piece
    }
    return [...this.#settled, ...pieces.slice(settle)]
  }

  #pieces(text: string): { pieces: string[]; definitions: string } {
    const pieces: string[] = []
    let definitions = ''
    for (const token of lex(text, this.#flavour)) {
      if (token.type === 'def') definitions += `${token.raw.trim()}\n`
      // Blank lines belong to the block before them.
      const last = pieces.length - 1
      if (token.type === 'space' && last >= 0) pieces[last] = `${pieces[last] ?? ''}${token.raw}`
      else pieces.push(token.raw)
    }
    // Where the lexer rewrote its input, raw pieces don't add up to it and nothing may settle.
    if (pieces.join('') !== text) return { pieces: text ? [text] : [], definitions: '' }
    return { pieces, definitions }
  }

  #reset(): void {
    this.#settled = []
    this.#settledText = ''
  }
}
