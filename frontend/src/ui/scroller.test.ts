// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Scroller } from './scroller.svelte'

let resized: () => void = () => undefined

beforeEach(() => {
  vi.stubGlobal(
    'ResizeObserver',
    class {
      constructor(tell: () => void) {
        resized = tell
      }
      observe() {
        return
      }
      disconnect() {
        return
      }
    },
  )
})
afterEach(() => vi.unstubAllGlobals())

/** A view of 500 pixels over a column of pieces, whose heights may change. */
function view(follows: boolean, ...heights: number[]) {
  const element = document.createElement('div')
  const column = document.createElement('div')
  element.append(column)
  document.body.append(element)
  let top = 0
  const scroller = new Scroller({ follows })
  const total = () => heights.reduce((a, b) => a + b, 0)
  const room = () => scroller.room
  Object.defineProperties(element, {
    clientHeight: { get: () => 500 },
    scrollHeight: { get: () => Math.max(500, total() + room()) },
    scrollTop: { get: () => top, set: (to: number) => (top = Math.max(0, Math.min(to, total() + room() - 500))) },
  })
  element.getBoundingClientRect = () => ({ top: 0, bottom: 500 }) as DOMRect
  const pieces = heights.map((_, i) => {
    const piece = document.createElement('p')
    piece.dataset['piece'] = ''
    piece.getBoundingClientRect = () => {
      const above = heights.slice(0, i).reduce((a, b) => a + b, 0) - top
      return { top: above, bottom: above + (heights[i] ?? 0) } as DOMRect
    }
    column.append(piece)
    return piece
  })
  scroller.attach(element)
  return {
    ...{ scroller, element, pieces, heights },
    at: () => top,
    end: () => total() - 500,
    wheel: (by: number) => {
      element.dispatchEvent(new WheelEvent('wheel', { deltaY: by }))
      element.scrollTop = top + by
      element.dispatchEvent(new Event('scroll'))
    },
    grow: (i: number, by: number) => {
      heights[i] = (heights[i] ?? 0) + by
      element.scrollTop = top
      resized()
    },
  }
}

describe('a column that is followed', () => {
  it('opens at its end and stays there while it grows', () => {
    const v = view(true, 400, 400, 400)
    expect(v.at()).toBe(700)
    v.grow(1, 120)
    expect(v.at()).toBe(v.end())
    expect(v.scroller.following).toBe(true)
  })

  it('stays there when it grows before the event of its own scrolling comes', () => {
    const v = view(true, 400, 400, 400)
    v.grow(2, 300)
    v.heights[1] = 520
    v.element.dispatchEvent(new Event('scroll'))
    expect(v.scroller.following).toBe(true)
    resized()
    expect(v.at()).toBe(v.end())
    expect(v.scroller.below).toBe(false)
  })

  it('is left by the wheel, even by a little, and then stays where it is', () => {
    const v = view(true, 400, 400, 400)
    v.wheel(-10)
    expect(v.scroller.following).toBe(false)
    v.grow(2, 500)
    expect(v.at()).toBe(690)
    expect(v.scroller.below).toBe(true)
  })

  it('is followed again at its end', () => {
    const v = view(true, 400, 400, 400)
    v.wheel(-300)
    v.wheel(280)
    expect(v.scroller.following).toBe(true)
    v.grow(2, 100)
    expect(v.at()).toBe(v.end())
  })

  it('has nothing to leave where nothing scrolls', () => {
    const v = view(true, 100, 100)
    v.wheel(-100)
    expect(v.scroller.following).toBe(true)
    expect(v.scroller.below).toBe(false)
    v.grow(1, 900)
    expect(v.at()).toBe(v.end())
  })

  it('comes to its end though the browser moves it while it is drawn there', () => {
    const frames: (() => void)[] = []
    vi.stubGlobal('requestAnimationFrame', (f: () => void) => frames.push(f))
    vi.stubGlobal('cancelAnimationFrame', () => undefined)
    const moved = (v: ReturnType<typeof view>) => {
      v.element.scrollTop = v.end() - 400
      v.element.dispatchEvent(new Event('scroll'))
    }
    const v = view(true, 400, 400, 400)
    v.wheel(-300)
    v.scroller.toEnd()
    moved(v)
    expect([v.at(), v.scroller.following]).toEqual([v.end(), true])
    for (let f = frames.shift(); f; f = frames.shift()) f()
    moved(v)
    expect([v.at(), v.scroller.following]).toEqual([v.end() - 400, false])
  })

  it('is still followed when it shrinks', () => {
    const v = view(true, 400, 400, 400)
    v.heights[2] = 100
    v.element.scrollTop = v.at()
    v.element.dispatchEvent(new Event('scroll'))
    expect(v.scroller.following).toBe(true)
  })
})

describe('what is read', () => {
  it('stays where it is when something above it grows', () => {
    const v = view(true, 400, 400, 400, 400)
    v.wheel(-600)
    const before = v.pieces[1]?.getBoundingClientRect().top
    v.grow(0, 250)
    expect(v.pieces[1]?.getBoundingClientRect().top).toBe(before)
  })

  it('stays where it is put', () => {
    const v = view(true, 400, 400, 400, 400)
    const piece = v.pieces[2]
    if (!piece) throw new Error('no piece')
    v.scroller.keep(piece, 120)
    expect(piece.getBoundingClientRect().top).toBe(120)
    v.grow(0, -100)
    v.grow(3, 700)
    expect(piece.getBoundingClientRect().top).toBe(120)
  })

  it('stays where it is put where the column ends sooner, until somebody scrolls away', () => {
    const v = view(true, 400, 400, 400, 400)
    const piece = v.pieces[2]
    if (!piece) throw new Error('no piece')
    v.scroller.keep(piece, 0)
    v.grow(3, -390)
    resized()
    expect(piece.getBoundingClientRect().top).toBe(0)
    expect(v.scroller.room).toBe(90)
    expect(v.scroller.below).toBe(false)
    v.wheel(-400)
    expect(v.scroller.room).toBe(0)
  })

  it('is brought into view no further than it must', () => {
    const v = view(false, 400, 400, 400, 400)
    const [first, , third] = v.pieces
    if (!first || !third) throw new Error('no piece')
    v.scroller.reveal(first)
    expect(v.at()).toBe(0)
    v.scroller.reveal(third)
    expect(third.getBoundingClientRect().bottom).toBe(500)
  })
})
