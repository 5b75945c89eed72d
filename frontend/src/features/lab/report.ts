import { flushSync, mount, unmount } from 'svelte'
import type { LabComparison } from '../../bridge/types'
import { text } from '../../text'
import Report from './Report.svelte'
import { reportCSS } from './report.css'

/** A comparison as one HTML file that needs nothing else: no script, no font, no picture from anywhere. */
export function reportOf(comparison: LabComparison): string {
  const target = document.createElement('div')
  const report = mount(Report, { target, props: { comparison } })
  flushSync()
  for (const element of target.querySelectorAll('*')) {
    // What only the window's own style sheet and reader need.
    const classes = [...element.classList].filter((c) => !c.startsWith('svelte-'))
    if (classes.length) element.setAttribute('class', classes.join(' '))
    else element.removeAttribute('class')
    element.removeAttribute('aria-sort')
  }
  const body = target.innerHTML.replaceAll(/<!--.*?-->/g, '')
  void unmount(report)
  const policy = "default-src 'none'; style-src 'unsafe-inline'"
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="generator" content="Weightroom">
<title>${escaped(text.lab.report.title(comparison.title))}</title>
<style>${reportCSS}</style>
</head>
<body>
${body}
</body>
</html>
`
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
