/**
 * Gives each block of an answer the direction of its own words, and keeps code and formulas from left to right. Only the
 * outermost blocks ask: `dir="auto"` passes over what has a direction itself, and a list or a table is mirrored as a whole.
 */
export function direct(root: Element): void {
  for (const code of root.querySelectorAll('pre, code, kbd, samp')) code.setAttribute('dir', 'ltr')
  for (const block of root.children) {
    if (!block.hasAttribute('dir')) block.setAttribute('dir', 'auto')
  }
}
