import { Cache } from './cache'
import { cut } from './cut'
import { lex, type Flavour } from './markdown'
import { segments } from './segments'

/** The blocks of texts that were drawn lately, by their flavour and text; the cost is in characters. */
const known = new Cache<string[]>(1_000_000)

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
    if (final) return whole(source, this.#flavour)
    const text = plainEnds(source)
    if (!text.startsWith(this.#settledText)) this.#reset()
    const { blocks } = blocksOf(text.slice(this.#settledText.length), this.#flavour)
    const settle = Math.max(0, blocks.length - 2)
    for (const block of blocks.slice(0, settle)) {
      this.#settled.push(...block.parts)
      this.#settledText += block.raw
    }
    return [...this.#settled, ...blocks.slice(settle).flatMap((block) => block.parts)]
  }

  #reset(): void {
    this.#settled = []
    this.#settledText = ''
  }
}

/** All blocks of a text that grows no more. */
function whole(source: string, flavour: Flavour): string[] {
  const key = `${flavour} ${source}`
  const found = known.get(key)
  if (found) return found
  const { blocks, definitions } = blocksOf(plainEnds(source), flavour)
  const parts = blocks.flatMap((block) => block.parts)
  const pieces = definitions ? parts.map((p) => (p.includes('[') ? `${p}\n\n${definitions}` : p)) : parts
  known.set(key, pieces, 2 * source.length)
  return pieces
}

interface SourceBlock {
  raw: string
  /** `raw`, or what is drawn of it one by one where it is very long. */
  parts: string[]
}

function blocksOf(text: string, flavour: Flavour): { blocks: SourceBlock[]; definitions: string } {
  const blocks: SourceBlock[] = []
  let definitions = ''
  for (const token of segments(text).flatMap((segment) => lex(segment, flavour))) {
    if (token.type === 'def') definitions += `${token.raw.trim()}\n`
    // Blank lines belong to the block before them.
    const last = blocks.at(-1)
    if (token.type === 'space' && last) {
      last.raw += token.raw
      last.parts.push(`${last.parts.pop() ?? ''}${token.raw}`)
    } else blocks.push({ raw: token.raw, parts: cut(token) })
  }
  // Where the lexer rewrote its input, raw pieces don't add up to it and nothing may settle.
  if (blocks.map((b) => b.raw).join('') !== text) {
    return { blocks: text ? [{ raw: text, parts: [text] }] : [], definitions: '' }
  }
  return { blocks, definitions }
}

function plainEnds(source: string): string {
  return source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source
}
