import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Toasts } from './toasts.svelte'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a notice', () => {
  it('goes by itself, and not while somebody is at it', () => {
    const toasts = new Toasts()
    toasts.info('Copied')
    vi.advanceTimersByTime(4_000)
    toasts.hold()
    vi.advanceTimersByTime(60_000)
    expect(toasts.items).toHaveLength(1)
    toasts.release()
    vi.advanceTimersByTime(900)
    expect(toasts.items).toHaveLength(1)
    vi.advanceTimersByTime(200)
    expect(toasts.items).toEqual([])
  })

  it('that is not acted on lets what waits for it happen, once', () => {
    const toasts = new Toasts()
    const [run, expired] = [vi.fn(), vi.fn()]
    toasts.info('Removed', { label: 'Undo', run, expired, undo: 'shown' })
    toasts.hold()
    vi.advanceTimersByTime(60_000)
    expect(expired).not.toHaveBeenCalled()
    toasts.release()
    vi.advanceTimersByTime(12_000)
    expect(expired).toHaveBeenCalledTimes(1)
    expect(toasts.undoable).toBeUndefined()
    expect(run).not.toHaveBeenCalled()
  })

  it('gives its undo to Ctrl+Z, the last one first, and where it still can also when it has gone', () => {
    const toasts = new Toasts()
    const done: string[] = []
    const undo = (name: string) => ({ label: 'Undo', undo: 'always' as const, run: () => done.push(name) })
    toasts.info('First', undo('first'))
    toasts.info('Second', undo('second'))
    const undoLast = () => toasts.undoable && toasts.act(toasts.undoable)
    undoLast()
    expect(done).toEqual(['second'])
    vi.advanceTimersByTime(20_000)
    expect(toasts.items).toEqual([])
    undoLast()
    undoLast()
    expect(done).toEqual(['second', 'first'])
  })

  it('gives every undo that still can to Ctrl+Z, also when all the notices have gone', () => {
    const toasts = new Toasts()
    const done: string[] = []
    for (const name of ['first', 'second', 'third']) {
      toasts.info(name, { label: 'Undo', undo: 'always', run: () => done.push(name) })
    }
    vi.advanceTimersByTime(20_000)
    while (toasts.undoable) toasts.act(toasts.undoable)
    expect(done).toEqual(['third', 'second', 'first'])
  })
})
