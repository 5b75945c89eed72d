import ts from 'typescript'
import { describe, expect, it } from 'vitest'

// The house rules of the page: which folder may know which, and that no two files need each other.

interface Arrow {
  from: string
  to: string
  /** takes nothing that is there at run time */
  typeOnly: boolean
}

/** What each folder may import besides itself, and why not more. */
const floors: Record<string, { may: readonly string[]; reason: string }> = {
  bridge: { may: [], reason: 'the bridge is the ground floor: it knows the window and nothing of the page' },
  text: { may: ['bridge'], reason: 'sentences know the types that they are about, and nothing that draws or decides' },
  lib: { may: ['bridge', 'text'], reason: 'helpers hold no state and draw nothing' },
  state: { may: ['bridge', 'text', 'lib'], reason: 'states know no component' },
  ui: { may: ['text', 'lib'], reason: 'controls know no state and no page' },
  features: { may: ['bridge', 'text', 'lib', 'state', 'ui'], reason: 'pages are the top floor' },
}

/** Parts that one feature lends to others. Everything else of a feature is its own. */
const lent = new Set([
  'features/downloads/DownloadButton.svelte',
  'features/downloads/DownloadDialog.svelte',
  'features/downloads/DownloadIcon.svelte',
  'features/downloads/DownloadsTab.svelte',
  'features/downloads/NameDialog.svelte',
  'features/library/DropHint.svelte',
  'features/library/ImportDialog.svelte',
  'features/library/Licence.svelte',
  'features/library/RenameDialog.svelte',
  'features/library/StarterButton.svelte',
  'features/library/TaskLine.svelte',
  'features/machine/LogDrawer.svelte',
])

/** Why an import is not allowed; empty: it is. */
function wrong({ from, to, typeOnly }: Arrow): string {
  if (to.startsWith('wailsjs/'))
    return from === 'bridge/generated.ts' ? '' : 'only the bridge knows what Wails generates'
  const area = from.split('/')[0] ?? ''
  const target = to.split('/')[0] ?? ''
  // Files beside the folders put the page together.
  if (!from.includes('/') || !to.includes('/'))
    return from.includes('/') ? 'only the entries stand above the folders' : ''
  const floor = floors[area]
  if (!floor) return `${area}/ is not a folder that the rules know`
  if (target !== area && !floor.may.includes(target)) return floor.reason
  if (target === 'bridge' && area !== 'bridge') {
    if (/^bridge\/(fake|contract)\//.test(to)) return 'the stand-in and the contract serve the bridge and tests'
    if (area === 'features' && !typeOnly && to !== 'bridge/failure.ts') {
      return 'components own no data of the window: they take types, and ask a state'
    }
  }
  if (area === 'features' && target === 'features' && from.split('/')[1] !== to.split('/')[1] && !lent.has(to)) {
    return 'a feature’s parts are its own, unless it lends them'
  }
  return ''
}

/** Files that need each other, however far around; each with its way back to itself. */
function circles(arrows: readonly Arrow[]): string[][] {
  const next = new Map<string, string[]>()
  for (const { from, to } of arrows) next.set(from, [...(next.get(from) ?? []), to])
  const found: string[][] = []
  const done = new Set<string>()
  const walk = (file: string, way: string[]) => {
    const before = way.indexOf(file)
    if (before >= 0) {
      found.push([...way.slice(before), file])
      return
    }
    if (done.has(file)) return
    for (const to of next.get(file) ?? []) walk(to, [...way, file])
    done.add(file)
  }
  for (const file of next.keys()) walk(file, [])
  return found
}

const sources = import.meta.glob<string>('./**/*.{ts,svelte}', { query: '?raw', import: 'default', eager: true })
const files = new Set(Object.keys(sources).map((path) => path.slice(2)))

/** The file that an import names, as a path below src; undefined: a package or a style. */
function resolved(from: string, name: string): string | undefined {
  if (!name.startsWith('.')) return undefined
  const parts = from.split('/').slice(0, -1)
  for (const step of name.split('/')) {
    if (step === '..' && parts.length === 0) parts.push('..')
    else if (step === '..') parts.pop()
    else if (step !== '.') parts.push(step)
  }
  const path = parts.join('/')
  if (path.startsWith('../')) return path.replace('../', '')
  return [path, `${path}.ts`, `${path}/index.ts`].find((p) => files.has(p))
}

function arrowsOf(from: string, source: string): Arrow[] {
  const script = from.endsWith('.svelte')
    ? [...source.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((m) => m[1]).join('\n')
    : source
  const arrows: Arrow[] = []
  const add = (name: string, typeOnly: boolean) => {
    const to = resolved(from, name)
    if (to !== undefined) arrows.push({ from, to, typeOnly })
  }
  for (const node of ts.createSourceFile(from, script, ts.ScriptTarget.ESNext).statements) {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const clause = node.importClause
      const named = clause?.namedBindings
      const onlyTypes =
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (clause?.name === undefined &&
          named !== undefined &&
          ts.isNamedImports(named) &&
          named.elements.every((e) => e.isTypeOnly))
      add(node.moduleSpecifier.text, onlyTypes)
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node.moduleSpecifier.text, node.isTypeOnly)
    }
  }
  // Imported when it is needed, also from within the markup.
  for (const match of source.matchAll(/\bimport\('([^']+)'\)/g)) add(match[1] ?? '', false)
  return arrows
}

const isTest = (path: string) => path.endsWith('.test.ts')
const arrows = Object.entries(sources).flatMap(([path, source]) =>
  isTest(path) ? [] : arrowsOf(path.slice(2), source),
)

describe('the page’s files', () => {
  it('import in one direction, each folder what it may', () => {
    const faults = arrows.flatMap((a) => (wrong(a) ? [`${a.from} imports ${a.to}: ${wrong(a)}`] : []))
    expect(faults).toEqual([])
    expect(arrows.length, 'imports looked at').toBeGreaterThan(500)
  })

  it('never need each other', () => {
    expect(circles(arrows).map((way) => way.join(' → '))).toEqual([])
  })

  it('bring neither the stand-in nor the contract into the window’s page', () => {
    const reached = new Set(['main.ts'])
    for (const file of reached) {
      for (const { from, to, typeOnly } of arrows) if (from === file && !typeOnly) reached.add(to)
    }
    expect([...reached].filter((file) => /^(stand-in\.ts|bridge\/(fake|contract)\/)/.test(file))).toEqual([])
    expect(reached.size, 'files of the page').toBeGreaterThan(100)
  })

  it('stay short enough to be read at once', () => {
    const long = Object.entries(sources)
      .filter(([path]) => !path.startsWith('./text/') && !isTest(path))
      .map(([path, source]) => `${path}: ${source.split('\n').length - 1} lines`)
      .filter((line) => Number(/(\d+) lines/.exec(line)?.[1]) > 400)
    expect(long).toEqual([])
  })
})

describe('the rules themselves', () => {
  it.each<[from: string, to: string, typeOnly: boolean]>([
    ['bridge/failure.ts', 'text/index.ts', false],
    ['bridge/types/chats.ts', 'lib/format.ts', true],
    ['lib/tree.ts', 'state/app.ts', true],
    ['text/lab.ts', 'lib/format.ts', false],
    ['state/app.ts', 'features/chat/ChatPage.svelte', false],
    ['state/app.ts', 'bridge/fake/index.ts', false],
    ['state/models.ts', 'wailsjs/go/models', true],
    ['ui/Button.svelte', 'state/app.ts', false],
    ['features/lab/LabPage.svelte', 'features/chat/Markdown.svelte', false],
    ['features/lab/LabPage.svelte', 'bridge/wails.ts', false],
    ['lib/theme.ts', 'main.ts', false],
    ['helpers/new.ts', 'lib/format.ts', false],
  ])('find that %s imports %s', (from, to, typeOnly) => {
    expect(wrong({ from, to, typeOnly })).not.toBe('')
  })

  it('find a circle, also through types and over several files', () => {
    const arrow = (from: string, to: string): Arrow => ({ from, to, typeOnly: true })
    expect(circles([arrow('a', 'b'), arrow('b', 'c'), arrow('c', 'a'), arrow('a', 'd')])).toEqual([
      ['a', 'b', 'c', 'a'],
    ])
    expect(circles([arrow('a', 'b'), arrow('b', 'd'), arrow('a', 'd')])).toEqual([])
  })
})
