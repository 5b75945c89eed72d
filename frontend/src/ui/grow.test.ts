// @vitest-environment jsdom
import { expect, it } from 'vitest'
import { grow } from './grow'

it('a field is as tall as its words are when they are wrapped, and follows the window', () => {
  const field = document.createElement('textarea')
  let tall = 240
  Object.defineProperty(field, 'scrollHeight', { get: () => tall })
  const end = grow('one very long line '.repeat(50))(field)
  expect(field.style.height).toBe('240px')
  tall = 480
  window.dispatchEvent(new Event('resize'))
  expect(field.style.height).toBe('480px')
  end?.()
  grow('')(field)
  expect(field.style.height).toBe('auto')
  grow('word '.repeat(40_000))(field)
  expect(field.style.height).toBe('100vh')
})
