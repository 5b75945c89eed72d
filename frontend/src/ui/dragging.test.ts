// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Dragging } from './dragging.svelte'

function drag(type: string, types: readonly string[], target: Element = document.body) {
  const event = Object.assign(new Event(type, { bubbles: true, cancelable: true }), {
    dataTransfer: { types, dropEffect: 'none' },
  }) as unknown as DragEvent
  target.dispatchEvent(event)
  return event
}

function started() {
  const dragging = new Dragging()
  const moves = (type: 'dragenter' | 'dragover', types = ['text/uri-list'], target?: Element) => {
    const event = drag(type, types, target)
    dragging.moves(event)
    return event
  }
  return { dragging, moves }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  document.body.replaceChildren()
})

describe('what is dragged over the window', () => {
  it('is never opened in the place of the page, whatever it lies over and however it is called', () => {
    const { dragging, moves } = started()
    const field = document.body.appendChild(document.createElement('textarea'))
    for (const types of [['Files'], ['text/uri-list'], []]) {
      for (const target of [document.body, field]) {
        expect(moves('dragenter', types, target).defaultPrevented).toBe(true)
        expect(moves('dragover', types, target).defaultPrevented).toBe(true)
        const drop = drag('drop', types, target)
        dragging.dropped(drop)
        expect(drop.defaultPrevented).toBe(true)
      }
    }
    dragging.began()
    expect(moves('dragover', ['text/uri-list']).defaultPrevented).toBe(true)
  })

  it('is put where it is dropped when it is words and they go into a field', () => {
    const { dragging, moves } = started()
    const field = document.body.appendChild(document.createElement('textarea'))
    expect(moves('dragover', ['text/plain'], field).defaultPrevented).toBe(false)
    expect(moves('dragover', ['text/plain']).defaultPrevented).toBe(true)
    expect(dragging.over).toBe(false)
  })
})

describe('that files are over the window', () => {
  it('is shown until they are dropped, and not again for what is heard late', () => {
    const { dragging, moves } = started()
    moves('dragenter')
    expect(dragging.over).toBe(true)
    dragging.dropped(drag('drop', ['text/uri-list']))
    moves('dragover')
    expect(dragging.over).toBe(false)
    vi.advanceTimersByTime(600)
    moves('dragover')
    expect(dragging.over).toBe(true)
  })

  it('is shown from element to element, and not when they have left', () => {
    const { dragging, moves } = started()
    moves('dragenter')
    vi.advanceTimersByTime(500)
    moves('dragenter')
    dragging.left()
    expect(dragging.over).toBe(true)
    vi.advanceTimersByTime(500)
    dragging.left()
    expect(dragging.over).toBe(false)
  })

  it('never stays: not when nothing more is heard of them, nor when the mouse moves without them', () => {
    const { dragging, moves } = started()
    moves('dragover')
    vi.advanceTimersByTime(3000)
    expect(dragging.over).toBe(false)
    moves('dragover')
    dragging.idle()
    expect(dragging.over).toBe(false)
  })
})
