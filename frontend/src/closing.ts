import type { Bridge } from './bridge/bridge'
import type { App } from './state/app'
import { saveTyped } from './ui/typing.svelte'

/** Keys come one after another, each once the page is done with the one before: none for this long, and none waits. */
const quietMs = 150
/** So long after the last key none waits any more. */
const recentMs = 1000
/** A key that is held down must not keep the window open. */
const mostMs = 800

/** Hands over what is typed before the window closes, which waits for the answer. */
export function answerClosing(bridge: Pick<Bridge, 'on' | 'page'>, app: App): void {
  let last = -Infinity
  addEventListener('keydown', () => (last = performance.now()), true)
  const answer = async () => {
    // Keys that were pressed before the close button may come after the question. In a hidden page nobody types, and its
    // timers hardly run.
    const begun = performance.now()
    if (begun - last < recentMs) last = begun
    while (!document.hidden && performance.now() < Math.min(last + quietMs, begun + mostMs)) await pause(20)
    await handOver(app)
    await bridge.page.handedOver()
  }
  bridge.on('page:closing', () => void answer())
}

async function handOver(app: App): Promise<void> {
  // A title is stored when its field is left.
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
  await pause(0)
  await Promise.all([saveTyped(), app.chatting.store()])
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
