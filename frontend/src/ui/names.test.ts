import { parse, type AST } from 'svelte/compiler'
import { describe, expect, it } from 'vitest'

// Every button has a name, in whatever situation it is drawn: a picture alone tells a screen reader nothing, and without a
// tooltip nobody else what it does.

const sources = import.meta.glob<string>('../**/*.svelte', { query: '?raw', import: 'default', eager: true })

type Node = AST.SvelteNode | AST.Fragment

/** Parts of a node that hold what it draws. */
const inside = ['fragment', 'nodes', 'consequent', 'alternate', 'body', 'fallback', 'pending', 'then', 'catch'] as const

function parts(node: Node): Node[] {
  const fields = node as unknown as Record<string, unknown>
  return inside.flatMap((key) => {
    const part = fields[key]
    return part && typeof part === 'object' ? ([part].flat() as Node[]) : []
  })
}

function some(node: Node, is: (node: Node) => boolean): boolean {
  return is(node) || parts(node).some((part) => some(part, is))
}

/** Whether words are drawn, whatever the conditions are. */
function hasWords(node: Node): boolean {
  if (node.type === 'Text') return node.data.trim() !== ''
  if (node.type === 'Component' && node.attributes.some((a) => 'name' in a && a.name === 'text')) return true
  if (node.type === 'IfBlock') return hasWords(node.consequent) && !!node.alternate && hasWords(node.alternate)
  return ['ExpressionTag', 'RenderTag', 'HtmlTag'].includes(node.type) || parts(node).some(hasWords)
}

const isDrawn = (node: Node) => node.type === 'RegularElement' || node.type === 'Component'

/** What is wrong with the buttons of a component. */
function faults(source: string): string[] {
  const found: string[] = []
  const look = (node: Node, explained: boolean) => {
    const button =
      (node.type === 'RegularElement' && node.name === 'button') ||
      (node.type === 'Component' && node.name === 'Button')
    if (button && !parts(node).some(hasWords)) {
      const names = node.attributes.map((a) => ('name' in a ? a.name : ''))
      const line = source.slice(0, node.start).split('\n').length
      // A switch stands beside its words, and what draws nothing lies over the page.
      const picture = parts(node).some((part) => some(part, isDrawn)) && !names.includes('role')
      if (!names.includes('aria-label')) found.push(`${line}: no name`)
      else if (picture && !explained && !names.includes('data-tip')) found.push(`${line}: no tooltip`)
    }
    const tooltip = explained || (node.type === 'Component' && node.name === 'Tooltip')
    for (const part of parts(node)) look(part, tooltip)
  }
  look(parse(source, { modern: true }).fragment, false)
  return found
}

describe('buttons', () => {
  it('have a name, and a tooltip where they show a picture alone', () => {
    const all = Object.entries(sources).flatMap(([path, source]) => faults(source).map((fault) => `${path}:${fault}`))
    expect(all).toEqual([])
    expect(Object.keys(sources).length).toBeGreaterThan(100)
  })

  it.each([
    ['<button><X /></button>', ['1: no name']],
    ['<button aria-label="Close"></button>', []],
    ['<button aria-label="Close"><X /></button>', ['1: no tooltip']],
    ['<button aria-label="Close" data-tip="Close"><X /></button>', []],
    ['<Button icon>\n{#if a}<X />{:else}<Y />{/if}</Button>', ['1: no name']],
    ['<Button>{#if a}<X />{:else}{words}{/if}</Button>', ['1: no name']],
    ['<Button>{#if a}Close{:else}{words}{/if}</Button>', []],
    [
      '<Tooltip text="Close">{#snippet children(p)}<Button {...p} aria-label="Close"><X /></Button>{/snippet}</Tooltip>',
      [],
    ],
    ['<button><X /> Close</button>', []],
  ])('are found: %s', (source, expected) => {
    expect(faults(source)).toEqual(expected)
  })
})
