import { chatText } from './chat'
import { commonText } from './common'
import { discoverText } from './discover'
import { downloadsText } from './downloads'
import { labText } from './lab'
import { libraryText } from './library'
import { machineText } from './machine'
import { settingsText } from './settings'
import { shellText } from './shell'
import { sumsText } from './sums'
import { welcomeText } from './welcome'

/**
 * Every sentence of the page. One voice: sentence case, verbs on buttons, short and plain, no jargon before the
 * number. A text with a part to fill in is a function.
 */
export const text = {
  ...chatText,
  ...commonText,
  ...discoverText,
  ...downloadsText,
  ...labText,
  ...libraryText,
  ...machineText,
  ...settingsText,
  ...shellText,
  ...sumsText,
  ...welcomeText,
} as const
