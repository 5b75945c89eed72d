import { toBridgeError } from '../bridge/failure'
import type { Download, Found, Model, Offer, TaskKind, TemplateChoices } from '../bridge/types'
import { focusRow } from '../lib/focus'
import { bytes } from '../lib/format'
import { text } from '../text'
import type { AnyModelState } from './anymodel.svelte'
import type { Chatting } from './chatting'
import type { Conversation } from './conversation.svelte'
import type { Dialogs } from './dialogs.svelte'
import type { DiscoverState } from './discover.svelte'
import type { DownloadsState } from './downloads.svelte'
import type { Host } from './host'
import type { LibraryState } from './library.svelte'
import type { MachineState } from './machine.svelte'
import type { SettingsState } from './settings.svelte'
import { succeeded, type Tasks } from './tasks.svelte'
import type { Ui } from './ui.svelte'

interface Parts {
  readonly anyModel: AnyModelState
  readonly chat: Conversation
  readonly chatting: Chatting
  readonly dialogs: Dialogs
  readonly discover: DiscoverState
  readonly downloads: DownloadsState
  readonly library: LibraryState
  readonly machine: MachineState
  readonly settings: SettingsState
  readonly tasks: Tasks
  readonly ui: Ui
}

/** A model of more bytes is not removed without a question. */
const askedFrom = 1_000_000_000

/** A removal waits for its notice to go, whose clock stands while somebody is at it; this long at most, in milliseconds. */
const asLongAsTold = 3_600_000

/** What a person does with models: the verbs that touch downloads, the library and the notices at once. */
export class Models {
  #host: Host
  #parts: Parts

  constructor(host: Host, parts: Parts) {
    this.#host = host
    this.#parts = parts
  }

  /** Puts the focus into the search of the catalog. */
  search(): void {
    const { anyModel, discover } = this.#parts
    this.#host.go('discover')
    anyModel.online = false
    discover.wantsSearch = true
  }

  /** Adds the model that comes with the app, and chooses it where none is chosen. */
  async addStarter(): Promise<boolean> {
    return this.#add('starter', () => this.#parts.library.installStarter())
  }

  /**
   * Asks the source what it has and begins at once when nothing is left to decide: one model, a licence that asks for
   * nothing, room for it. Else the dialog opens with the question.
   */
  async download(ref: string): Promise<void> {
    const { downloads } = this.#parts
    if (downloads.asking(ref)) return
    const offer = await downloads.ask(ref, true)
    if (!offer) return
    if (offer.installed) {
      this.#host.toasts.info(text.downloads.already(offer.name))
      return
    }
    if (mustAsk(offer)) downloads.show(ref, offer)
    else await this.start(offer.ref, false)
  }

  async start(ref: string, accepted: boolean): Promise<boolean> {
    const { downloads } = this.#parts
    const { toasts } = this.#host
    let begun: Download | undefined
    const ok = await this.#host.attempt(async () => {
      begun = await downloads.start(ref, accepted)
    })
    if (!ok || !begun) return false
    downloads.close()
    const { name, quant, host } = begun
    if (this.#parts.ui.page !== 'library' || this.#parts.library.tab !== 'downloads') {
      toasts.info(text.downloads.begun([name, quant].filter(Boolean).join(' '), host), this.#show())
    }
    return true
  }

  showDownloads(): void {
    this.#parts.library.tab = 'downloads'
    this.#host.go('library')
  }

  cancel(download: Download): void {
    const { downloads } = this.#parts
    const { toasts } = this.#host
    const went = download.state !== 'paused' && download.state !== 'failed'
    void this.#host.attempt(async () => {
      await downloads.cancel(download.id, asLongAsTold)
      toasts.info(text.downloads.cancelled(download.name), {
        label: text.common.undo,
        undo: 'shown',
        expired: () => downloads.settle(download.id),
        run: () => {
          void this.#host.attempt(() => downloads.keep(download.id, went))
          focusRow(download.id)
        },
      })
    })
  }

  /** A download has ended: tells of it wherever the person is. */
  ended(download: Download): void {
    const { toasts } = this.#host
    const name = [download.name, download.quant].filter(Boolean).join(' ')
    if (download.state === 'done') {
      const chat = { label: text.library.chat, run: () => this.#parts.chatting.begin(download.model) }
      toasts.info(text.downloads.arrived(name), download.model ? chat : undefined)
    } else if (download.state === 'failed' && download.problem.title) {
      toasts.error(text.downloads.failedOf(name, download.problem.title), download.problem.hint)
    }
  }

  /** Looks at a model that is not in the catalog and opens its drawer. */
  async look(ref: string): Promise<Found | null> {
    const { anyModel, discover } = this.#parts
    const found = await anyModel.look(ref)
    if (found) discover.shown = { id: found.model.id, quant: found.quant }
    return found
  }

  /** Removes a model, after a question where much would be lost: what was downloaded, and what is large. */
  async remove(model: Model): Promise<void> {
    const { dialogs } = this.#parts
    if (model.source === 'pull' || model.bytes > askedFrom) {
      const t = text.library
      const size = bytes(model.bytes)
      const frees = model.source === 'adopted' ? '' : t.removeFrees(size)
      const question = {
        title: t.removeAsk(`${model.name} ${model.quant}`.trim()),
        body: [frees, t.removeAgain[model.source](size)].filter(Boolean).join(' '),
        action: t.remove,
        danger: true,
      }
      if (!(await dialogs.confirm(question))) return
    }
    this.#remove(model)
  }

  #remove(model: Model): void {
    const { library } = this.#parts
    const { toasts } = this.#host
    if (library.shown === model.ref) library.shown = ''
    library.remove(
      model.ref,
      (freed) => toasts.info(text.library.freed(model.name, bytes(freed))),
      (reason) => {
        const failure = toBridgeError(reason)
        toasts.error(failure.message, failure.hint)
      },
      asLongAsTold,
    )
    toasts.info(text.library.removed(`${model.name} ${model.quant}`), {
      label: text.common.undo,
      undo: 'shown',
      expired: () => library.settle(model.ref),
      run: () => {
        library.keep(model.ref)
        focusRow(model.ref)
      },
    })
  }

  /** Removes an adapter, or a model that is too damaged to be in the list. */
  removeRef(ref: string, name = this.#parts.library.nameOf(ref)): void {
    const model = this.#parts.library.find(ref)
    if (model) void this.remove(model)
    else this.#remove({ ref, name, quant: '' } as Model)
  }

  /** Gives a model another name; an empty one is what its file says. */
  async rename({ ref, name: before }: Model, wanted: string): Promise<void> {
    const { library } = this.#parts
    await this.#host.attempt(async () => {
      const name = await library.rename(ref, wanted)
      this.#host.toasts.info(text.rename.done(name), {
        label: text.common.undo,
        run: () => void this.#host.attempt(() => library.rename(ref, before)),
      })
    })
  }

  /** Gives a model a family's chat template, or its own again. */
  async chooseTemplate(model: Model, before: TemplateChoices, chosen: string, words: string): Promise<void> {
    await this.#host.attempt(() => this.#setTemplate(model, before, chosen, words))
  }

  /** Gives a model a chat template of the person's own. Resolves to why the engine can't use it; empty: it can. */
  async tryTemplate(model: Model, before: TemplateChoices, words: string): Promise<string> {
    try {
      await this.#setTemplate(model, before, 'custom', words)
      return ''
    } catch (reason) {
      const { message, hint } = toBridgeError(reason)
      return `${message} ${hint}`.trim()
    }
  }

  async #setTemplate({ ref, name }: Model, before: TemplateChoices, chosen: string, words: string): Promise<void> {
    const { library } = this.#parts
    const caution = await library.setTemplate(ref, chosen, words)
    const family = before.families.find((f) => f.id === chosen)?.name ?? ''
    this.#host.toasts.info([text.templates.done(name, family, chosen), caution].filter(Boolean).join(' '), {
      label: text.common.undo,
      run: () => void this.#host.attempt(() => library.setTemplate(ref, before.chosen, before.text)),
    })
  }

  /** Loads a model into memory, by itself with the context that new chats have. One that does not fit is asked about. */
  async load(ref: string, contextLength = this.#parts.settings.value.contextLength): Promise<void> {
    const { machine } = this.#parts
    await this.#host.attempt(async () => {
      try {
        await machine.loadModel(ref, contextLength)
      } catch (reason) {
        const { code, message } = toBridgeError(reason)
        if (code !== 'no_room') throw reason
        const { title, body, action } = text.anyway
        if (!(await this.#host.confirm({ title, body: `${message} ${body}`, action, danger: true }))) return
        await machine.loadAnyway(ref, contextLength)
        await machine.loadModel(ref, contextLength)
      }
    })
  }

  async adopt(path: string, name: string): Promise<void> {
    const done = await this.#run('adopt', () => this.#parts.library.adopt(path))
    if (!done) return
    await this.#parts.library.findOthers(this.#parts.library.folder)
    this.#host.toasts.info(text.others.adopted(name))
  }

  /** Reads a model again, or all of them, and says what came of it. */
  async verify(ref: string): Promise<void> {
    const { library } = this.#parts
    const { toasts } = this.#host
    if ((await this.#run('verify', () => library.verify(ref))) === null) return
    await this.#host.attempt(async () => {
      const { bad, models } = await library.loadReport()
      const name = ref ? library.nameOf(ref) : ''
      // The Library page says it itself, beside what can be done.
      const seen = this.#parts.ui.page === 'library' && library.tab === 'models'
      if (bad.length && seen) return
      if (bad.length) toasts.error(text.verify.bad(bad.length), text.verify.badHint)
      else toasts.info(name ? text.verify.good(name) : text.verify.allGood(models))
    })
  }

  async repair(ref: string): Promise<void> {
    const { library } = this.#parts
    const { toasts } = this.#host
    const name = library.nameOf(ref)
    if ((await this.#run('repair', () => library.repair(ref))) === null) return
    await this.#host.attempt(() => library.loadReport())
    toasts.info(text.verify.repaired(name))
  }

  async attach(base: string, adapter: string): Promise<void> {
    await this.#host.attempt(async () => {
      const ref = await this.#parts.library.attach(base, adapter)
      const chat = { label: text.library.chat, run: () => this.#parts.chatting.begin(ref) }
      this.#host.toasts.info(text.library.imported(this.#parts.library.nameOf(ref)), chat)
    })
  }

  async exportBundle(model: Model): Promise<void> {
    const folder = await this.#folder(text.details.exportTitle)
    if (!folder) return
    const path = await this.#run('export', () => this.#parts.library.exportBundle(model.ref, folder))
    if (path) this.#host.toasts.info(text.details.exported(model.name, path))
  }

  async lookInFolder(): Promise<void> {
    const folder = await this.#folder(text.others.folderTitle)
    if (!folder) return
    this.#parts.library.tab = 'others'
    this.#host.go('library')
    await this.#parts.library.findOthers(folder)
  }

  async moveLibrary(): Promise<void> {
    const folder = await this.#folder(text.network.moveTitle)
    if (!folder) return
    const { moveConfirm, moveBody, moveAction } = text.network
    const size = bytes(this.#parts.library.value?.totalBytes ?? 0)
    const sure = await this.#host.confirm({
      title: moveConfirm,
      body: moveBody(size, folder),
      action: moveAction,
      danger: false,
    })
    if (sure && (await this.#run('move', () => this.#parts.library.move(folder)))) {
      this.#host.toasts.info(text.network.moved(folder))
    }
  }

  /** The folder that the person chose; empty when they did not. */
  async #folder(title: string): Promise<string> {
    let folder = ''
    await this.#host.attempt(async () => {
      folder = await this.#parts.library.chooseFolder(title)
    })
    return folder
  }

  /** Runs a task and tells of its failure. Resolves to its result, or to null when it did not end well. */
  async #run(kind: TaskKind, begin: Parameters<Tasks['run']>[1]): Promise<string | null> {
    let result: string | null = null
    await this.#host.attempt(async () => {
      const end = await this.#parts.tasks.run(kind, begin)
      await this.#parts.library.refresh()
      if (succeeded(end.problem)) result = end.result
      else if (end.problem.code === 'cancelled') this.#host.toasts.info(text.tasks.cancelled)
      else this.#host.toasts.error(end.problem.title, end.problem.hint)
    })
    return result
  }

  /** Runs a task that adds a model, and chooses the model where none is chosen. Resolves to whether it was added. */
  async #add(kind: 'starter', begin: Parameters<Tasks['run']>[1]): Promise<boolean> {
    const { chat, library, tasks } = this.#parts
    const { toasts } = this.#host
    let added = false
    await this.#host.attempt(async () => {
      const { problem, result } = await tasks.run(kind, begin)
      await library.refresh()
      if (problem.code === 'cancelled') return toasts.info(text.library.cancelled)
      if (!succeeded(problem)) return toasts.error(problem.title, problem.hint)
      added = true
      if (!library.find(chat.model)) await chat.setModel(result)
      toasts.info(text.library.imported(library.nameOf(result)))
    })
    return added
  }

  #show() {
    return { label: text.downloads.show, run: () => this.showDownloads() }
  }
}

/** Whether something is left to decide, or to read, before a download may begin. */
export function mustAsk(offer: Offer): boolean {
  return (
    offer.choices.length > 0 ||
    offer.mustAccept ||
    (offer.gated && !offer.tokenSet) ||
    offer.shortByBytes > 0 ||
    offer.noChecksum ||
    offer.notes.length > 0
  )
}
