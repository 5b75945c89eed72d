import { describe, expect, it } from 'vitest'
import { text } from '.'
import { plural } from './plural'

const sources = import.meta.glob<string>('./*.ts', { query: '?raw', import: 'default', eager: true })

describe('a number with its noun', () => {
  it.each([
    [0, '0 tensors'],
    [1, '1 tensor'],
    [1204, '1,204 tensors'],
    ['1', '1 tensor'],
    ['2', '2 tensors'],
  ])('%s: %s', (n, words) => {
    expect(plural(n, 'tensor')).toBe(words)
  })

  it('may have a plural of its own', () => {
    expect(plural(2, 'repository', 'repositories')).toBe('2 repositories')
  })

  it('is written in one way in every text', () => {
    expect(Object.keys(sources).length).toBeGreaterThan(10)
    for (const [file, source] of Object.entries(sources)) expect(source, file).not.toMatch(/=== '?1'? \? ['`]1 /)
    expect(text.lab.blind.evidenceLabel('0%', '100%', 1)).toContain('After 1 round:')
    expect(text.figures.tokens('1')).toBe('1 token')
  })
})
