import type { Bridge } from './bridge/bridge'
import type { App } from './state/app'
import { saveTyped } from './ui/typing.svelte'

/** Keys come one after another, each once the page is done with the one before: none for this long, and none waits. */
const quietMs = 150
/** So long after the last key none waits any more. */
const recentMs = 1000
/** Whatever comes, the window closes. */
const mostMs = 5000

/** Hands over what is typed before the window closes, which waits for the answer for as long as the page says it lives. */
export function answerClosing(bridge: Pick<Bridge, 'on' | 'page'>, app: App): void {
  let last = -Infinity
  let pressed = -Infinity
  addEventListener('keydown', (event) => ([last, pressed] = [performance.now(), event.timeStamp]), true)
  const answer = async () => {
    // Keys that were pressed before the close button may come after the question, and the more the faster they were typed.
    // One that was pressed after it, as by a key that is held down, is the first of those that need not be kept; on a
    // display of another machine the clocks differ. In a hidden page nobody types, and its timers hardly run.
    const begun = performance.now()
    if (begun - last < recentMs) last = begun
    const late = () => pressed > begun && pressed <= last
    while (!document.hidden && !late() && performance.now() < Math.min(last + quietMs, begun + mostMs)) {
      void bridge.page.alive()
      await pause(50)
    }
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
