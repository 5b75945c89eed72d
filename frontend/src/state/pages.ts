import { text } from '../text'
import type { Page } from './ui.svelte'

/** The pages of the rail, from the top; each also answers to Ctrl and its number. */
export const railPages: readonly { page: Page; label: string }[] = [
  { page: 'chat', label: text.pages.chat },
  { page: 'discover', label: text.pages.discover },
  { page: 'library', label: text.pages.library },
  { page: 'lab', label: text.pages.lab },
  { page: 'machine', label: text.pages.machine },
]
