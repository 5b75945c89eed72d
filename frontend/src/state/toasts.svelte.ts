/** A short notice, with at most one thing to do about it. */
export interface Toast {
  id: number
  tone: 'info' | 'error'
  text: string
  hint: string
  action?: { label: string; run: () => void } | undefined
}

const shown = { info: 5_000, action: 12_000, error: 12_000 }

/** The notices on screen, newest last. */
export class Toasts {
  #items = $state.raw<Toast[]>([])
  #next = 1

  get items(): readonly Toast[] {
    return this.#items
  }

  info(text: string, action?: Toast['action']): void {
    this.#add({ id: this.#next++, tone: 'info', text, hint: '', action }, action ? shown.action : shown.info)
  }

  /** Something that stays until it is dismissed. */
  note(text: string, hint: string): void {
    this.#items = [...this.#items, { id: this.#next++, tone: 'info', text, hint }]
  }

  error(text: string, hint: string): void {
    if (this.#items.some((t) => t.text === text)) return
    this.#add({ id: this.#next++, tone: 'error', text, hint }, shown.error)
  }

  dismiss(id: number): void {
    this.#items = this.#items.filter((t) => t.id !== id)
  }

  #add(toast: Toast, ms: number): void {
    this.#items = [...this.#items.slice(-2), toast]
    setTimeout(() => this.dismiss(toast.id), ms)
  }
}
