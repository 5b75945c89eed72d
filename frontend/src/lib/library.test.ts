import { describe, expect, it } from 'vitest'
import { models } from '../bridge/fake/scenes/library'
import { filterModels, sortModels, startsDescending, type ModelColumn } from './library'

const all = models(1_000_000_000_000)
const names = (column: ModelColumn, descending: boolean) => sortModels(all, column, descending).map((m) => m.name)

describe('the table of models', () => {
  it('is put in the order of any column, either way', () => {
    expect(names('name', false)).toEqual(['Gemma 3 4B', 'Notes, second try', 'Qwen3 4B', 'SmolLM2 135M'])
    expect(names('size', true)[0]).toBe('Gemma 3 4B')
    const weigh = (ref: string) => (ref.startsWith('smollm2') ? { bytes: 5 } : undefined)
    expect(sortModels(all, 'memory', true, weigh)[0]?.name).toBe('SmolLM2 135M')
    expect(names('context', true)[0]).toBe('Gemma 3 4B')
    expect(names('used', true)[0]).toBe('Qwen3 4B')
    for (const column of ['name', 'size', 'memory', 'context', 'licence', 'source', 'used'] as const) {
      expect(names(column, true).toSorted()).toEqual(names(column, false).toSorted())
    }
  })

  it('begins with the largest and the latest, and with A', () => {
    expect(startsDescending('size')).toBe(true)
    expect(startsDescending('used')).toBe(true)
    expect(startsDescending('name')).toBe(false)
  })

  it('is searched by all words, in name, quant, reference and licence', () => {
    const found = (typed: string) => filterModels(all, typed).map((m) => m.name)
    expect(found('gemma 5_k')).toEqual(['Gemma 3 4B'])
    expect(found('APACHE 135m')).toEqual(['SmolLM2 135M'])
    expect(found('lora')).toEqual(['Notes, second try'])
    expect(found(' ')).toHaveLength(4)
    expect(found('nothing like it')).toEqual([])
  })
})
