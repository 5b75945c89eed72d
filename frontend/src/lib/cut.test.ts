// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { BlockSplitter } from './blocks'
import { codeParts, linesPerPart } from './code-parts'
import { Cache } from './cache'
import { lex, render } from './markdown'
import { segments } from './segments'
import { textHeight } from './sizes'

const CODE = '```go\nfor {\n\n}\n```\n\n'
const html = (piece: string) => {
  const block = render(piece, 'answer')
  return block.kind === 'html' ? block.html : ''
}

describe('a block that is very long', () => {
  it.each([
    ['one paragraph', 'A word and another. '.repeat(4_000)],
    ['one word', 'x'.repeat(80_000)],
    ['pasted lines', 'A line that was pasted.\n'.repeat(4_000)],
    ['a quote', '> A line that was quoted.\n'.repeat(4_000)],
    ['letters of two units', '👍'.repeat(30_000)],
  ])('is cut when it is %s, and nothing is lost', (_, source) => {
    const pieces = new BlockSplitter().split(source, true)
    expect(pieces.length).toBeGreaterThan(5)
    expect(Math.max(...pieces.map((p) => p.length))).toBeLessThan(9_000)
    expect(pieces.join('')).toBe(source)
  })

  it('keeps the numbers of a list', () => {
    const pieces = new BlockSplitter().split('1. Another item of a list\n'.repeat(1_000), true)
    expect(pieces.length).toBeGreaterThan(5)
    const items = pieces.map((p) => (html(p).match(/<li>/g) ?? []).length)
    expect(items.reduce((a, b) => a + b)).toBe(1_000)
    expect(html(pieces[1] ?? '')).toContain(`start="${(items[0] ?? 0) + 1}"`)
  })

  it('keeps the head of a table', () => {
    const rows = Array.from({ length: 1_000 }, (_, i) => `| ${i} | a cell with words |\n`).join('')
    const pieces = new BlockSplitter().split(`| Number | Words |\n| - | - |\n${rows}`, true)
    expect(pieces.length).toBeGreaterThan(5)
    for (const piece of pieces) expect(html(piece)).toContain('<th>Number</th>')
    expect(pieces.map((p) => (html(p).match(/<td>/g) ?? []).length).reduce((a, b) => a + b)).toBe(2_000)
  })

  it('is split in a moment, however many formulas might begin in it', () => {
    const splits = new BlockSplitter().split('A paragraph that is one of many.\n\n'.repeat(5_000), true)
    expect(splits).toHaveLength(5_000)
  })
})

describe('a long text', () => {
  const filler = 'A paragraph with **bold** words. '.repeat(40) + '\n\n'
  const long = filler.repeat(4)
  const whole: [string, string][] = [
    ['code with empty lines', '```js\n' + 'let a\n\nlet b\n\n'.repeat(800) + '```\n'],
    ['code in a longer fence', '````md\n' + '```\n\nText\n\n'.repeat(800) + '````\n'],
    ['a formula with empty lines', '$$\n' + 'a\n\nText\n\n'.repeat(800) + '$$\n'],
    ['HTML with empty lines', '<pre>\n' + 'a\n\nText\n\n'.repeat(800) + '</pre>\n'],
    ['a loose list', '1. one\n\n   Text\n\n'.repeat(800)],
  ]

  it.each(whole)('is never cut inside of %s', (_, block) => {
    const parts = segments(long + block + '\nText after it.\n')
    expect(parts.join('')).toBe(long + block + '\nText after it.\n')
    expect(parts.some((part) => part.includes(block))).toBe(true)
  })

  it('has the same blocks as when it is read at once', () => {
    const text = `${long}${CODE}${long}- one\n\n- two\n\n${long}> quote\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n${long}[1]: https://example.org\n`
    const raws = (source: string) => lex(source, 'answer').map((t) => t.raw)
    expect(segments(text).length).toBeGreaterThan(3)
    expect(segments(text).flatMap(raws)).toEqual(raws(text))
  })
})

describe('long code', () => {
  const code = Array.from({ length: 250 }, (_, i) => (i === 120 ? '' : `line ${i}`)).join('\n')

  it('comes in parts of whole lines that add up', () => {
    const parts = codeParts(code)
    expect(parts.map((p) => p.lines)).toEqual([linesPerPart, linesPerPart, 50])
    expect(parts.map((p) => p.text).join('')).toBe(`${code}\n`)
  })

  it('keeps a colour that reaches over lines in each of them', () => {
    const [first, second] = codeParts(
      'a\n'.repeat(100) + 'b',
      `<span class="hljs-comment">${'a\n'.repeat(100)}b</span>`,
    )
    expect(first?.html.startsWith('<span class="hljs-comment">a</span>\n<span class="hljs-comment">a')).toBe(true)
    expect(second?.html).toBe('<span class="hljs-comment">b</span>\n')
  })

  it('stays plain where the colours are of another text', () => {
    expect(codeParts('a\nb', '<span>a</span>').map((p) => p.html)).toEqual([''])
  })
})

describe('a cache', () => {
  it('keeps what was used last, up to its limit', () => {
    const cache = new Cache<number>(10)
    cache.set('a', 1, 4)
    cache.set('b', 2, 4)
    cache.get('a')
    cache.set('c', 3, 4)
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3])
    cache.set('too big', 4, 11)
    expect(cache.get('too big')).toBeUndefined()
    cache.set('a', 5, 1)
    expect([cache.get('a'), cache.get('c')]).toEqual([5, 3])
  })
})

describe('a guess at a text’s height', () => {
  it.each([
    ['', 0],
    ['one line', 24],
    ['one line\n\nand another', 60],
    ['x'.repeat(900), 240],
  ])('counts its lines', (source, height) => expect(textHeight(source)).toBe(height))
})
