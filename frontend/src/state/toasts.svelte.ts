/** What a notice offers to do. */
export interface ToastAction {
  label: string
  run: () => void
  /** It takes back what was just done, so Ctrl+Z does it too: while the notice is there, or for good. */
  undo?: 'shown' | 'always'
  /** The notice has gone and nobody did it. */
  expired?: () => void
}

/** A short notice, with at most one thing to do about it. */
export interface Toast {
  id: number
  /** when it came, in milliseconds */
  at: number
  tone: 'info' | 'error'
  text: string
  hint: string
  action?: ToastAction | undefined
}

/** A notice that goes by itself: how long it still has, in milliseconds, and since when its clock runs. */
interface Clock {
  left: number
  since: number
  timer: ReturnType<typeof setTimeout> | undefined
}

const shown = { info: 5_000, action: 12_000, error: 12_000 }

/** How many steps back the key that undoes remembers. */
const keptAtMost = 20

/** The notices on screen, newest last. Their clocks stand while somebody is at them. */
export class Toasts {
  #items = $state.raw<Toast[]>([])
  #clocks = new Map<number, Clock>()
  #held = false
  #next = 1
  /** Those that can be taken back for good and whose notice has gone, oldest first. */
  #kept = $state.raw<readonly Toast[]>([])

  get items(): readonly Toast[] {
    return this.#items
  }

  /** The notice whose action takes back what was done last; undefined: nothing can be taken back. */
  get undoable(): Toast | undefined {
    const all = [...this.#kept, ...this.#items.filter((t) => t.action?.undo)]
    return all.sort((a, b) => a.id - b.id).at(-1)
  }

  info(text: string, action?: ToastAction): void {
    this.#add({ ...this.#new('info', text, ''), action }, action ? shown.action : shown.info)
  }

  /** Something that stays until it is dismissed. */
  note(text: string, hint: string): void {
    this.#items = [...this.#items, this.#new('info', text, hint)]
  }

  error(text: string, hint: string): void {
    if (this.#items.some((t) => t.text === text)) return
    this.#add(this.#new('error', text, hint), shown.error)
  }

  /** Does what a notice offers, and takes it away. */
  act(toast: Toast): void {
    toast.action?.run()
    this.#take(toast.id)
    this.#kept = this.#kept.filter((t) => t.id !== toast.id)
  }

  dismiss(id: number): void {
    const toast = this.#items.find((t) => t.id === id)
    this.#take(id)
    if (toast?.action?.undo === 'always') this.#kept = [...this.#kept, toast].slice(-keptAtMost)
    toast?.action?.expired?.()
  }

  #new(tone: Toast['tone'], text: string, hint: string): Toast {
    return { id: this.#next++, at: Date.now(), tone, text, hint }
  }

  #take(id: number): void {
    clearTimeout(this.#clocks.get(id)?.timer)
    this.#clocks.delete(id)
    this.#items = this.#items.filter((t) => t.id !== id)
    // What was pressed is gone, and nobody is told that the pointer or the focus has left it.
    this.release()
  }

  /** Lets the clocks stand: the pointer or the focus is on a notice. */
  hold(): void {
    if (this.#held) return
    this.#held = true
    for (const clock of this.#clocks.values()) {
      clearTimeout(clock.timer)
      clock.left -= Date.now() - clock.since
    }
  }

  /** Lets the clocks go on. */
  release(): void {
    if (!this.#held) return
    this.#held = false
    for (const id of this.#clocks.keys()) this.#go(id)
  }

  #add(toast: Toast, ms: number): void {
    for (const old of this.#items.slice(0, -2)) this.dismiss(old.id)
    this.#items = [...this.#items, toast]
    this.#clocks.set(toast.id, { left: ms, since: Date.now(), timer: undefined })
    if (!this.#held) this.#go(toast.id)
  }

  #go(id: number): void {
    const clock = this.#clocks.get(id)
    if (!clock) return
    clock.since = Date.now()
    clock.timer = setTimeout(() => this.dismiss(id), Math.max(0, clock.left))
  }
}
