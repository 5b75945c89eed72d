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

  it('asks no element for its width in a style, where WebKitGTK counts the zoom of the window', () => {
    expect(broken(/@container|container(-type)?:/, [])).toEqual([])
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

  it('has no tooltip of the browser’s own', () => {
    // A button hands on what it does not know.
    const native = /<(?:[a-z][\w-]*|Button)\b(?:[^<>{}]|\{[^{}]*\})*?\s(?:title=|\{title\})/
    const found = Object.entries(sources).filter(([path, source]) => path.endsWith('.svelte') && native.test(source))
    expect(found.map(([path]) => path)).toEqual([])
  })

  it('shows the edge of every field', () => {
    const edges: string[] = []
    for (const [path, source] of Object.entries(sources)) {
      const styles = path.endsWith('.svelte') ? (source.split('<style>')[1] ?? '') : source
      for (const [rule, selector = ''] of styles.matchAll(/([^{}]*)\{[^{}]*\}/g)) {
        const field = /\b(input|textarea)\b|\.(composer|editor)\s|role='switch'/.test(selector)
        if (field && /border: \S+ solid/.test(rule)) edges.push(`${path}:${rule}`)
      }
    }
    expect(edges.length).toBeGreaterThan(4)
    expect(edges.filter((rule) => !/solid var\(--(field-line|accent)\)/.test(rule))).toEqual([])
  })
})

/** The colours of a theme by their tokens. */
function colours(theme: 'light' | 'dark'): Map<string, string> {
  const parts = (sources['./tokens.css'] ?? '').split(":root[data-theme='dark']")
  const words = [...(parts[0] ?? '').matchAll(/(--[\w-]+): (#[\da-f]{6});/g)]
  const dark = [...(parts[1] ?? '').matchAll(/(--[\w-]+): (#[\da-f]{6});/g)]
  return new Map((theme === 'dark' ? [...words, ...dark] : words).map((m) => [m[1] ?? '', m[2] ?? '']))
}

/** The relative luminance of a colour, by WCAG 2. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const part = parseInt(colour.slice(i, i + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

describe.each(['light', 'dark'] as const)('the %s theme', (theme) => {
  const of = (token: string) => colours(theme).get(token) ?? ''
  const grounds = ['--bg', '--surface', '--sunken']

  it.each(['--text', '--text-2', '--accent', '--gpu', '--ram', '--partial', '--no'])(
    'has words in %s at 4.4 to 1',
    (words) => {
      for (const ground of grounds) expect(contrast(of(words), of(ground)), ground).toBeGreaterThan(4.4)
    },
  )

  it('has the edges of fields at 3 to 1', () => {
    for (const ground of grounds) expect(contrast(of('--field-line'), of(ground)), ground).toBeGreaterThanOrEqual(3)
  })

  it('has words on a main button at 4.5 to 1', () => {
    for (const button of ['--accent', '--accent-strong']) {
      expect(contrast(of('--on-accent'), of(button))).toBeGreaterThanOrEqual(4.5)
    }
  })
})
