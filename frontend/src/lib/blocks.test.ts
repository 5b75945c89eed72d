// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { BlockSplitter } from './blocks'
import { render, toHtml } from './markdown'

const source = [
  '# Title\n\nA paragraph with **bold** text.\n\n',
  '- one\n- two\n\n  still two\n\n',
  '```go\nfor {\n\n}\n```\n\n',
  '$$\na^2\n$$\n\n',
  '| a | b |\n| - | - |\n| 1 | 2 |\n\n',
  '> quoted\n> more\n\nThe end, see [here][1].\n\n[1]: https://example.org/\n',
].join('')

describe('splitting a growing text', () => {
  it('gives pieces that add up to the text at every length', () => {
    const splitter = new BlockSplitter()
    for (let n = 0; n <= source.length; n++) {
      expect(splitter.split(source.slice(0, n)).join('')).toBe(source.slice(0, n))
    }
  })

  it('leaves all blocks but the last two as they were', () => {
    const splitter = new BlockSplitter()
    let before: string[] = []
    for (let n = 0; n <= source.length; n += 3) {
      const now = splitter.split(source.slice(0, n))
      expect(now.slice(0, Math.max(0, before.length - 2))).toEqual(before.slice(0, Math.max(0, before.length - 2)))
      before = now
    }
  })

  it('shows the same in the end as rendering it whole', () => {
    const whole = toHtml(source).replace(/\s+/g, '')
    const html = new BlockSplitter()
      .split(source, true)
      .map((piece) => render(piece, 'answer'))
      .map((b) =>
        b.kind === 'html' ? b.html : b.kind === 'math' ? `<codeclass="math-block">${b.tex}</code>` : '#code#',
      )
      .join('')
      .replace(/\s+/g, '')
    expect(html).toBe(whole.replace(/<pre>.*?<\/pre>/, '#code#'))
  })

  it('starts over when the text is another one', () => {
    const splitter = new BlockSplitter()
    splitter.split('one\n\ntwo\n\nthree\n\nfour')
    expect(splitter.split('other')).toEqual(['other'])
  })

  it('reads line ends of any kind', () => {
    expect(new BlockSplitter().split('a\r\n\r\nb', true)).toEqual(['a\n\n', 'b'])
  })
})

describe('rendering a block', () => {
  it('takes a fence that is still open as code', () => {
    expect(render('```python\nprint(1)', 'answer')).toEqual({ kind: 'code', language: 'python', code: 'print(1)' })
  })

  it('takes a formula on its own as math', () => {
    expect(render('$$a^2$$\n', 'answer')).toEqual({ kind: 'math', tex: 'a^2' })
    expect(render('\\[a^2\\]', 'answer')).toEqual({ kind: 'math', tex: 'a^2' })
  })
})
