// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { fold, marked, places, rangesIn, readable, surroundings } from './find'

describe('looking for words', () => {
  it.each([
    ['PARIS', 'paris'],
    ['ΣΊΣΥΦΟΣ', 'σίσυφοσ'],
    ['σίσυφος', 'σίσυφοσ'],
    ['İstanbul', 'İstanbul'],
  ])('takes all cases of %s as one, and keeps the length', (text, folded) => {
    expect(fold(text)).toBe(folded)
    expect(fold(text)).toHaveLength(text.length)
  })

  it('finds any of them, in order, none over another', () => {
    expect(places('one two one', ['one', 'TWO'])).toEqual([[0, 3], [4, 7], [8, 11]]) // prettier-ignore
    expect(places('lighthouse', ['light', 'lighthouse'])).toEqual([[0, 10]])
    expect(places('anything', ['', 'x'])).toEqual([])
  })

  it('marks them in a text that stays the same', () => {
    const pieces = marked('The capital of France', ['france', 'cap'])
    expect(pieces.map((p) => p.text).join('')).toBe('The capital of France')
    expect(pieces.filter((p) => p.found).map((p) => p.text)).toEqual(['cap', 'France'])
  })

  it('begins a line of context shortly before them, at a word', () => {
    const hit = { before: 'the keeper wrote into the book about ', match: 'oil', after: ' and **weather**' }
    expect(surroundings(hit)).toBe('…the book about oil and weather')
    expect(surroundings({ before: 'Much ', match: 'oil', after: '' })).toBe('Much oil')
  })

  it('leaves out what is not read on screen', () => {
    expect(readable('## A **bold** word and [a link](https://example.org/bold)')).toBe('A bold word and [a link')
  })

  it('finds them on screen also over letters of another look', () => {
    const element = document.createElement('div')
    element.innerHTML = 'The <b>cap</b>ital of <i>France</i>, the capital'
    expect(rangesIn(element, ['capital']).map(String)).toEqual(['capital', 'capital'])
    expect(rangesIn(element, ['of france']).map(String)).toEqual(['of France'])
  })
})
