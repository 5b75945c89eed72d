/** Puts a formula into an element. The library loads with the first formula; a broken one stays as its source. */
export async function renderMath(element: HTMLElement, tex: string, display: boolean): Promise<void> {
  try {
    const { katex } = await import('./math-katex')
    const target = document.createElement(display ? 'div' : 'span')
    target.className = display ? 'math-display' : 'math-line'
    katex.render(tex, target, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: false,
      maxExpand: 200,
      maxSize: 20,
    })
    element.replaceChildren(target)
  } catch {
    element.textContent = tex
  }
}
