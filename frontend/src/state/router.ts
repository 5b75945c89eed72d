import type { AppEvent, ChatDelta, TaskKind } from '../bridge/types'
import { onFrame, soon } from '../lib/timing'
import type { ChatsState } from './chats.svelte'
import type { Conversation, Need } from './conversation.svelte'
import type { DiscoverState } from './discover.svelte'
import type { DownloadsState } from './downloads.svelte'
import type { Host } from './host'
import type { Imports } from './imports.svelte'
import type { LabState } from './lab.svelte'
import type { LibraryState } from './library.svelte'
import type { MachineState } from './machine.svelte'
import type { Models } from './models'
import { Sequence } from './sequence'
import type { SettingsState } from './settings.svelte'
import type { SideState } from './side.svelte'
import type { Tasks } from './tasks.svelte'
import type { Ui } from './ui.svelte'

/** Tasks whose end may change what the Machine page says. */
const measured: ReadonlySet<TaskKind> = new Set(['bandwidth', 'tune', 'fit', 'agree'])

interface Parts {
  readonly chats: ChatsState
  readonly chat: Conversation
  readonly library: LibraryState
  readonly machine: MachineState
  readonly discover: DiscoverState
  readonly downloads: DownloadsState
  readonly lab: LabState
  readonly side: SideState
  readonly settings: SettingsState
  readonly tasks: Tasks
  readonly models: Models
  readonly imports: Imports
  readonly ui: Ui
}

/** Brings each event to the states that it concerns, and fetches what it says has changed. */
export class Router {
  #host: Host
  #parts: Parts
  #sequence = new Sequence()
  #deltas: ChatDelta[] = []

  constructor(host: Host, parts: Parts) {
    this.#host = host
    this.#parts = parts
  }

  receive(event: AppEvent): void {
    const { chats, chat, downloads, lab, models, side, tasks } = this.#parts
    if (this.#sequence.missed(event.data.seq)) this.#resync()
    if (event.name === 'chat:delta') {
      // Text comes faster than pictures: all deltas of a frame are applied at once.
      this.#deltas.push(event.data)
      this.#flush()
      return
    }
    if (event.name === 'chat:finished') this.#applyDeltas()
    chats.apply(event)
    tasks.apply(event)
    downloads.apply(event)
    if (event.name === 'download:finished') models.ended(event.data)
    if (event.name === 'task:finished' && measured.has(event.data.kind)) this.#refreshMachine()
    this.#fetch(chat.apply(event))
    const changed = lab.apply(event)
    if (changed) this.#attempt(() => lab.refresh(changed))
    if (side.apply(event)) this.#attempt(() => side.refresh())
    if (event.name === 'chats:changed') this.#refreshChats()
    else if (event.name === 'engine:changed') this.#refreshEngine()
    else if (event.name === 'library:changed') this.#refreshLibrary()
    else if (event.name === 'files:dropped') this.#attempt(() => this.#parts.imports.dropped())
    else if (event.name === 'drives:changed') this.#refreshDrives()
    else if (event.name === 'plans:changed') this.#refreshPlans()
    else if (event.name === 'downloads:changed') this.#refreshDownloads()
  }

  #attempt(call: () => Promise<unknown>): void {
    void this.#host.attempt(call)
  }

  #fetch(need: Need | null): void {
    if (need) this.#attempt(() => this.#parts.chat.fetch(need))
  }

  #applyDeltas(): void {
    const deltas = this.#deltas
    this.#deltas = []
    for (const data of deltas) {
      this.#parts.chats.apply({ name: 'chat:delta', data })
      this.#fetch(this.#parts.chat.apply({ name: 'chat:delta', data }))
    }
  }

  #flush = onFrame(() => this.#applyDeltas())
  #refreshChats = soon(() => this.#attempt(() => this.#parts.chats.refresh()))
  #refreshLibrary = soon(() => {
    const { discover, lab, library } = this.#parts
    this.#attempt(() => library.refresh())
    discover.refresh()
    if (lab.loaded) void lab.load()
  })
  #refreshDrives = soon(() => {
    const { discover } = this.#parts
    this.#attempt(() => discover.loadDrives())
    discover.refresh()
  })
  #refreshPlans = soon(() => {
    const { discover, library, ui } = this.#parts
    discover.refreshRows()
    if (ui.page === 'library') this.#attempt(() => library.weigh())
  })
  #refreshMachine = soon(() => {
    const { machine, ui } = this.#parts
    if (ui.page === 'machine') this.#attempt(() => machine.detect())
  })
  #refreshEngine = soon(() => {
    const { discover, machine, settings, ui } = this.#parts
    this.#attempt(async () => {
      const before = machine.engine?.model
      await machine.refreshEngine()
      // Advice rests on free memory, which another model changes.
      if (machine.engine?.model !== before) discover.refresh()
      // The memory bar shows what the model takes, so it is looked at again when another one is loaded.
      const { engine, value } = machine
      if (ui.page === 'machine' && engine?.model !== value?.engine.model) await machine.detect()
    })
    this.#attempt(() => settings.loadAbout())
  })
  #refreshDownloads = soon(() => {
    const { downloads, settings, ui } = this.#parts
    this.#attempt(() => downloads.refresh())
    this.#attempt(() => settings.loadAbout())
    if (ui.page === 'machine') this.#attempt(() => downloads.loadLedger())
  })
  #resync = soon(() => {
    this.#attempt(() => this.#parts.chat.reload())
    this.#refreshChats()
    this.#refreshEngine()
    this.#refreshLibrary()
    this.#refreshDrives()
    this.#refreshDownloads()
    this.#attempt(() => this.#parts.side.refresh())
    this.#attempt(() => this.#parts.downloads.loadOnline())
    this.#attempt(() => this.#parts.tasks.load())
  }, 300)
}
