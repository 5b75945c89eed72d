// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { direct } from './direction'
import { toHtml } from './markdown'

function directed(markdown: string): HTMLElement {
  const root = document.createElement('div')
  root.innerHTML = toHtml(markdown)
  direct(root)
  return root
}

describe('the direction of an answer', () => {
  it('is asked of each outermost block, so that lists, quotes and tables are mirrored whole', () => {
    const root = directed('# כותרת\n\nشكرا\n\n1. أ\n2. ب\n\n> اقتباس\n\n| א | ב |\n| --- | --- |\n| 1 | 2 |\n')
    const blocks = [...root.children]
    expect(blocks.map((b) => b.tagName)).toEqual(['H1', 'P', 'OL', 'BLOCKQUOTE', 'TABLE'])
    expect(blocks.every((b) => b.getAttribute('dir') === 'auto')).toBe(true)
    expect(root.querySelectorAll('li[dir], blockquote p[dir], td[dir]')).toHaveLength(0)
  })

  it('is left to right in code, which says nothing about the words around it', () => {
    const root = directed('`print()` تطبع\n\n- سطر\n\n  ```\n  x = 1\n  ```\n')
    expect([...root.querySelectorAll('code, pre')].map((c) => c.getAttribute('dir'))).toEqual(['ltr', 'ltr', 'ltr'])
  })
})
