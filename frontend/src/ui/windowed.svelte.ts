import { untrack } from 'svelte'
import type { Scroller } from './scroller.svelte'

interface Options<T> {
  items: () => readonly T[]
  key: (item: T) => string
  /** Height of a row that was not drawn yet, in pixels. */
  estimate: (item: T) => number
  scroller: Scroller
  /** Which end is drawn before the place on screen is known. */
  from: 'start' | 'end'
}

/**
 * What of a long column is drawn: the rows in view and a screen on either side. The rest is room, as high as its rows
 * were when they were drawn, or may be.
 */
export class Windowed<T> {
  #options: Options<T>
  #column: HTMLElement | undefined
  #heights = new Map<string, number>()
  #estimates = new Map<string, number>()
  #rows = new Map<Element, string>()
  #focused: string | undefined
  #sizes: ResizeObserver | undefined
  /** Grows when heights were learned, but not before the next look: drawing more would change what is being measured. */
  #learned = $state(0)
  #news = false
  /** The part of the column to draw, from its upper edge; null: not known yet. */
  #part = $state.raw<{ top: number; bottom: number } | null>(null)
  #range = $derived.by(() => this.#inPart())
  #from = $derived(this.#range[0])
  #to = $derived(this.#range[1])
  /** The rows to draw. */
  shown = $derived.by(() => this.#options.items().slice(this.#from, this.#to))
  /** Room in the place of the rows above, and of those below, in pixels. */
  before = $derived.by(() => this.#sum(0, this.#from))
  after = $derived.by(() => this.#sum(this.#to))

  constructor(options: Options<T>) {
    this.#options = options
  }

  /** Place of the first drawn row among all. */
  get first(): number {
    return this.#from
  }

  /** Of the element whose children are the rows. */
  column = (element: HTMLElement): (() => void) => {
    this.#column = element
    const focused = ({ target }: FocusEvent) => {
      const row = [...this.#rows.keys()].find((row) => target instanceof Node && row.contains(target))
      this.#focused = row ? this.#rows.get(row) : undefined
    }
    element.addEventListener('focusin', focused)
    const stop = this.#options.scroller.watch(() => this.#look())
    return () => {
      stop()
      element.removeEventListener('focusin', focused)
      this.#column = undefined
      this.#sizes?.disconnect()
      this.#sizes = undefined
    }
  }

  /** Of a row, which is as high as the room that it leaves. */
  row = (key: string) => {
    return (element: HTMLElement): (() => void) => {
      this.#rows.set(element, key)
      this.#sizes ??= new ResizeObserver((entries) => this.#measure(entries))
      this.#sizes.observe(element)
      return () => {
        this.#rows.delete(element)
        this.#sizes?.unobserve(element)
        if (key === this.#focused) this.#leaveFocus(key)
      }
    }
  }

  /** Draws a row wherever it is, so that it can be found in the column after the next tick. */
  draw(index: number): void {
    const top = this.#sum(0, index)
    const { height } = this.#options.scroller.view
    this.#part = { top: top - height, bottom: top + 2 * height }
  }

  /** A row that scrolls out of what is drawn leaves its focus to the column; one that is gone for good does not. */
  #leaveFocus(key: string): void {
    this.#focused = undefined
    // While a row is taken down, what is read is still what was before.
    queueMicrotask(() => {
      const here = untrack(() => this.#options.items().some((item) => this.#options.key(item) === key))
      if (here && this.#column && document.activeElement === document.body) this.#options.scroller.takeFocus()
    })
  }

  #look(): void {
    const { top, height } = this.#options.scroller.view
    if (!this.#column || !height) return
    if (this.#news) this.#learned++
    this.#news = false
    const above = top - this.#column.getBoundingClientRect().top
    // In steps, so that not each pixel is another part.
    const step = Math.max(64, height / 4)
    const from = Math.floor((above - height) / step) * step
    const part = { top: from, bottom: from + 3 * height + step }
    if (this.#part?.top !== part.top || this.#part.bottom !== part.bottom) this.#part = part
  }

  #measure(entries: ResizeObserverEntry[]): void {
    for (const { target, borderBoxSize } of entries) {
      const key = this.#rows.get(target)
      const height = borderBoxSize[0]?.blockSize ?? 0
      // What is hidden has no height, and keeps the one it had.
      if (key === undefined || height === 0 || this.#heights.get(key) === height) continue
      this.#heights.set(key, height)
      this.#news = true
    }
  }

  #height(item: T): number {
    const key = this.#options.key(item)
    const known = this.#heights.get(key) ?? this.#estimates.get(key)
    if (known !== undefined) return known
    const estimate = untrack(() => this.#options.estimate(item))
    this.#estimates.set(key, estimate)
    return estimate
  }

  #sum(from: number, to?: number): number {
    if (this.#learned < 0) return 0
    const items = this.#options.items()
    const end = Math.min(to ?? items.length, items.length)
    let sum = 0
    for (let i = from; i < end; i++) sum += this.#height(items[i] as T)
    return sum
  }

  #inPart(): [from: number, to: number] {
    const items = this.#options.items()
    const part = this.#part
    if (!part || this.#learned < 0) return this.#first()
    let [from, y] = [0, 0]
    while (from < items.length - 1) {
      const bottom = y + this.#height(items[from] as T)
      if (bottom > part.top) break
      y = bottom
      from++
    }
    let to = from
    while (to < items.length && (y < part.bottom || to === from)) {
      y += this.#height(items[to] as T)
      to++
    }
    return [from, to]
  }

  /** About two screens at one end. */
  #first(): [from: number, to: number] {
    const items = this.#options.items()
    const room = 2 * (this.#options.scroller.view.height || 800)
    const end = this.#options.from === 'end'
    let [drawn, height] = [0, 0]
    while (drawn < items.length && height < room) {
      height += this.#height(items[end ? items.length - 1 - drawn : drawn] as T)
      drawn++
    }
    return end ? [items.length - drawn, items.length] : [0, drawn]
  }
}
