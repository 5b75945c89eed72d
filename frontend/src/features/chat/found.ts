import { tick } from 'svelte'
import { rangesIn } from '../../lib/find'
import type { Target } from '../../state/finding.svelte'
import type { Scroller } from '../../ui/scroller.svelte'

/** The drawn message of a match; undefined: it is not drawn. */
function messageOf(column: HTMLElement, target: Target): HTMLElement | null {
  return column.querySelector<HTMLElement>(`[data-message="${target.messageId}"]`)
}

/** Of the places drawn in a message the one that is meant: by its number, or where it should be when not all are drawn. */
function meant(message: HTMLElement, target: Target): Range | undefined {
  const ranges = rangesIn(message, target.words)
  const box = message.getBoundingClientRect()
  const wanted = box.top + target.share * box.height
  const away = (range: Range) => Math.abs(range.getBoundingClientRect().top - wanted)
  const numbered = ranges[target.nth]
  if (numbered && away(numbered) < 1_500) return numbered
  return ranges.reduce<Range | undefined>(
    (best, range) => (!best || away(range) < away(best) ? range : best),
    undefined,
  )
}

/** Scrolls to a match. What is far away is drawn on the way there. */
export async function bringIntoView(target: Target, column: HTMLElement, scroller: Scroller): Promise<void> {
  let message = messageOf(column, target)
  if (!message) return
  scroller.show(message, 0.3, target.share * message.getBoundingClientRect().height)
  await tick()
  for (let look = 0; look < 3; look++) {
    message = messageOf(column, target)
    const range = message && meant(message, target)
    const element = range?.startContainer.parentElement
    if (!element) {
      // Only the words of the source hold it, as an address does.
      if (message) scroller.show(message, 0.3, target.share * message.getBoundingClientRect().height)
    } else {
      scroller.show(element, 0.3, range.getBoundingClientRect().top - element.getBoundingClientRect().top)
    }
    await tick()
  }
}

/** Marks words wherever they are drawn, until it is ended. */
export function markPlaces(
  column: HTMLElement,
  words: readonly string[],
  target: Target | undefined,
  scroller: Scroller,
): () => void {
  if (typeof Highlight !== 'function') return () => undefined
  let asked = 0
  const mark = () => {
    asked = 0
    const here = target && messageOf(column, target)
    const current = here && meant(here, target)
    CSS.highlights.set('found', new Highlight(...rangesIn(column, words)))
    CSS.highlights.set('found-here', new Highlight(...(current ? [current] : [])))
  }
  const soon = () => {
    asked ||= requestAnimationFrame(mark)
  }
  const stop = scroller.watch(soon)
  soon()
  return () => {
    stop()
    cancelAnimationFrame(asked)
    CSS.highlights.delete('found')
    CSS.highlights.delete('found-here')
  }
}
