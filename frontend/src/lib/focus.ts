const focusable = [
  'a[href]',
  'button:not(:disabled)',
  'input:not(:disabled)',
  'select:not(:disabled)',
  'textarea:not(:disabled)',
  '[tabindex]:not([tabindex="-1"])',
].join(', ')

/** What lies over the page. */
const overlay = '[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]'

/** How long who has removed something has to put the focus where it should go, in milliseconds. */
const patience = 60

/** A part of the page that the focus is in, with what is around it. */
interface Level {
  part: Element
  parent: Element | null
  next: Element | null
  previous: Element | null
}

/**
 * Keeps the focus from being lost to nowhere: when what has it is removed, hidden or off for good, what stands in its place
 * takes it; where nothing does, the next of the list, else the one before, else the page's heading. The result ends that.
 */
export function keepFocus(page: Document): () => void {
  let levels: Level[] = []
  /** Where the focus was behind what lies over the page, to which it comes back. */
  let behind: Level[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  const remember = ({ target }: Event) => {
    if (!(target instanceof Element)) return
    levels = []
    for (let part: Element | null = target; part && part !== page.body; part = part.parentElement) {
      const { parentElement: parent, nextElementSibling: next, previousElementSibling: previous } = part
      levels.push({ part, parent, next, previous })
    }
    if (!target.closest(overlay)) behind = levels
  }
  const look = () => {
    const held = levels[0]?.part
    if (!held || !lost(held)) return
    clearTimeout(timer)
    timer = setTimeout(recover, patience)
  }
  const recover = () => {
    const now = page.activeElement
    if (now && now !== page.body && !lost(now)) return
    const before = levels === behind ? undefined : behind[0]?.part
    const to =
      successor(levels, page) ?? (before instanceof HTMLElement && !lost(before) ? before : successor(behind, page))
    levels = behind = []
    if (to) to.focus({ preventScroll: false })
    else focusHeading(page)
  }

  const observer = new MutationObserver(look)
  observer.observe(page.body, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['disabled', 'hidden'],
  })
  page.addEventListener('focusin', remember)
  return () => {
    observer.disconnect()
    page.removeEventListener('focusin', remember)
    clearTimeout(timer)
  }
}

/** Whether a part can't have the focus: it is gone, off, or on a page that is kept behind the one that is shown. */
function lost(part: Element): boolean {
  return !part.isConnected || part.matches(':disabled') || part.closest('[hidden]') !== null
}

/** What takes the place of what had the focus, or comes next to it, within the part of the page that is still there. */
function successor(levels: readonly Level[], page: Document): HTMLElement | undefined {
  for (const { part, parent, next, previous } of levels) {
    // Beside a page is the rail, and beside what lies over it the whole page: neither is what comes next.
    if (part.matches('main') || parent === page.body) return undefined
    const gone = !part.isConnected || part.matches(':disabled')
    if (!gone || !parent?.isConnected) continue
    const [stand] = part.isConnected ? [] : between(parent, previous, next)
    // Never a neighbour of what was replaced: the next press of the key would do what nobody meant.
    if (stand) return first([stand]) ?? itself(stand)
    const beside = [next, previous].filter((e): e is Element => e?.isConnected === true && e.parentElement === parent)
    return first([...beside, parent])
  }
  return undefined
}

/** What stands now between two parts that were neighbours of one that is gone: what has replaced it. */
function between(parent: Element, previous: Element | null, next: Element | null): Element[] {
  const here = [...parent.children]
  const from = previous ? here.indexOf(previous) + 1 : 0
  const to = next ? here.indexOf(next) : here.length
  // Without both neighbours its place is not known.
  return (previous && from === 0) || to < 0 ? [] : here.slice(from, to)
}

/** A part with nothing in it that can take the focus takes it as a whole. */
function itself(part: Element): HTMLElement | undefined {
  if (!(part instanceof HTMLElement) || part.offsetParent === null) return undefined
  part.tabIndex = -1
  return part
}

/** The first thing in these parts that can take the focus. */
function first(parts: readonly Element[]): HTMLElement | undefined {
  for (const part of parts) {
    const all = part.matches(focusable) ? [part] : part.querySelectorAll(focusable)
    for (const one of all) if (one instanceof HTMLElement && one.offsetParent !== null) return one
  }
  return undefined
}

/** Moves the focus to the row of a list that has come back, by what it is of (`data-of`), once it is drawn. */
export function focusRow(of: string): void {
  if (typeof document === 'undefined') return
  setTimeout(() => {
    const rows = [...document.querySelectorAll<HTMLElement>('[data-of]')].filter((row) => row.dataset['of'] === of)
    first(rows)?.focus()
  })
}

/** Moves the focus to the page's heading. A page that is still on its way has none yet, and is waited for a moment. */
export function focusHeading(page: Document = document, tries = 30): void {
  // A page may be kept, hidden, behind the one that is shown.
  const heading = [...page.querySelectorAll<HTMLElement>('main h1')].find((h) => !h.closest('[hidden]'))
  if (heading) {
    heading.tabIndex = -1
    heading.focus({ preventScroll: true })
  } else if (tries > 0) setTimeout(() => focusHeading(page, tries - 1), 50)
}
