import type { Bridge } from '../bridge/bridge'
import { toBridgeError } from '../bridge/failure'
import type { OtherModel } from '../bridge/types'
import { text } from '../text'
import type { Chatting } from './chatting'
import type { Conversation } from './conversation.svelte'
import type { Host } from './host'
import type { LibraryState } from './library.svelte'
import { succeeded, type Tasks } from './tasks.svelte'

interface Parts {
  readonly chat: Conversation
  readonly chatting: Chatting
  readonly library: LibraryState
  readonly tasks: Tasks
}

/** A file that may become a model. */
export interface ImportItem {
  file: OtherModel
  /** what it will be called; the person may change it */
  name: string
  /** `same`: the library had it already, so nothing was added */
  state: 'waiting' | 'running' | 'done' | 'same' | 'failed'
  /** why it can't be imported, or was not; empty: it can */
  problem: string
}

/** The library has it. */
function settled({ state }: ImportItem): boolean {
  return state === 'done' || state === 'same'
}

/** Files on their way into the library: chosen or dropped, looked at, then copied one after another. */
export class Imports {
  #items = $state.raw<readonly ImportItem[]>([])
  #busy = $state(false)
  /** The person has put the form away while files are copied. */
  #away = $state(false)
  #stopped = false
  /** Grows with each drop on the window. */
  drops = $state(0)
  #host: Host
  #bridge: Bridge['library']
  #parts: Parts

  constructor(host: Host, bridge: Bridge['library'], parts: Parts) {
    this.#host = host
    this.#bridge = bridge
    this.#parts = parts
  }

  get items(): readonly ImportItem[] {
    return this.#items
  }

  /** The form is open. */
  get open(): boolean {
    return this.#items.length > 0 && !this.#away
  }

  /** Files are being copied. */
  get busy(): boolean {
    return this.#busy
  }

  /** Those that can be imported now. */
  get ready(): readonly ImportItem[] {
    return this.good.filter((item) => item.state === 'waiting')
  }

  /** Those that are in the library by now, or can be. */
  get good(): readonly ImportItem[] {
    return this.#items.filter((item) => !item.problem && !this.here(item))
  }

  /** All that could be done with these files is done: what is left is to read how it went. */
  get finished(): boolean {
    return !this.#busy && !this.ready.length && this.#items.some((item) => settled(item) || item.state === 'failed')
  }

  /** The reference under which the library has this file already, whole; empty: it has not, or that is not sure. */
  here({ file }: ImportItem): string {
    return this.#parts.library.hasFile(file)
  }

  /** The reference of what a file looks like; only its import tells whether it is the same. */
  like({ file }: ImportItem): string {
    return this.#parts.library.likeFile(file)
  }

  /** Opens the file chooser, and the form with what was chosen. */
  async choose(): Promise<void> {
    await this.#host.attempt(async () => {
      const path = await this.#bridge.chooseFile()
      if (path) await this.look([path])
    })
  }

  /** Opens the chooser for a folder: of models, or a bundle. */
  async chooseFolder(title: string): Promise<void> {
    await this.#host.attempt(async () => {
      const path = await this.#bridge.chooseFolder(title)
      if (path) await this.look([path])
    })
  }

  /** Files were dropped on the window. */
  async dropped(): Promise<void> {
    this.drops++
    const paths = await this.#bridge.dropped()
    if (paths.length) await this.look(paths, true)
  }

  /** Opens the form with what files and folders hold: beside what is in it already, or in the place of that. */
  async look(paths: string[], beside = false): Promise<void> {
    const found = await this.#bridge.look(paths)
    this.#away = false
    const before = beside || this.#busy ? this.#items : []
    const stay = before.filter(
      (item) => item.state === 'running' || settled(item) || !found.some((f) => f.path === item.file.path),
    )
    const added = found.filter((f) => !stay.some(({ file }) => file.path === f.path))
    this.#items = [
      ...stay,
      ...added.map((file): ImportItem => ({ file, name: file.name, state: 'waiting', problem: file.problem })),
    ]
  }

  /** Opens the form that was open before the page was loaded again, with the names that were given. */
  async lookAgain(files: readonly (readonly [path: string, name: string])[]): Promise<void> {
    await this.#host.attempt(async () => {
      await this.look(files.map(([path]) => path))
      for (const [path, name] of files) this.rename(path, name)
    })
  }

  rename(path: string, name: string): void {
    this.#change(path, { name })
  }

  /** Puts the form away. What is being copied goes on; the form comes back when something of it fails. */
  close(): void {
    if (this.#busy) this.#away = true
    else this.#items = []
  }

  async cancel(): Promise<void> {
    this.#stopped = true
    const task = this.#parts.tasks.of('import')
    if (task) await this.#host.attempt(() => this.#parts.tasks.cancel(task.id))
  }

  /** Copies what can be. The form closes when all of it is in the library; else it says what is not, and why. */
  async start(): Promise<void> {
    const wanted = this.ready
    if (this.#busy || !wanted.length) return
    this.#busy = true
    this.#stopped = false
    const added: string[] = []
    const same: string[] = []
    const { library } = this.#parts
    const had = new Set(library.models.map((m) => m.ref).filter((ref) => !library.damageOf(ref)))
    for (const item of wanted) {
      if (this.#stopped) break
      const ref = await this.#one(item, had)
      if (!ref) continue
      const list = had.has(ref) ? same : added
      list.push(ref)
      had.add(ref)
    }
    this.#busy = false
    this.#away = false
    await this.#tell(added, same)
  }

  /** Resolves to the reference under which the library has it now; empty: it has not. */
  async #one({ file, name }: ImportItem, had: ReadonlySet<string>): Promise<string> {
    const { path } = file
    this.#change(path, { state: 'running', problem: '' })
    try {
      const given = name.trim() === file.name ? '' : name.trim()
      const { problem, result } = await this.#parts.tasks.run('import', () => this.#bridge.import(path, given))
      if (succeeded(problem)) {
        this.#change(path, { state: had.has(result) ? 'same' : 'done' })
        return result
      }
      const cancelled = problem.code === 'cancelled'
      this.#change(path, {
        state: cancelled ? 'waiting' : 'failed',
        problem: cancelled ? '' : [problem.title, problem.hint].filter(Boolean).join(' '),
      })
    } catch (reason) {
      const { message, hint } = toBridgeError(reason)
      this.#change(path, { state: 'failed', problem: [message, hint].filter(Boolean).join(' ') })
    }
    return ''
  }

  async #tell(added: string[], same: string[]): Promise<void> {
    const { chat, chatting, library } = this.#parts
    const { toasts } = this.#host
    await this.#host.attempt(() => library.refresh())
    const [first] = [...added, ...same]
    if (this.#items.every((item) => settled(item) || this.here(item))) this.#items = []
    if (!first) return
    if (!library.find(chat.model)) await this.#host.attempt(() => chat.setModel(first))
    if (added.length + same.length > 1) toasts.info(text.imports.added(added.length, same.length))
    else {
      const say = same.length ? text.imports.same : text.library.imported
      toasts.info(say(library.nameOf(first)), this.#chat(chatting, first))
    }
  }

  #chat(chatting: Chatting, ref: string) {
    return { label: text.library.chat, run: () => chatting.begin(ref) }
  }

  #change(path: string, change: Partial<ImportItem>): void {
    this.#items = this.#items.map((item) => (item.file.path === path ? { ...item, ...change } : item))
  }
}
