import { toBridgeError } from '../bridge/failure'
import type { Download, Found, Model, Offer, TaskKind } from '../bridge/types'
import { bytes } from '../lib/format'
import { text } from '../text'
import type { App } from './app.svelte'
import { succeeded, type Tasks } from './tasks.svelte'

/** What a person does with weights: the verbs that touch downloads, the library and the notices at once. */
export class Weights {
  #app: App

  constructor(app: App) {
    this.#app = app
  }

  /**
   * Asks the place what it has and begins at once when nothing is left to decide: one model, a licence that asks for
   * nothing, room for it. Else the dialog opens with the question.
   */
  async download(ref: string): Promise<void> {
    const { downloads } = this.#app
    if (downloads.asking(ref)) return
    const offer = await downloads.ask(ref, true)
    if (!offer) return
    if (offer.installed) {
      this.#app.toasts.info(text.downloads.already(offer.name))
      return
    }
    if (mustAsk(offer)) downloads.show(ref, offer)
    else await this.start(offer.ref, false)
  }

  async start(ref: string, accepted: boolean): Promise<boolean> {
    const { downloads, toasts } = this.#app
    let begun: Download | undefined
    const ok = await this.#app.attempt(async () => {
      begun = await downloads.start(ref, accepted)
    })
    if (!ok || !begun) return false
    downloads.close()
    const { name, quant, host } = begun
    if (this.#app.page !== 'library' || this.#app.library.tab !== 'downloads') {
      toasts.info(text.downloads.begun([name, quant].filter(Boolean).join(' '), host), this.#show())
    }
    return true
  }

  showDownloads(): void {
    this.#app.library.tab = 'downloads'
    this.#app.go('library')
  }

  cancel(download: Download): void {
    const { downloads, toasts } = this.#app
    const went = download.state !== 'paused' && download.state !== 'failed'
    void this.#app.attempt(async () => {
      await downloads.cancel(download.id)
      toasts.info(text.downloads.cancelled(download.name), {
        label: text.common.undo,
        run: () => void this.#app.attempt(() => downloads.keep(download.id, went)),
      })
    })
  }

  /** A download has ended: tells of it wherever the person is. */
  ended(download: Download): void {
    const { toasts } = this.#app
    const name = [download.name, download.quant].filter(Boolean).join(' ')
    if (download.state === 'done') {
      const chat = { label: text.library.chat, run: () => this.#app.newChat(download.model) }
      toasts.info(text.downloads.arrived(name), download.model ? chat : undefined)
    } else if (download.state === 'failed' && download.problem.title) {
      toasts.error(text.downloads.failedOf(name, download.problem.title), download.problem.hint)
    }
  }

  /** Looks at a model that is not in the catalog and opens its drawer. */
  async look(ref: string): Promise<Found | null> {
    const { anyModel, discover } = this.#app
    const found = await anyModel.look(ref)
    if (found) discover.shown = { id: found.model.id, quant: found.quant }
    return found
  }

  remove(model: Model): void {
    const { library, toasts } = this.#app
    if (library.shown === model.ref) library.shown = ''
    library.remove(
      model.ref,
      (freed) => toasts.info(text.library.freed(model.name, bytes(freed))),
      (reason) => {
        const failure = toBridgeError(reason)
        toasts.error(failure.message, failure.hint)
      },
    )
    toasts.info(text.library.removed(`${model.name} ${model.quant}`), {
      label: text.common.undo,
      run: () => library.keep(model.ref),
    })
  }

  removeAdapter(ref: string, name: string): void {
    this.remove({ ref, name, quant: '' } as Model)
  }

  async adopt(path: string, name: string): Promise<void> {
    const done = await this.#run('adopt', () => this.#app.library.adopt(path))
    if (!done) return
    await this.#app.library.findOthers(this.#app.library.folder)
    this.#app.toasts.info(text.others.adopted(name))
  }

  /** Reads a model again, or all of them, and says what came of it. */
  async verify(ref: string): Promise<void> {
    const { library, toasts } = this.#app
    if ((await this.#run('verify', () => library.verify(ref))) === null) return
    await this.#app.attempt(async () => {
      const { bad, models } = await library.loadReport()
      const name = ref ? library.nameOf(ref) : ''
      if (bad.length) toasts.error(text.verify.bad(bad.length), text.verify.badHint)
      else toasts.info(name ? text.verify.good(name) : text.verify.allGood(models))
    })
  }

  async repair(ref: string): Promise<void> {
    const { library, toasts } = this.#app
    const name = library.nameOf(ref)
    if ((await this.#run('repair', () => library.repair(ref))) === null) return
    await this.#app.attempt(() => library.loadReport())
    toasts.info(text.verify.repaired(name))
  }

  async attach(base: string, adapter: string): Promise<void> {
    await this.#app.attempt(async () => {
      const ref = await this.#app.library.attach(base, adapter)
      const chat = { label: text.library.chat, run: () => this.#app.newChat(ref) }
      this.#app.toasts.info(text.library.imported(this.#app.library.nameOf(ref)), chat)
    })
  }

  async exportBundle(model: Model): Promise<void> {
    const folder = await this.#folder(text.details.exportTitle)
    if (!folder) return
    const path = await this.#run('export', () => this.#app.library.exportBundle(model.ref, folder))
    if (path) this.#app.toasts.info(text.details.exported(model.name, path))
  }

  async importBundle(): Promise<void> {
    const folder = await this.#folder(text.library.bundleTitle)
    if (!folder) return
    const ref = await this.#run('import', () => this.#app.library.importBundle(folder))
    if (ref) this.#app.toasts.info(text.library.imported(this.#app.library.nameOf(ref)))
  }

  async importFolder(): Promise<void> {
    const folder = await this.#folder(text.others.folderTitle)
    if (!folder) return
    this.#app.library.tab = 'others'
    this.#app.go('library')
    await this.#app.library.findOthers(folder)
  }

  async moveLibrary(): Promise<void> {
    const folder = await this.#folder(text.network.moveTitle)
    if (!folder) return
    const { moveConfirm, moveBody, moveAction } = text.network
    const size = bytes(this.#app.library.value?.totalBytes ?? 0)
    const sure = await this.#app.dialogs.confirm({
      title: moveConfirm,
      body: moveBody(size, folder),
      action: moveAction,
      danger: false,
    })
    if (sure && (await this.#run('move', () => this.#app.library.move(folder)))) {
      this.#app.toasts.info(text.network.moved(folder))
    }
  }

  /** The folder that the person chose; empty when they did not. */
  async #folder(title: string): Promise<string> {
    let folder = ''
    await this.#app.attempt(async () => {
      folder = await this.#app.library.chooseFolder(title)
    })
    return folder
  }

  /** Runs a task and tells of its failure. Resolves to its result, or to null when it did not end well. */
  async #run(kind: TaskKind, begin: Parameters<Tasks['run']>[1]): Promise<string | null> {
    let result: string | null = null
    await this.#app.attempt(async () => {
      const end = await this.#app.tasks.run(kind, begin)
      await this.#app.library.refresh()
      if (succeeded(end.problem)) result = end.result
      else if (end.problem.code === 'cancelled') this.#app.toasts.info(text.tasks.cancelled)
      else this.#app.toasts.error(end.problem.title, end.problem.hint)
    })
    return result
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
