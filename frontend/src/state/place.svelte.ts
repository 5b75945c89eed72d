import type { Bridge } from '../bridge/bridge'
import type { ChatOptions } from '../bridge/types'
import { latest } from '../lib/timing'
import type { Conversation } from './conversation.svelte'
import type { Page, Ui } from './ui.svelte'

/** Where the person is, and what they type that is stored nowhere else yet. */
export interface Place {
  page: Page
  /** empty: a new one, with its model and options */
  chat: string
  model: string
  options: ChatOptions
  draft: string
  editing: string
  edited: string
  renaming: string
  renamed: string
  listOpen: boolean
  chatSettingsOpen: boolean
  trashOpen: boolean
}

interface Parts {
  readonly chat: Conversation
  readonly ui: Ui
}

/** Leaves the place with the window each time it changes, so that a page that is loaded again begins there. */
export class Places {
  #parts: Parts
  #bridge: Bridge['page']
  #place: Place | null = null
  /** Before a page has begun it must not keep that it is empty. */
  #begun = $state(false)

  constructor(bridge: Bridge['page'], parts: Parts) {
    this.#bridge = bridge
    this.#parts = parts
  }

  /** Runs as an effect. */
  watch(): void {
    const { chat, ui } = this.#parts
    if (!this.#begun || chat.loading) return
    const { page, editing, edited, renaming, renamed, listOpen, chatSettingsOpen, trashOpen } = ui
    const sent = this.#place !== null && this.#place.draft !== '' && chat.draft === ''
    this.#place = {
      ...{ page, editing, edited, renaming, renamed, listOpen, chatSettingsOpen, trashOpen },
      ...{ chat: chat.id, model: chat.model, options: chat.options, draft: chat.draft },
    }
    // What was sent must not come back as a draft.
    if (sent) void this.#now()
    else this.#soon()
  }

  /** Puts back what an earlier page kept, once the chat that was open is there, and keeps from now on. */
  begin(place: Place | null): void {
    this.#begun = true
    if (!place) return
    const { chat, ui } = this.#parts
    if (chat.id === place.chat && chat.draft !== place.draft) chat.setDraft(place.draft)
    const { editing, edited, renaming, renamed, listOpen, chatSettingsOpen, trashOpen } = place
    Object.assign(ui, { editing, edited, renaming, renamed, listOpen, chatSettingsOpen, trashOpen })
  }

  #soon = latest(() => this.#now(), 100)

  async #now(): Promise<void> {
    // What can't be kept is missed only if the page ends too.
    await this.#bridge.keep(JSON.stringify(this.#place)).catch(() => undefined)
  }
}

/** Reads what a page kept; null when it kept nothing, or nothing that this page understands. */
export function readPlace(kept: string): Place | null {
  try {
    const place: unknown = JSON.parse(kept)
    return typeof place === 'object' && place !== null && 'page' in place && 'chat' in place ? (place as Place) : null
  } catch {
    return null
  }
}
