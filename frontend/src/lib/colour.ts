import type { HLJSApi } from 'highlight.js'
import { sanitize } from './sanitize'

let loading: Promise<HLJSApi> | undefined

/** Code longer than this stays plain: colouring it would hold up the page. */
const longest = 60_000

/** Colours code, or null when the language is unknown. The library loads with the first code block. */
export async function colour(code: string, language: string): Promise<string | null> {
  if (!language || code.length > longest) return null
  loading ??= import('./colour-languages').then((m) => m.hljs)
  try {
    const hljs = await loading
    if (!hljs.getLanguage(language)) return null
    return sanitize(hljs.highlight(code, { language, ignoreIllegals: true }).value)
  } catch {
    loading = undefined
    return null
  }
}
