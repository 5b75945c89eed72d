import { describe, expect, it } from 'vitest'
import { folded, longFrom, whole } from './draft'

const long = 'word '.repeat(longFrom)

describe('a draft', () => {
  it.each([
    ['short', 'A question.', { typed: 'A question.', pasted: '' }],
    ['long', long, { typed: '', pasted: long }],
    ['a question and a long text', `Sum it up.\n\n${long}`, { typed: 'Sum it up.', pasted: long }],
    ['a long text of paragraphs', `${long}\n\n${long}`, { typed: '', pasted: `${long}\n\n${long}` }],
    ['a long text after blank lines', `\n\n${long}`, { typed: '', pasted: `\n\n${long}` }],
  ])('that is %s is stored as it was', (_, text, draft) => {
    expect(folded(text)).toEqual(draft)
    expect(whole(folded(text))).toBe(text)
  })
})
