import type { LabService } from '../bridge'
import type { CompareAsk, LabComparison, LabRow, LabSummary } from '../types'
import { blindOf } from './blind'
import { comparison, judged, kept, models, other, prompts, quantsFor, row } from './scenes/lab'
import { sideOf } from './side'
import { fail, type FakeWorld } from './world'

/** The lab of the stand-in. Its figures are made up. */
export function labOf(world: FakeWorld): LabService {
  const none = world.scene === 'empty' || world.scene === 'welcome'
  const installed = none ? [] : [...models, other]
  const comparisons = new Map((none ? [] : kept(world.now())).map((c) => [c.id, c]))
  const stopped = new Set<string>()
  const rough = new Set<string>()
  let serial = 0

  const find = (id: string): LabComparison => {
    const found = comparisons.get(id)
    if (!found) throw fail('not_found', 'This comparison is gone.', 'Choose another one.')
    return found
  }

  const put = (c: LabComparison) => {
    comparisons.set(c.id, c)
    world.events.changed('lab:changed', c.id)
  }

  const patchRow = (id: string, rowId: string, change: Partial<LabRow>) => {
    const c = find(id)
    put({ ...c, rows: c.rows.map((r) => (r.id === rowId ? { ...r, ...change } : r)) })
  }

  const run = async (id: string) => {
    const { rows, rounds } = find(id)
    const stages = ['quantize', 'plan', 'speed', 'quality'] as const
    const total = rows.length * stages.length
    let done = 0
    for (const r of rows) {
      patchRow(id, r.id, { state: 'running' })
      for (const stage of stages) {
        const words = {
          quantize: 'Making',
          plan: 'Planning memory of',
          speed: 'Timing',
          quality: 'Reading the text with',
        }
        const round = stage === 'speed' ? `, round 1 of ${rounds}` : ''
        const label = `${words[stage]} ${r.label}${round}`
        // The first row shows how long one takes; until then nothing is foretold.
        const known = done >= stages.length
        const left = known ? (total - done) * 5 : -1
        const most = known ? (total - done) * (rough.has(id) ? 7 : 12) : -1
        const step = { id, stage, row: r.id, label, share: done++ / total, left, most }
        world.events.emit('lab:progress', { ...step, again: '', try: 1, tries: 0 })
        await world.wait(12)
        if (stage === 'speed' && world.scene === 'busy' && !rough.has(id)) {
          const again = 'Other programs took 52% of the processor.'
          world.events.emit('lab:progress', { ...step, again, try: 2, tries: 3 })
          for (let i = 0; i < 40 && !rough.has(id) && !stopped.has(id); i++) await world.wait(4)
        }
        if (stopped.has(id)) {
          const c = find(id)
          const problem = { code: 'cancelled', severity: 'info', title: 'Cancelled.', hint: '' } as const
          const unfinished = (x: LabRow) => (x.state === 'done' ? x : { ...x, state: 'cancelled' as const })
          put({ ...c, state: 'cancelled', problem, rows: c.rows.map(unfinished) })
          return
        }
      }
      patchRow(id, r.id, {
        ...row(r.quant, r.kv, r.context),
        label: r.label,
        state: 'done',
        disturbed: rough.has(id) ? 'Other programs took 52% of the processor.' : '',
      })
    }
    const c = find(id)
    const pick = c.rows.find((r) => r.quant === 'Q4_K_M') ?? c.rows.at(-1)
    put({
      ...c,
      state: 'done',
      rows: judged(c.rows, pick?.id ?? ''),
      verdict: comparison({}).verdict,
      seconds: 311,
    })
  }

  const blank = (r: LabRow): LabRow => ({
    ...r,
    ...{ state: 'waiting', reads: [], writes: [], peakBytes: -1, engineBytes: -1, loadSeconds: -1, first: -1 },
    ...{ perplexity: -1, kld: -1, kld99: -1, sameTop: -1, frontier: false },
    ...{ perplexityError: 0, kldError: 0, sameTopError: 0 },
  })

  const begin = (ask: CompareAsk): LabComparison => {
    const reference = installed.find((m) => m.ref === ask.reference)
    if (!reference) throw fail('not_found', 'The reference is not in the library.', 'Choose another one.')
    const quants = [
      reference.quant,
      ...ask.refs.filter((r) => r !== ask.reference).map((r) => r.split(':')[1] ?? ''),
      ...ask.make,
    ]
    const many = ask.kv.length > 1 || ask.contexts.length > 1
    const rows = quants.flatMap((q) =>
      ask.kv.flatMap((kv) => ask.contexts.map((context) => blank(row(q, kv, context, many)))),
    )
    return comparison({
      id: `lab${Date.now()}${++serial}`,
      title: `${reference.name}, ${quants.length} quants`,
      state: 'running',
      startedAt: world.now(),
      rows,
      verdict: { title: '', text: '', tag: '' },
      notes: [],
      text: ask.text ? (ask.text.split('/').pop() ?? '') : 'answers of the reference to built-in prompts',
    })
  }

  const summary = (c: LabComparison): LabSummary => ({
    ...{ id: c.id, title: c.title, state: c.state, at: c.startedAt, rows: c.rows.length },
    pick: c.rows.find((r) => r.pick)?.label ?? '',
    disturbed: c.disturbance.length > 0,
  })

  return {
    setup: async () => ({
      models: installed,
      uses: [...new Set(prompts.map((p) => p.use))],
      kv: ['f16', 'q8_0', 'q4_0'],
      contexts: [2048, 4096, 8192, 16_384, 32_768],
      rounds: 3,
    }),
    quants: async (ref) => {
      await world.wait(6)
      return ref.startsWith('smollm2') ? quantsFor(installed) : []
    },
    chooseText: async () => ({ path: '/home/mara/Documents/notes.txt', name: 'notes.txt', bytes: 182_400 }),
    compare: async (ask) => {
      if (world.scene === 'noengine') {
        throw fail('engine_down', 'The engine is not running.', 'Restart it on the Machine page.')
      }
      const c = begin(ask)
      put(c)
      void run(c.id)
      return c.id
    },
    stop: async (id) => {
      stopped.add(id)
    },
    rough: async (id) => {
      rough.add(id)
    },
    comparisons: async () => [...comparisons.values()].sort((a, b) => b.startedAt - a.startedAt).map(summary),
    comparison: async (id) => find(id),
    forget: async (id) => {
      comparisons.delete(id)
      world.events.changed('lab:changed', id)
    },
    export: async (id, format) =>
      `/home/mara/Documents/${find(id).title}.${{ json: 'json', csv: 'csv', markdown: 'md', 'llama-bench': 'txt' }[format]}`,
    saveReport: async (id, html) => {
      // Kept, so that a trial can open what a person would have saved.
      if (typeof sessionStorage !== 'undefined') sessionStorage.setItem('weightroom.report', html)
      return `/home/mara/Documents/${find(id).title}.html`
    },
    ...blindOf(world, installed),
    ...sideOf(world, installed),
  }
}
