import type { Bridge } from '../bridge/bridge'
import type { AddedChats, ChatBackup } from '../bridge/types'
import { text } from '../text'
import type { Host } from './host'

/** All chats at once: written to a file, taken from one, and brought back from a daily copy. */
export class Backups {
  #list = $state.raw<readonly ChatBackup[] | null>(null)
  #busy = $state(false)
  #bridge: Bridge['chats']
  #host: Host

  constructor(bridge: Bridge['chats'], host: Host) {
    this.#bridge = bridge
    this.#host = host
  }

  /** The daily copies, newest first; null until they are read. */
  get list(): readonly ChatBackup[] | null {
    return this.#list
  }

  /** Chats are being written or read. */
  get busy(): boolean {
    return this.#busy
  }

  load(): Promise<boolean> {
    return this.#host.attempt(async () => {
      this.#list = await this.#bridge.backups()
    })
  }

  exportAll(): Promise<void> {
    return this.#work(async () => {
      const path = await this.#bridge.exportAll()
      if (path) this.#host.toasts.info(text.chats.exported(path))
    })
  }

  importFile(): Promise<void> {
    return this.#work(async () => {
      const added = await this.#bridge.importFile()
      if (added.from) this.#tell(added)
    })
  }

  /** Asks first, although nothing that is here is changed: chats that somebody has deleted may come back. */
  async restore(backup: ChatBackup, date: string): Promise<void> {
    const { restoreTitle, restoreBody, restoreAction } = text.keep
    const question = {
      title: restoreTitle(date),
      body: restoreBody(backup.chats),
      action: restoreAction,
      danger: false,
    }
    if (!(await this.#host.confirm(question))) return
    await this.#work(async () => this.#tell(await this.#bridge.restoreBackup(backup.name)))
  }

  #tell({ chats, back, known, messages }: AddedChats): void {
    this.#host.toasts.info(text.keep.added(chats, back, known, messages))
  }

  async #work(run: () => Promise<void>): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    await this.#host.attempt(run)
    this.#busy = false
  }
}
