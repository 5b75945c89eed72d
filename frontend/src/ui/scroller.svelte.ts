import { createContext, untrack } from 'svelte'

/** This near to the end is at the end, in pixels. */
const near = 32

/** What a person scrolls with, beside the wheel: keys, the bar, a finger. */
const touches = ['keydown', 'pointerdown', 'touchstart'] as const

/**
 * A column that scrolls. It stays at its end while it is followed, until somebody scrolls away from there; else what is
 * read stays where it is on screen, whatever changes around it.
 */
export class Scroller {
  /** The end stays in view. */
  following = $state(false)
  /** Something is below what is in view. */
  below = $state(false)
  /** Room below the column, in pixels, without which what is kept would slip down where the column ends sooner. */
  room = $state(0)

  #element: HTMLElement | undefined
  #anchor: { element: Element; top: number } | undefined
  /** Where the column was last seen, and its height then. */
  #last = { top: 0, height: 0 }
  /** Where this put it last: the event of that is no scrolling of a person's. */
  #put = -1
  /** The column was put at its end a frame or two ago, and nobody has touched the wheel, a key or the pointer since. */
  #settling = false
  #settles = 0
  #asked = 0
  #windows = new Set<() => void>()
  #follows: boolean

  constructor({ follows = false } = {}) {
    this.#follows = follows
    this.following = follows
  }

  /** The place of the element that scrolls; without one, or hidden, its height is 0. */
  get view(): { top: number; height: number } {
    const element = this.#element
    return element ? { top: element.getBoundingClientRect().top, height: element.clientHeight } : { top: 0, height: 0 }
  }

  /** Of the element that scrolls. */
  attach = (element: HTMLElement): (() => void) => {
    this.#element = element
    const sizes = new ResizeObserver(() => this.#resized())
    sizes.observe(element)
    for (const content of element.children) sizes.observe(content)
    const scrolled = () => this.#scrolled()
    const touched = () => (this.#settling = false)
    const wheel = (event: WheelEvent) => {
      touched()
      // Said at once: an answer that grows would take the column back before it has moved.
      if (event.deltaY < 0 && element.scrollTop > 0) this.following = false
    }
    element.addEventListener('scroll', scrolled, { passive: true })
    element.addEventListener('wheel', wheel, { passive: true })
    for (const kind of touches) document.addEventListener(kind, touched, { capture: true, passive: true })
    // An attachment is made anew when something changes that it has read.
    untrack(() => {
      this.#hold()
      this.refresh()
    })
    return () => {
      sizes.disconnect()
      cancelAnimationFrame(this.#asked)
      cancelAnimationFrame(this.#settles)
      element.removeEventListener('scroll', scrolled)
      element.removeEventListener('wheel', wheel)
      for (const kind of touches) document.removeEventListener(kind, touched, { capture: true })
      this.#element = undefined
    }
  }

  /** Calls back whenever what is in view may have changed. */
  watch(window: () => void): () => void {
    this.#windows.add(window)
    this.#ask()
    return () => this.#windows.delete(window)
  }

  /** Looks again at what is in view. */
  refresh(): void {
    for (const window of this.#windows) window()
  }

  toEnd(): void {
    this.following = this.#follows
    this.room = 0
    this.#hold()
    this.refresh()
  }

  /** From now on an element stays where it is on screen, or is put at `top`. */
  keep(element: Element, top = element.getBoundingClientRect().top): void {
    this.following = false
    this.#anchor = { element, top }
    this.#hold()
    this.refresh()
  }

  /** Brings a place of an element into view, `share` of the way down the view. */
  show(element: Element, share = 0.3, offset = 0): void {
    const { top, height } = this.view
    this.keep(element, top + share * height - offset)
  }

  /** Takes the focus of a piece that is drawn no more, and goes nowhere for it. */
  takeFocus(): void {
    const element = this.#element
    if (!element) return
    if (element.tabIndex < 0) element.tabIndex = -1
    element.focus({ preventScroll: true })
  }

  /** Moves no further than it must to have an element in view. */
  reveal(element: Element): void {
    const { top, height } = this.view
    const box = element.getBoundingClientRect()
    if (box.top < top) this.#scrollBy(box.top - top)
    else if (box.bottom > top + height) this.#scrollBy(box.bottom - top - height)
    this.#anchor = this.#topmost()
  }

  /** The piece at the upper edge of the view. */
  reading(): Element | undefined {
    return this.#topmost()?.element
  }

  #resized(): void {
    if (!this.#element?.clientHeight) return
    this.#hold()
    this.#measure()
    // Drawing more from here would change the sizes that are being told.
    this.#ask()
  }

  #ask(): void {
    if (this.#asked || typeof requestAnimationFrame !== 'function') return
    this.#asked = requestAnimationFrame(() => {
      this.#asked = 0
      this.refresh()
    })
  }

  #scrolled(): void {
    const element = this.#element
    if (!element?.clientHeight) return
    const { scrollTop: top, scrollHeight: height } = element
    const before = this.#last
    this.#measure()
    if (this.following && this.#settling) {
      // What was drawn for the new place was smaller for a moment, and the browser has moved the column.
      this.#hold()
    } else if (Math.abs(top - this.#put) >= 1) {
      const left = this.#left()
      // What shrinks moves a column up without anybody's doing.
      if (top < before.top - 0.5 && height >= before.height) this.following = this.#follows && left < 2
      else if (top > before.top) this.following = this.#follows && left < near && this.room === 0
      this.#anchor = this.#topmost()
      this.#trim()
    }
    this.refresh()
  }

  /** How much of the column is below the view, in pixels. */
  #left(): number {
    const element = this.#element
    return element ? element.scrollHeight - this.room - element.scrollTop - element.clientHeight : 0
  }

  /** Gives up the room that is out of view. */
  #trim(): void {
    if (this.room > 0) this.room = Math.max(0, Math.min(this.room, -this.#left()))
  }

  #measure(): void {
    const element = this.#element
    if (!element) return
    this.#last = { top: element.scrollTop, height: element.scrollHeight }
    this.below = this.#left() > near
    if (element.scrollHeight <= element.clientHeight && this.room === 0) this.following = this.#follows
  }

  #hold(): void {
    const element = this.#element
    if (!element?.clientHeight) return
    if (this.following && this.#scrollBy(element.scrollHeight - element.clientHeight - element.scrollTop))
      this.#settle()
    else if (!this.following) {
      if (!this.#anchor?.element.isConnected) this.#anchor = this.#topmost()
      else this.#keepAnchor(this.#anchor)
    }
    this.#measure()
  }

  #keepAnchor({ element, top }: { element: Element; top: number }): void {
    const away = () => element.getBoundingClientRect().top - top
    this.#scrollBy(away())
    const missing = away()
    // The column grows by it, and then is held again.
    if (this.#follows && missing > 0.5) this.room = Math.min(this.room + missing, this.view.height)
    else this.#trim()
  }

  /** Reports whether the column was moved. */
  #scrollBy(distance: number): boolean {
    const element = this.#element
    if (!element || Math.abs(distance) < 0.5) return false
    element.scrollTop += distance
    this.#put = element.scrollTop
    return true
  }

  /** Waits until what belongs to the new place is drawn: two frames. */
  #settle(): void {
    if (typeof requestAnimationFrame !== 'function') return
    cancelAnimationFrame(this.#settles)
    this.#settling = true
    this.#settles = requestAnimationFrame(() => {
      this.#settles = requestAnimationFrame(() => (this.#settling = false))
    })
  }

  /** The innermost piece at the upper edge of the view, which the eye is on. */
  #topmost(): { element: Element; top: number } | undefined {
    const { top } = this.view
    let found: { element: Element; top: number } | undefined
    for (const piece of this.#element?.querySelectorAll('[data-piece]') ?? []) {
      const box = piece.getBoundingClientRect()
      if (box.top > top + 1 && found) break
      if (box.bottom > top) found = { element: piece, top: box.top }
    }
    return found
  }
}

export const [getScroller, setScroller] = createContext<Scroller>()
