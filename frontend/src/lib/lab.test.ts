import { describe, expect, it } from 'vitest'
import type { LabRow } from '../bridge/types'
import { row } from '../bridge/fake/scenes/lab'
import { differences, foldFrom, shareDiffering } from './differences'
import { conditions, leftBetween, variantNames, worthAsking } from './lab'

describe('the models under a blind test', () => {
  it('are called by their names and quants', () => {
    const v = (name: string, quant: string) => ({ ref: `hf.co/x/${name}:${quant}`, name, quant })
    expect(variantNames([v('SmolLM2 135M', 'Q8_0'), v('SmolLM2 135M', 'Q4_K_M')])).toBe('SmolLM2 135M Q8_0 · Q4_K_M')
    expect(variantNames([v('Gemma 3 4B', 'Q4_0'), v('Qwen3 4B', 'Q4_0')])).toBe('Gemma 3 4B Q4_0 · Qwen3 4B Q4_0')
  })
})

describe('what is left of a comparison', () => {
  it.each([
    [-1, -1, 0, ''],
    [5, 15, 0, 'Nearly done'],
    [30, 61, 0, 'Less than 70 s left'],
    [170, 178, 0, '2 to 3 min left'],
    [170, 178, 60, '1 to 2 min left'],
    [60, 60 * 20, 0, '1 to 20 min left'],
    [120, 120, 0, 'About 2 min left'],
  ])('between %d and %d s, %d s ago: %s', (least, most, passed, words) => {
    expect(leftBetween(least, most, passed)).toBe(words)
  })
})

describe('a blind test of a comparison', () => {
  const rows = ['F16', 'Q8_0', 'Q2_K'].map((q, i): LabRow => ({
    ...row(q, 'f16', 4096),
    reference: i === 0,
    pick: false,
  }))
  const refs = rows.map((r) => r.ref)

  it('begins with the reference and the verdict’s pick', () => {
    expect(worthAsking(rows.map((r, i) => ({ ...r, pick: i === 2 })))).toEqual([refs[0], refs[2]])
  })

  it('begins with what comes nearest where the reference itself is the pick', () => {
    expect(worthAsking(rows.map((r, i) => ({ ...r, pick: i === 0 })))).toEqual([refs[0], refs[1]])
  })

  it('has nobody to ask about where one model was compared with itself', () => {
    expect(worthAsking(rows.slice(0, 1))).toEqual([refs[0]])
  })
})

describe('conditions that are not known yet', () => {
  it('leave no gaps', () => {
    const c = { machine: '', engine: '', state: 'running', startedAt: 0 } as Parameters<typeof conditions>[0]
    expect(conditions(c)).toBe('Being measured here.')
    expect(conditions({ ...c, machine: '2 cores' })).toBe('Being measured here: 2 cores.')
  })
})

describe('marks of what differs', () => {
  const share = (a: string, b: string) => shareDiffering(differences(a, b))

  it('are kept where a few words differ, and folded where nearly all do', () => {
    expect(share('The keeper lit the lamp at dusk.', 'The keeper lit the lamp at dusk.')).toBe(0)
    expect(share('The keeper lit the lamp at dusk.', 'The keeper lit the lamp at dawn.')).toBeLessThan(foldFrom)
    expect(share('The keeper lit the lamp at dusk.', 'Waves broke over everything we owned')).toBeGreaterThan(foldFrom)
  })
})
