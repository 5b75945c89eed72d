import { speed } from '../lib/format'
import { text } from '../text'
import type { BlindState } from './blind.svelte'
import type { DiscoverState } from './discover.svelte'
import type { Host } from './host'
import type { MachineState } from './machine.svelte'
import { succeeded, type Tasks } from './tasks.svelte'

interface Parts {
  readonly blind: BlindState
  readonly discover: DiscoverState
  readonly machine: MachineState
  readonly tasks: Tasks
}

/** What a person has measured: memory, a model that is not here, answers without names. */
export class Measuring {
  #host: Host
  #parts: Parts

  constructor(host: Host, parts: Parts) {
    this.#host = host
    this.#parts = parts
  }

  async bandwidth(): Promise<void> {
    const { machine, tasks } = this.#parts
    // The Machine page looks at the machine again with the event of its end.
    await this.#host.attempt(async () => {
      const { problem } = await tasks.run('bandwidth', () => machine.measureBandwidth())
      if (problem.code === 'cancelled') this.#host.toasts.info(text.library.cancelled)
      else if (!succeeded(problem)) this.#host.toasts.error(problem.title, problem.hint)
    })
  }

  /** Finds out how the engine works fastest. */
  async tune(): Promise<void> {
    const { machine, tasks } = this.#parts
    await this.#host.attempt(async () => {
      const { problem } = await tasks.run('tune', () => machine.tune())
      if (problem.code === 'cancelled') this.#host.toasts.info(text.tuned.cancelled)
      else if (!succeeded(problem)) this.#host.toasts.error(problem.title, problem.hint)
    })
  }

  /** Times a model that is not here. A drive that was cancelled is no failure. */
  async testDrive(id: string, quant: string, name: string): Promise<void> {
    const { discover, tasks } = this.#parts
    const { toasts } = this.#host
    if (discover.taskOf(id, quant) !== undefined) return
    await this.#host.attempt(async () => {
      const { problem } = await tasks.run('testdrive', () => discover.testDrive(id, quant))
      if (problem.code === 'cancelled') return toasts.info(text.discover.driveCancelled)
      if (!succeeded(problem)) return toasts.error(problem.title, problem.hint)
      await Promise.all([discover.loadDrives(), discover.advise()])
      const drive = discover.driveOf(id, quant)
      if (!drive) return
      const done = drive.disturbed ? text.discover.driveDoneDisturbed : text.discover.driveDone
      toasts.info(done(`${name} ${quant}`, speed(drive.tokensPerSecond)))
    })
    discover.ended(id, quant)
  }

  /**
   * Runs the test drives that estimates rest on, `id:quant`, one after the other, whatever other programs do. Those that
   * were disturbed count for no other model, which is said.
   */
  async now(refs: readonly string[]): Promise<void> {
    const { discover } = this.#parts
    for (const ref of refs) {
      const cut = ref.lastIndexOf(':')
      const [id, quant] = [ref.slice(0, cut), ref.slice(cut + 1)]
      await this.testDrive(id, quant, discover.models.get(id)?.name ?? id)
    }
    if (discover.advice?.fitted === false && refs.some((ref) => discover.advice?.missing.includes(ref)))
      this.#host.toasts.info(text.discover.measuredBusy)
  }

  /** Has the models under test answer, and shows the answers when all are there. */
  async askBlind(prompt: string): Promise<void> {
    const { blind, tasks } = this.#parts
    const id = blind.test?.id ?? ''
    await this.#host.attempt(async () => {
      const { problem } = await tasks.run('blind', () => blind.ask(prompt))
      await blind.answered(id)
      if (problem.code === 'cancelled') return
      if (!succeeded(problem)) this.#host.toasts.error(problem.title, problem.hint)
    })
  }
}
