import { describe, expect, it } from 'vitest'
import { message } from '../bridge/fake/scenes/chats'
import type { Message } from '../bridge/types'
import { contextUse, draftTokens, lengthFor, tokensPerByte } from './tokens'

const user = (text: string) => message({ chatId: 'c', role: 'user', text })
const answer = (text: string, part: Partial<Message> = {}) => message({ chatId: 'c', role: 'assistant', text, ...part })

describe('what a chat takes of the context', () => {
  it('is the engine’s count where it has one', () => {
    const shown = [user('a'), answer('b', { promptTokens: 196, tokens: 115 })]
    expect(contextUse(shown, '')).toEqual({ tokens: 311, about: false })
  })

  it.each(['stopped', 'interrupted', 'failed', 'streaming'] as const)(
    'keeps the prompt when the answer is %s before the engine has counted',
    (state) => {
      const first = [user('a'.repeat(400)), answer('b', { promptTokens: 105, tokens: 20 })]
      const shown = [...first, user('c'.repeat(400)), answer('d'.repeat(40), { state, tokens: 9 })]
      const { tokens, about } = contextUse(shown, '')
      expect(about).toBe(true)
      // The rate of the first prompt: 400 bytes in 95 tokens.
      expect(tokens).toBeGreaterThan(125 + 95)
      expect(tokens).toBeLessThan(125 + 130)
    },
  )

  it.each(['stopped', 'interrupted', 'failed'] as const)(
    'is exact after an answer that is %s and was counted',
    (state) => {
      const shown = [user('a'.repeat(400)), answer('b', { state, promptTokens: 196, tokens: 31 })]
      expect(contextUse(shown, '')).toEqual({ tokens: 227, about: false })
    },
  )

  it('is nothing, and not about nothing, in an empty chat', () => {
    expect(contextUse([], '')).toEqual({ tokens: 0, about: false })
  })

  it('learns what text costs from the chat’s own counts', () => {
    const shown = [user('語'.repeat(300)), answer('b', { promptTokens: 310, tokens: 20 })]
    expect(tokensPerByte(shown, '')).toBeCloseTo(300 / 900, 1)
    expect(tokensPerByte([], '')).toBeCloseTo(0.28)
  })
})

describe('a draft', () => {
  it('costs by its bytes, and nothing while it is blank', () => {
    expect(draftTokens(' \n', 0.25)).toBe(0)
    expect(draftTokens('x'.repeat(200_000), 0.25)).toBe(50_005)
  })
})

describe('a longer context', () => {
  it.each([
    [5_000, 32_768, 8_192],
    [45_000, 131_072, 65_536],
    [30_000, 32_768, 32_768],
    [32_700, 32_768, 32_768],
    [45_000, 8_192, 0],
  ])('for %d tokens, at most %d, is %d', (tokens, most, length) => {
    expect(lengthFor(tokens, most)).toBe(length)
  })
})
