import type { Bridge } from '../bridge/bridge'
import type { AppEvent, Problem, Task, TaskEnd, TaskProgress } from '../bridge/types'

/** Long pieces of work in progress. */
export class Tasks {
  #running = $state.raw<TaskProgress[]>([])
  #waiting = new Map<string, (end: TaskEnd) => void>()
  /** Endings that came before the call that began the task had returned. */
  #early = new Map<string, TaskEnd>()

  #bridge: Bridge['tasks']

  constructor(bridge: Bridge['tasks']) {
    this.#bridge = bridge
  }

  get running(): readonly TaskProgress[] {
    return this.#running
  }

  of(kind: TaskProgress['kind']): TaskProgress | undefined {
    return this.#running.find((t) => t.kind === kind)
  }

  get(id: string): TaskProgress | undefined {
    return this.#running.find((t) => t.id === id)
  }

  /** Begins a task and resolves with its ending. */
  async run(kind: TaskProgress['kind'], begin: () => Promise<Task>): Promise<TaskEnd> {
    const { id } = await begin()
    const early = this.#early.get(id)
    if (early) {
      this.#early.delete(id)
      return early
    }
    if (!this.#running.some((t) => t.id === id)) {
      this.#running = [...this.#running, { id, kind, seq: 0, done: 0, total: 0, label: '' }]
    }
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  cancel(id: string): Promise<void> {
    return this.#bridge.cancel(id)
  }

  apply(event: AppEvent): void {
    if (event.name === 'task:progress') {
      const rest = this.#running.filter((t) => t.id !== event.data.id)
      this.#running = [...rest, event.data]
    } else if (event.name === 'task:finished') {
      const { id } = event.data
      this.#running = this.#running.filter((t) => t.id !== id)
      const waiting = this.#waiting.get(id)
      if (waiting) waiting(event.data)
      else this.#early.set(id, event.data)
      this.#waiting.delete(id)
    }
  }
}

/** Whether a task ended well. */
export function succeeded(problem: Problem): boolean {
  return problem.code === ''
}
