import { fakeBridge } from './bridge/fake'
import { scenes } from './bridge/fake/scenes/scene'
import { show } from './page'

// The entry of the page for a plain browser, in the situation that `?scene=` names. No page that is shipped contains it.
const asked = new URLSearchParams(location.search).get('scene')
show(fakeBridge({ scene: scenes.find((s) => s === asked) ?? 'full' }))
