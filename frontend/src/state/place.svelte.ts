import type { Bridge } from '../bridge/bridge'
import type { ChatOptions } from '../bridge/types'
import { latest } from '../lib/timing'
import type { AnyModelState } from './anymodel.svelte'
import type { BlindState } from './blind.svelte'
import type { ChatsState } from './chats.svelte'
import type { Conversation } from './conversation.svelte'
import type { Dialogs } from './dialogs.svelte'
import type { DiscoverState } from './discover.svelte'
import type { Finding } from './finding.svelte'
import type { Imports } from './imports.svelte'
import type { LabState } from './lab.svelte'
import type { LibraryState } from './library.svelte'
import type { SideState } from './side.svelte'
import type { Tuning } from './tuning.svelte'
import type { Page, Ui } from './ui.svelte'

interface Parts {
  readonly chat: Conversation
  readonly chats: ChatsState
  readonly finding: Finding
  readonly imports: Imports
  readonly ui: Ui
  readonly dialogs: Dialogs
  readonly library: LibraryState
  readonly tuning: Tuning
  readonly discover: DiscoverState
  readonly anyModel: AnyModelState
  readonly lab: LabState
  readonly blind: BlindState
  readonly side: SideState
}

/**
 * What is open, and what stands in fields and is stored nowhere else, by the states that have it. What is not here does
 * not come back: a question, an offer of a download and the form of a comparison are asked for again, and a token, which
 * is a secret, is typed again.
 */
function openIn(parts: Parts) {
  return {
    ui: pick(
      parts.ui,
      ...(['editing', 'edited', 'renaming', 'renamed', 'renamingAt'] as const),
      ...(['listOpen', 'chatSettingsOpen', 'trashOpen'] as const),
    ),
    dialogs: pick(
      parts.dialogs,
      ...(['palette', 'sought', 'naming', 'named', 'log', 'backups', 'licences', 'shortcuts'] as const),
    ),
    library: pick(parts.library, 'tab', 'shown', 'renaming', 'renamed', 'filter'),
    tuning: pick(parts.tuning, 'naming', 'name'),
    discover: pick(parts.discover, 'query', 'shown'),
    anyModel: pick(parts.anyModel, 'online', 'words'),
    lab: pick(parts.lab, 'view'),
    blind: pick(parts.blind, 'own'),
    side: pick(parts.side, 'prompt', 'refs', 'seed'),
  }
}

/** Where the person is, and what they type that is stored nowhere else yet. */
export interface Place {
  page: Page
  /** empty: a new one, with its model and options */
  chat: string
  model: string
  options: ChatOptions
  draft: string
  /** what the search over all chats holds */
  search: string
  /** what is looked for in the chat on screen; null: nothing is */
  find: string | null
  /** files on their way into the library, by their paths, with the names they were given */
  files: (readonly [path: string, name: string])[]
  open: ReturnType<typeof openIn>
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
    const { chat, chats, finding, imports, ui } = this.#parts
    if (!this.#begun || chat.loading) return
    const sent = this.#place !== null && this.#place.draft !== '' && chat.draft === ''
    this.#place = {
      ...{ page: ui.page, chat: chat.id, model: chat.model, options: chat.options, draft: chat.draft },
      ...{ search: chats.query, find: finding.open ? finding.query : null },
      files: imports.open && !imports.busy ? imports.items.map((item) => [item.file.path, item.name] as const) : [],
      open: openIn(this.#parts),
    }
    // What was sent must not come back as a draft.
    if (sent) void this.#now()
    else this.#soon()
  }

  /** Puts back what an earlier page kept, once the chat that was open is there, and keeps from now on. */
  begin(place: Place | null): void {
    this.#begun = true
    if (!place) return
    const { chat, chats, finding, imports } = this.#parts
    if (chat.id === place.chat && chat.draft !== place.draft) chat.write(place.draft)
    for (const [name, fields] of Object.entries(place.open))
      Object.assign(this.#parts[name as keyof Place['open']], fields)
    if (place.search) void chats.search(place.search).catch(() => undefined)
    if (place.find !== null) {
      finding.begin()
      finding.look(place.find)
    }
    if (place.files.length) void imports.lookAgain(place.files)
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
    return typeof place === 'object' && place !== null && 'page' in place && 'open' in place ? (place as Place) : null
  } catch {
    return null
  }
}

function pick<T, K extends keyof T>(from: T, ...names: K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>
}
