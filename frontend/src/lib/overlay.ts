const focusable =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex]:not([tabindex="-1"])'

/** Keeps Tab inside of what lies over the page. */
export function trapTab(event: KeyboardEvent, part: HTMLElement): void {
  if (event.key !== 'Tab' || event.defaultPrevented) return
  const stops = [...part.querySelectorAll<HTMLElement>(focusable)].filter((e) => e.offsetParent !== null)
  const first = stops[0]
  const last = stops.at(-1)
  if (!first || !last) return
  const at = document.activeElement
  const leaves = event.shiftKey ? at === first || at === part : at === last
  if (!leaves && part.contains(at)) return
  event.preventDefault()
  const next = event.shiftKey ? last : first
  next.focus()
}
