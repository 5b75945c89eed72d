import { describe, expect, it } from 'vitest'
import type { Scroller } from './scroller.svelte'
import { Windowed } from './windowed.svelte'

/** A column of numbered rows of 50 pixels in a view of 800, scrolled by `top`. */
function column(count: number, from: 'start' | 'end' = 'start') {
  const place = { top: 0 }
  let look: () => void = () => undefined
  const scroller = {
    view: { top: 0, height: 800 },
    watch: (window: () => void) => {
      look = window
      return () => undefined
    },
  } as unknown as Scroller
  const items = Array.from({ length: count }, (_, i) => i)
  const rows = new Windowed<number>({ items: () => items, key: String, estimate: () => 50, scroller, from })
  const element = { getBoundingClientRect: () => ({ top: -place.top }), addEventListener: () => undefined }
  rows.column(element as unknown as HTMLElement)
  return {
    rows,
    scroll: (top: number) => {
      place.top = top
      look()
    },
  }
}

describe('a long column', () => {
  it.each([0, 1, 799, 12_345, 250_000, 499_200])('draws what is in view at %d, and a bounded number of rows', (top) => {
    const { rows, scroll } = column(10_000)
    scroll(top)
    const first = Math.floor(top / 50)
    const last = Math.min(9_999, Math.floor((top + 799) / 50))
    expect(rows.shown).toContain(first)
    expect(rows.shown).toContain(last)
    expect(rows.shown.length).toBeLessThan(70)
    expect(rows.before + 50 * rows.shown.length + rows.after).toBe(500_000)
    expect(rows.first).toBe(rows.before / 50)
  })

  it('begins with the screens at one end', () => {
    expect(column(10_000).rows.shown[0]).toBe(0)
    expect(column(10_000, 'end').rows.shown.at(-1)).toBe(9_999)
    expect(column(10_000, 'end').rows.shown.length).toBeLessThan(70)
  })

  it('draws a row that is far away when it is asked to', () => {
    const { rows } = column(10_000)
    rows.draw(7_000)
    expect(rows.shown).toContain(7_000)
  })

  it('may be empty, or shorter than the view', () => {
    const none = column(0)
    none.scroll(0)
    expect(none.rows.shown).toEqual([])
    const few = column(3)
    few.scroll(0)
    expect(few.rows.shown).toEqual([0, 1, 2])
  })
})
