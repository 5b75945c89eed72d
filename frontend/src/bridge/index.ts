import type { Bridge } from './bridge'
import { inWindow, wailsBridge } from './wails'

/** The window's bridge inside the window; in a plain browser a stand-in, in the situation that `?scene=` names. */
export async function chooseBridge(): Promise<Bridge> {
  if (inWindow()) return wailsBridge()
  const [{ fakeBridge }, { scenes }] = await Promise.all([import('./fake'), import('./fake/scenes/scene')])
  const asked = new URLSearchParams(location.search).get('scene')
  return fakeBridge({ scene: scenes.find((s) => s === asked) ?? 'full' })
}
