import type { Bridge } from '../bridge/bridge'
import { toBridgeError } from '../bridge/failure'
import type {
  Damage,
  Failure,
  Library,
  Model,
  ModelDetails,
  ModelMemory,
  OtherApp,
  OtherModel,
  TemplateChoices,
  VerifyReport,
} from '../bridge/types'
import type { ModelColumn } from '../lib/library'
import { Soon } from '../lib/timing'

export type LibraryTab = 'models' | 'downloads' | 'others'

/** The models of other apps: looked for, found, or not to be had. */
export type Others =
  | { state: 'none' }
  | { state: 'asking' }
  | { state: 'known'; apps: readonly OtherApp[] }
  | { state: 'failed'; failure: Failure }

/** How long a removed model can be brought back, in milliseconds. */
export const removeAfter = 12_000

/** The models on this machine. */
export class LibraryState {
  #value = $state.raw<Library | null>(null)
  #others = $state.raw<Others>({ state: 'none' })
  #memory = $state.raw<ReadonlyMap<string, ModelMemory>>(new Map())
  #report = $state.raw<VerifyReport>({ models: 0, at: 0, bad: [] })
  /** Removed ones that still can be brought back. */
  #leaving = $state.raw<ReadonlySet<string>>(new Set())
  /** Whose caution was put away. */
  #heard = $state.raw<ReadonlySet<string>>(new Set())
  #timers = new Map<string, Soon>()

  tab = $state<LibraryTab>('models')
  /** The model whose drawer is open. */
  shown = $state('')
  /** The model that is being given another name. */
  renaming = $state('')
  renamed = $state('')
  /** How the table is sorted and searched. */
  order = $state.raw<{ column: ModelColumn; descending: boolean }>({ column: 'used', descending: true })
  filter = $state('')
  /** The folder that was searched besides the known places; empty: none. */
  folder = $state('')
  #bridge: Bridge['library']

  constructor(bridge: Bridge['library']) {
    this.#bridge = bridge
  }

  get value(): Library | null {
    return this.#value
  }

  get models(): readonly Model[] {
    return (this.#value?.models ?? []).filter((m) => !this.#leaving.has(m.ref))
  }

  get adapters(): Library['adapters'] {
    return (this.#value?.adapters ?? []).filter((a) => !this.#leaving.has(a.ref))
  }

  get others(): Others {
    return this.#others
  }

  get report(): VerifyReport {
    return this.#report
  }

  /** What the models take on disk, without those that are being removed. */
  get totalBytes(): number {
    const leaving = (this.#value?.models ?? []).filter((m) => this.#leaving.has(m.ref))
    return (this.#value?.totalBytes ?? 0) - leaving.reduce((sum, m) => sum + m.bytes, 0)
  }

  /** Opens the form for a model's name. */
  beginRename({ ref, name }: Model): void {
    this.renaming = ref
    this.renamed = name
  }

  closeRename(): void {
    this.renaming = ''
    this.renamed = ''
  }

  async refresh(): Promise<void> {
    const [value, report] = await Promise.all([this.#bridge.get(), this.#bridge.verifyReport()])
    this.#value = value
    this.#report = report
  }

  /** Finds out what the models take in memory. */
  async weigh(): Promise<void> {
    const known = await this.#bridge.memory()
    this.#memory = new Map(known.map((m) => [m.ref, m]))
  }

  /** What a model takes in memory; undefined: not known. */
  memoryOf(ref: string): ModelMemory | undefined {
    return this.#memory.get(ref)
  }

  /** The models that the last check found damaged, without those that are being removed. */
  get damaged(): readonly Damage[] {
    return this.#report.bad.filter((damage) => !this.#leaving.has(damage.ref))
  }

  /** What the last check found wrong with a model; undefined: nothing. */
  damageOf(ref: string): Damage | undefined {
    return this.#report.bad.find((damage) => damage.ref === ref)
  }

  /** The reference under which the library has a file already, whole; empty: it has not, or that is not sure. */
  hasFile(file: OtherModel): string {
    return file.alike || this.damageOf(file.installed) ? '' : file.installed
  }

  /** The reference of what a file looks like; only reading it whole tells whether it is the same. */
  likeFile(file: OtherModel): string {
    return file.alike && !this.damageOf(file.installed) ? file.installed : ''
  }

  find(ref: string): Model | undefined {
    return this.models.find((m) => m.ref === ref)
  }

  /** The name to show for a reference, also when the model is gone. */
  nameOf(ref: string): string {
    return this.find(ref)?.name ?? ref
  }

  /** What a new chat begins with: the chosen default, else the model used last, else the newest. */
  preferred(defaultRef: string): string {
    if (this.find(defaultRef)) return defaultRef
    const byUse = [...this.models].sort((a, b) => b.lastUsedAt - a.lastUsedAt || b.addedAt - a.addedAt)
    return byUse[0]?.ref ?? ''
  }

  installStarter() {
    return this.#bridge.installStarter()
  }

  /** Takes a model off the lists. Its files go when nobody has called `keep` for a while, and `gone` hears of it. */
  remove(ref: string, gone: (freed: number) => void, failed: (reason: unknown) => void, ms = removeAfter): void {
    this.#leaving = new Set([...this.#leaving, ref])
    this.#timers.set(ref, new Soon(() => void this.#drop(ref).then(gone, failed), ms))
  }

  /** Removes now what was to be removed after a while. */
  settle(ref: string): void {
    this.#timers.get(ref)?.now()
  }

  /** Brings a removed model back. */
  keep(ref: string): void {
    this.#timers.get(ref)?.stop()
    this.#timers.delete(ref)
    this.#leaving = new Set([...this.#leaving].filter((other) => other !== ref))
  }

  async #drop(ref: string): Promise<number> {
    try {
      const freed = await this.#bridge.remove(ref)
      await this.refresh()
      return freed
    } finally {
      this.keep(ref)
    }
  }

  /** Resolves to the name that the model has now. */
  async rename(ref: string, name: string): Promise<string> {
    const now = await this.#bridge.rename(ref, name)
    await this.refresh()
    return now
  }

  /** What chat template a model has, and which others can be chosen. */
  templates(ref: string): Promise<TemplateChoices> {
    return this.#bridge.templates(ref)
  }

  /** Resolves to what may go wrong with the template, as a sentence. */
  async setTemplate(ref: string, chosen: string, words: string): Promise<string> {
    const caution = await this.#bridge.setTemplate(ref, chosen, words)
    await this.refresh()
    return caution
  }

  /** The model, if something is odd about its chat template that was not put away yet. */
  cautioned(ref: string): Model | undefined {
    const model = this.find(ref)
    return model?.wantsTemplate && !this.#heard.has(ref) ? model : undefined
  }

  /** Puts away what is odd about a model's chat template, until the next start. */
  heard(ref: string): void {
    this.#heard = new Set([...this.#heard, ref])
  }

  details(ref: string): Promise<ModelDetails> {
    return this.#bridge.details(ref)
  }

  chooseFolder(title: string): Promise<string> {
    return this.#bridge.chooseFolder(title)
  }

  verify(ref: string) {
    return this.#bridge.verify(ref)
  }

  async loadReport(): Promise<VerifyReport> {
    this.#report = await this.#bridge.verifyReport()
    return this.#report
  }

  repair(ref: string) {
    return this.#bridge.repair(ref)
  }

  /** Resolves to the reference of the new model. */
  async attach(base: string, adapter: string): Promise<string> {
    const ref = await this.#bridge.attach(base, adapter)
    await this.refresh()
    return ref
  }

  /** Looks for models of other apps, or below a folder. */
  async findOthers(folder = ''): Promise<void> {
    this.folder = folder
    this.#others = { state: 'asking' }
    try {
      this.#others = { state: 'known', apps: await this.#bridge.others(folder) }
    } catch (reason) {
      this.#others = { state: 'failed', failure: toBridgeError(reason) }
    }
  }

  adopt(path: string) {
    return this.#bridge.adopt(path)
  }

  move(folder: string) {
    return this.#bridge.move(folder)
  }

  exportBundle(ref: string, folder: string) {
    return this.#bridge.exportBundle(ref, folder)
  }

  reveal(ref: string): Promise<void> {
    return this.#bridge.reveal(ref)
  }
}
