import type { HLJSApi } from 'highlight.js'
import { Cache } from './cache'
import { sanitize } from './sanitize'
import { idle } from './timing'

let loading: Promise<HLJSApi> | undefined

/** Code longer than this stays plain: colouring it would hold up the page. */
const longest = 60_000

/** Code that was coloured lately, by its language and text; the cost is in characters. */
const known = new Cache<string>(1_000_000)

/** Colouring comes in turn, and each turn when the page has nothing else to do. */
let turn: Promise<unknown> = Promise.resolve()

/** The coloured HTML of code that was coloured lately; empty: it was not. */
export function colouredBefore(code: string, language: string): string {
  return known.get(`${language} ${code}`) ?? ''
}

/**
 * Colours code, or gives null when the language is unknown or nobody wants it any more when its turn comes. The library
 * loads with the first code block.
 */
export function colour(code: string, language: string, wanted = () => true): Promise<string | null> {
  if (!language || code.length > longest) return Promise.resolve(null)
  const mine = turn.then(idle).then(() => (wanted() ? colourNow(code, language) : null))
  turn = mine
  return mine
}

async function colourNow(code: string, language: string): Promise<string | null> {
  loading ??= import('./colour-languages').then((m) => m.hljs)
  try {
    const hljs = await loading
    if (!hljs.getLanguage(language)) return null
    const html = sanitize(hljs.highlight(code, { language, ignoreIllegals: true }).value)
    known.set(`${language} ${code}`, html, code.length + html.length)
    return html
  } catch {
    loading = undefined
    return null
  }
}
