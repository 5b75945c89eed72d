import { Lexer, Marked, type Token, type Tokens, type TokenizerExtension, type RendererExtension } from 'marked'
import { Cache } from './cache'
import { sanitize } from './sanitize'

/** A part of an answer that renders by itself: a fenced code block, a formula, or HTML that is already sanitised. */
export type Block =
  { kind: 'code'; language: string; code: string } | { kind: 'math'; tex: string } | { kind: 'html'; html: string }

/** What an answer and a person's own message differ in: raw HTML and single line breaks. */
export type Flavour = 'answer' | 'own'

function escape(s: string): string {
  return s.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

interface MathToken extends Tokens.Generic {
  tex: string
}

const mathBlock: TokenizerExtension & RendererExtension = {
  name: 'mathBlock',
  level: 'block',
  start: (src) => {
    // Asked at each paragraph, which ends with it: what follows is not read each time.
    const end = src.indexOf('\n\n')
    return (end < 0 ? src : src.slice(0, end)).match(/(?:^|\n)(?:\$\$|\\\[)/)?.index
  },
  tokenizer(src) {
    const m = /^\$\$([\s\S]+?)\$\$[ \t]*(?:\n|$)/.exec(src) ?? /^\\\[([\s\S]+?)\\\][ \t]*(?:\n|$)/.exec(src)
    return m ? { type: 'mathBlock', raw: m[0], tex: (m[1] ?? '').trim() } : undefined
  },
  renderer: (token) => `<code class="math-block">${escape((token as MathToken).tex)}</code>`,
}

const mathInline: TokenizerExtension & RendererExtension = {
  name: 'mathInline',
  level: 'inline',
  start: (src) => src.match(/\$|\\\(|\\\[/)?.index,
  tokenizer(src) {
    const display = /^\$\$([^$]+?)\$\$/.exec(src) ?? /^\\\[([\s\S]+?)\\\]/.exec(src)
    if (display) return { type: 'mathInline', raw: display[0], tex: (display[1] ?? '').trim() }
    // A dollar sign is a formula only when it hugs its text and no digit follows: `$5 and $6` is money.
    const m = /^\$(?!\s)((?:\\.|[^\\$\n])+?)(?<!\s)\$(?!\d)/.exec(src) ?? /^\\\(([\s\S]+?)\\\)/.exec(src)
    return m ? { type: 'mathInline', raw: m[0], tex: (m[1] ?? '').trim() } : undefined
  },
  renderer: (token) => `<code class="math-inline">${escape((token as MathToken).tex)}</code>`,
}

function parser(flavour: Flavour): Marked {
  const marked = new Marked({ gfm: true, breaks: flavour === 'own', async: false })
  marked.use({ extensions: [mathBlock, mathInline] })
  marked.use({
    renderer: {
      image: ({ text, href }) => `<a href="${escape(href)}"><span class="image-alt">${escape(text || href)}</span></a>`,
      // The box of a task list as a sign: a form control in an answer could only mislead.
      checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
      ...(flavour === 'own' ? { html: ({ text }: Tokens.HTML | Tokens.Tag) => escape(text) } : {}),
    },
  })
  return marked
}

const parsers: Record<Flavour, Marked> = { answer: parser('answer'), own: parser('own') }

/** Splits markdown into its top-level pieces of source text. Joined they are the source again. What is in them is not read. */
export function lex(source: string, flavour: Flavour): Token[] {
  return new Lexer(parsers[flavour].defaults).blockTokens(source)
}

/** Blocks that were drawn lately, by their flavour and source; the cost is in characters. */
const rendered = new Cache<Block>(1_000_000)

/** Renders one top-level piece. A fence that is still open renders as the code it holds so far. */
export function render(source: string, flavour: Flavour, live = false): Block {
  // What still grows won't be asked for again.
  if (live) return renderAnew(source, flavour)
  const key = `${flavour} ${source}`
  const known = rendered.get(key)
  if (known) return known
  const block = renderAnew(source, flavour)
  rendered.set(key, block, 3 * source.length + 100)
  return block
}

function renderAnew(source: string, flavour: Flavour): Block {
  const tokens = parsers[flavour].lexer(source)
  const quiet = ['space', 'def']
  const first = tokens.find((t) => !quiet.includes(t.type))
  const alone = first && tokens.every((t) => t === first || quiet.includes(t.type))
  if (alone && first.type === 'code') {
    const code = first as Tokens.Code
    return { kind: 'code', language: (code.lang ?? '').trim().split(/[\s{]/)[0] ?? '', code: code.text }
  }
  if (alone && first.type === 'mathBlock') return { kind: 'math', tex: (first as MathToken).tex }
  return { kind: 'html', html: sanitize(parsers[flavour].parser(tokens)) }
}

/** Markdown to sanitised HTML in one piece. */
export function toHtml(source: string, flavour: Flavour = 'answer'): string {
  return sanitize(parsers[flavour].parse(source) as string)
}
