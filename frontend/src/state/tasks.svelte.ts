import type { Bridge } from '../bridge/bridge'
import type { AppEvent, Problem, Task, TaskEnd, TaskKind, TaskProgress } from '../bridge/types'

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

  /** Whether a call of the page waits for the end of a task; the app began the others by itself, or a page before this one. */
  asked(id: string): boolean {
    return this.#waiting.has(id)
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
      this.#running = [...this.#running, begun(id, kind)]
    }
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  /** Finds what was under way before the page was: what the app does by itself, and after the page was loaded again. */
  async load(): Promise<void> {
    const tasks = await this.#bridge.list()
    const ids = new Set(tasks.map((t) => t.id))
    this.#running = this.#running.filter((t) => ids.has(t.id))
    for (const task of tasks) this.#put(task)
  }

  cancel(id: string): Promise<void> {
    return this.#bridge.cancel(id)
  }

  apply(event: AppEvent): void {
    if (event.name === 'task:progress') {
      this.#put(event.data)
    } else if (event.name === 'task:finished') {
      const { id } = event.data
      this.#running = this.#running.filter((t) => t.id !== id)
      const waiting = this.#waiting.get(id)
      if (waiting) waiting(event.data)
      else if (!unasked.has(event.data.kind)) this.#early.set(id, event.data)
      this.#waiting.delete(id)
    }
  }

  /** Each keeps its place. A report that was overtaken says nothing new. */
  #put(task: TaskProgress): void {
    const at = this.#running.findIndex((t) => t.id === task.id)
    const known = this.#running[at]
    if (!known) this.#running = [...this.#running, task]
    else if (known.seq <= task.seq) this.#running = this.#running.with(at, task)
  }
}

/** What no call of the page waits for. */
const unasked: ReadonlySet<TaskKind> = new Set(['fit', 'agree', 'compare'])

function begun(id: string, kind: TaskKind): TaskProgress {
  return { id, kind, seq: 0, done: 0, total: 0, label: '', of: '', waits: '', left: -1, startedAt: Date.now() }
}

/** Whether a task ended well. */
export function succeeded(problem: Problem): boolean {
  return problem.code === ''
}
