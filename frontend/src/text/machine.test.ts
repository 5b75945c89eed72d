import { describe, expect, it } from 'vitest'
import type { ThreadReason, Tuned } from '../bridge/types'
import { text } from '.'

describe('the field for threads', () => {
  const used = (cores: number, of: number) =>
    text.settings.threadsUsed(cores, { count: Math.min(cores, of), reasons: [{ kind: 'setting', cores, of }] })

  it('says so when more are asked for than can run at once', () => {
    expect(used(500, 2)).toBe('This machine can run 2 threads at once, so 2 of 500 are used.')
    expect(used(2, 2)).toBe('')
    expect(text.settings.threadsUsed(0, { count: 2, reasons: [{ kind: 'cores', cores: 2, of: 2 }] })).toBe('')
    expect(text.settings.threadsUsed(500, undefined)).toBe('')
  })
})

describe('how many threads the engine works with', () => {
  it.each<[string, ...ThreadReason[]]>([
    ['2 threads: one on each core.', { kind: 'cores', cores: 2, of: 2 }],
    ['1 thread: there is one core.', { kind: 'cores', cores: 1, of: 1 }],
    ['1 thread: a quota of 1 of 2 cores.', { kind: 'quota', cores: 1, of: 2 }],
    ['2 threads: a quota of 2.67 of 8 cores.', { kind: 'quota', cores: 8 / 3, of: 8 }],
    ['4 threads: 4 performance cores of 12.', { kind: 'performance', cores: 4, of: 12 }],
    ['1 thread: it may use 1 of 2 cores.', { kind: 'affinity', cores: 1, of: 2 }],
    ['7 threads: measured to be faster than 8.', { kind: 'measured', cores: 7, of: 8 }],
    ['3 threads: chosen in Settings.', { kind: 'setting', cores: 3, of: 16 }],
    ['16 threads: 64 are chosen in Settings, and 16 can run at once.', { kind: 'setting', cores: 64, of: 16 }],
    [
      '2 threads: its container or service may use 6 of 12 cores, 2 performance cores of 6.',
      { kind: 'cpuset', cores: 6, of: 12 },
      { kind: 'performance', cores: 2, of: 6 },
    ],
  ])('%s', (words, ...reasons) => {
    expect(text.machine.threads({ count: parseInt(words), reasons })).toBe(`The engine works with ${words}`)
  })
})

describe('how the engine works fastest', () => {
  const way = { threads: 7, batch: 0, flashAttention: true } as Tuned

  it('is said in a sentence', () => {
    expect(text.tuned.now(way)).toBe('The engine works with 7 threads.')
    expect(text.tuned.now({ ...way, threads: 1, batch: 256, flashAttention: false })).toBe(
      'The engine works with 1 thread, 256 tokens of a prompt at once, no flash attention.',
    )
  })

  it('gives each gain its sign and its error', () => {
    const trial = { kind: 'threads', value: 1, over: 2, gain: 0.0581, error: 0.014, kept: true } as const
    expect(text.tuned.gain(trial)).toBe('+5.8% ± 1.4%')
    expect(text.tuned.gain({ ...trial, gain: -0.31 })).toBe('−31.0% ± 1.4%')
    expect(text.tuned.tried(trial)).toBe('1 thread')
  })
})
