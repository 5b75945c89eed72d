import { describe, expect, it } from 'vitest'

const sources = import.meta.glob<string>(['../**/*.svelte', '../**/*.css', '../**/*.css.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
})

/** The lines of all sources but these that a rule is broken in. */
function broken(rule: RegExp, but: readonly string[]): string[] {
  return Object.entries(sources)
    .filter(([path]) => !but.includes(path))
    .flatMap(([path, source]) =>
      source.split('\n').flatMap((line, i) => (rule.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    )
}

describe('the look', () => {
  it('is read from all sources', () => {
    expect(Object.keys(sources).length).toBeGreaterThan(100)
    expect(Object.values(sources).every((source) => source.length > 0)).toBe(true)
  })

  it('has its sizes of letters in tokens.css alone', () => {
    expect(broken(/font(-size)?:[^;{]*\d(px|rem|pt)/, ['./tokens.css'])).toEqual([])
  })

  it('has its colours in tokens.css alone', () => {
    // Before the theme is known, the page is as dark as the window.
    expect(broken(/#[\da-f]{3,8}\b(?![^<]*>)/i, ['./tokens.css']).filter((line) => !line.includes('#131416'))).toEqual(
      [],
    )
  })

  it('draws every table with ui/Table.svelte', () => {
    expect(broken(/<table/, ['../ui/Table.svelte'])).toEqual([])
    expect(broken(/border-(collapse|spacing)/, ['./table.css'])).toEqual([])
  })

  it('has the room in a cell from tokens', () => {
    const tables = Object.entries(sources).filter(
      ([path, source]) => path === './table.css' || source.includes('ui/Table.svelte'),
    )
    expect(tables.length).toBeGreaterThan(12)
    for (const [path, source] of tables) {
      const styles = path.endsWith('.svelte') ? (source.split('<style>')[1] ?? '') : source
      for (const [rule = '', selector = ''] of styles.matchAll(/([^{}]*)\{[^{}]*\}/g)) {
        if (/\b(th|td|tr|number)\b/.test(selector)) expect(rule, `${path}:${selector}`).not.toMatch(/padding[^;]*\dpx/)
      }
    }
  })
})
