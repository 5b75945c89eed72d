import { describe, expect, it } from 'vitest'
import { fakeBridge } from '../bridge/fake'
import type { Bridge } from '../bridge/bridge'
import type { AppEvent, BlindTest, LabProgress } from '../bridge/types'
import { differences } from '../lib/differences'
import { App } from './app'
import { BlindState } from './blind.svelte'
import { LabState } from './lab.svelte'
import { SideState } from './side.svelte'

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !what(); i++) await wait(5)
  expect(what()).toBe(true)
}

const ask = {
  reference: 'smollm2-135m:F16',
  refs: ['smollm2-135m:Q8_0'],
  make: ['Q2_K'],
  text: '',
  matrix: '',
  kv: ['f16'],
  contexts: [4096],
  rounds: 3,
}

async function opened(scene: 'full' | 'empty' | 'noengine' = 'full') {
  const app = new App(fakeBridge({ scene, step: 0 }))
  await app.start()
  app.go('lab')
  await until(() => app.lab.loaded)
  return app
}

describe('the lab', () => {
  it('opens the newest comparison, or nothing where there is none', async () => {
    expect((await opened()).lab.shown?.id).toBe('lab1')
    const empty = await opened('empty')
    expect(empty.lab.shown).toBeNull()
    expect(empty.lab.setup.models).toEqual([])
  })

  it('shows a comparison while it runs: progress, rows as they come, and the verdict at the end', async () => {
    const app = await opened()
    await app.lab.compare(ask)
    const id = app.lab.shown?.id
    expect(app.lab.shown?.state).toBe('running')
    expect(app.lab.running?.id).toBe(id)
    await until(() => app.lab.progress !== null)
    await until(() => app.lab.shown?.state === 'done')
    expect(app.lab.progress).toBeNull()
    expect(app.lab.shown?.rows.every((r) => r.state === 'done' && r.writes.length > 0)).toBe(true)
    expect(app.lab.shown?.verdict.title).not.toBe('')
    expect(app.lab.running).toBeUndefined()
  })

  it('keeps finished rows when it is stopped', async () => {
    const app = new App(fakeBridge({ step: 4 }))
    await app.start()
    app.go('lab')
    await until(() => app.lab.loaded)
    await app.lab.compare(ask)
    await until(() => app.lab.shown?.rows[0]?.state === 'done')
    await app.lab.stop()
    await until(() => app.lab.shown?.state === 'cancelled')
    const states = app.lab.shown?.rows.map((r) => r.state)
    expect(states?.[0]).toBe('done')
    expect(states?.at(-1)).toBe('cancelled')
  })

  it('ignores progress that is older than what it knows', () => {
    const lab = new LabState(fakeBridge({ step: 0 }).lab)
    const at = (seq: number, share: number): AppEvent => {
      const data: LabProgress = {
        id: 'x',
        seq,
        stage: 'speed',
        row: '',
        label: '',
        share,
        left: -1,
        most: -1,
        again: '',
        try: 1,
        tries: 0,
      }
      return { name: 'lab:progress', data }
    }
    lab.apply(at(2, 0.5))
    lab.apply(at(1, 0.1))
    expect(lab.progress).toBeNull() // nothing runs
    expect(lab.apply({ name: 'lab:changed', data: { id: 'x', seq: 3 } })).toBe('') // never opened
  })

  it('forgets a comparison and shows the next', async () => {
    const app = await opened()
    await app.lab.forget('lab1')
    expect(app.lab.shown?.id).toBe('lab2')
    expect(app.lab.list.map((c) => c.id)).toEqual(['lab2'])
  })

  it('says why it can’t begin', async () => {
    const app = await opened('noengine')
    await expect(app.lab.compare(ask)).rejects.toThrow('engine')
    expect(app.lab.asking).toBe('')
  })
})

describe('a blind test', () => {
  const started = async (refs = ['smollm2-135m:F16', 'smollm2-135m:Q4_K_M']) => {
    const app = new App(fakeBridge({ step: 1 }))
    await app.start()
    app.go('lab')
    await until(() => app.lab.loaded)
    await app.blind.start({ refs, use: 'chat', tokens: 0 })
    return app
  }

  it('shows answers only when all are there, at one pace, and takes a vote only then', async () => {
    const app = await started()
    const asking = app.measuring.askBlind('')
    await until(() => app.blind.writing !== '')
    expect(app.blind.answers).toEqual([])
    await app.blind.vote(0)
    expect(app.blind.test?.rounds).toBe(0)
    await asking
    const whole = app.blind.test?.answers ?? []
    expect(whole).toHaveLength(2)
    expect(app.blind.complete).toBe(false)
    await until(() => (app.blind.answers[0] ?? '').length > 3)
    // The same number of letters of each.
    const lengths = app.blind.answers.map((a) => a.length)
    expect(Math.abs((lengths[0] ?? 0) - (lengths[1] ?? 0))).toBe(0)
    await app.blind.vote(0)
    expect(app.blind.test?.rounds).toBe(0)
    app.blind.revealAll()
    expect(app.blind.answers).toEqual(whole)
    await app.blind.vote(0)
    expect(app.blind.test?.rounds).toBe(1)
  })

  it('foretells how long the answers take, and better once some were written', async () => {
    const app = await started()
    const first = app.blind.takes('')
    expect(first).toBe(3 * 2 * 27)
    expect(app.blind.takes('My own words')).toBe(first / 3)
    const asking = app.measuring.askBlind('')
    await until(() => app.blind.writing !== '')
    expect(app.blind.expected).toBe(first)
    await asking
    app.blind.revealAll()
    await app.blind.vote(0)
    expect(app.blind.takes('')).toBeLessThan(first)
  })

  it('counts a tie, goes on later, and tells at the end which was which', async () => {
    const app = await started()
    for (const choice of [-1, 0, 1]) {
      await app.measuring.askBlind('My own words')
      app.blind.revealAll()
      await app.blind.vote(choice)
    }
    const id = app.blind.test?.id ?? ''
    app.blind.close()
    expect(app.blind.test).toBeNull()
    await app.blind.open(id)
    expect(app.blind.test).toMatchObject({ rounds: 3, ties: 1, state: 'open' })
    expect(app.blind.test?.evidence).toHaveLength(3)
    await app.blind.end()
    expect(app.blind.test?.tallies.map((t) => t.wins).reduce((a, b) => a + b)).toBe(2)
    expect(app.blind.test?.votes.map((v) => v.order.length)).toEqual([2, 2, 2])
  })

  it('gives nothing away before its end: no order, no tallies, no figure beside an answer', async () => {
    const app = await started(['smollm2-135m:F16', 'smollm2-135m:Q4_K_M', 'smollm2-135m:Q8_0'])
    const seen: string[] = []
    app.bridge.on('task:progress', (e) => seen.push(JSON.stringify({ ...e, id: '', seq: 0 })))
    app.bridge.on('task:finished', (e) => seen.push(JSON.stringify({ ...e, id: '', seq: 0, result: '' })))
    app.bridge.on('engine:changed', (e) => seen.push(JSON.stringify(e)))
    for (let i = 0; i < 3; i++) {
      await app.measuring.askBlind('')
      const test = app.blind.test as BlindTest
      expect(test.votes).toEqual([])
      expect(test.tallies).toEqual([])
      expect([test.winner, test.verdict, test.advice]).toEqual(['', '', ''])
      // Everything but the list of who takes part is free of names.
      const rest = JSON.stringify({ ...test, variants: [], answers: [] })
      for (const v of test.variants) expect(rest.includes(v.ref) || rest.includes(v.quant)).toBe(false)
      expect(test.variants.map((v) => v.ref)).toEqual(test.variants.map((v) => v.ref).toSorted())
      app.blind.revealAll()
      await app.blind.vote(i)
    }
    for (const event of seen) expect(/F16|Q4_K_M|Q8_0|smollm/.test(event)).toBe(false)
  })

  it('refuses one model, and five', async () => {
    const blind = new BlindState(fakeBridge({ step: 0 }).lab)
    const refs = ['smollm2-135m:F16']
    await expect(blind.start({ refs, use: 'chat', tokens: 0 })).rejects.toThrow('two to four')
  })
})

describe('side by side', () => {
  const sent = async (lab: Bridge['lab'], app?: App) => {
    const side = app?.side ?? new SideState(lab)
    side.refs = ['smollm2-135m:F16', 'smollm2-135m:Q4_K_M']
    side.prompt = 'Tell me about the sea.'
    await side.send()
    return side
  }

  it('streams each answer and ends with its figures', async () => {
    const app = await opened()
    await sent(app.bridge.lab, app)
    await until(() => app.side.run?.running === false)
    for (const column of app.side.run?.columns ?? []) {
      expect(column).toMatchObject({ state: 'done' })
      expect(column.text.length).toBeGreaterThan(20)
      expect(column.tokensPerSecond).toBeGreaterThan(0)
    }
  })

  it('asks for the whole run where text is missing', async () => {
    const side = await sent(fakeBridge({ step: 50 }).lab)
    const id = side.run?.id ?? ''
    const delta = (offset: number, text: string): AppEvent => ({
      name: 'side:delta',
      data: { id, seq: 1, column: 0, state: 'writing', offset, text },
    })
    expect(side.apply(delta(0, 'Once '))).toBe(false)
    expect(side.apply(delta(0, 'Once '))).toBe(false)
    expect(side.run?.columns[0]?.text).toBe('Once ')
    expect(side.apply(delta(9, 'more'))).toBe(true)
    expect(side.apply({ name: 'side:delta', data: { ...delta(0, '').data, id: 'other' } } as AppEvent)).toBe(false)
  })

  it('stops, and keeps what was written', async () => {
    const app = new App(fakeBridge({ step: 5 }))
    await app.start()
    app.go('lab')
    await sent(app.bridge.lab, app)
    await until(() => (app.side.run?.columns[0]?.text ?? '').length > 0)
    await app.side.stop()
    await until(() => app.side.run?.columns[0]?.state === 'stopped')
  })

  it('makes a base with an adapter, which can be chosen like any model', async () => {
    const app = await opened()
    const ref = await app.side.attach('smollm2-135m:F16', [{ id: 'pirate', scale: 0.5 }])
    await app.lab.load()
    expect(app.lab.setup.models.some((m) => m.ref === ref)).toBe(true)
  })
})

describe('a model that does not fit', () => {
  async function short() {
    const app = new App(fakeBridge({ scene: 'trouble', step: 0 }))
    await app.start()
    const ref = app.library.models.find((m) => m.bytes > 2.1e9)?.ref ?? ''
    expect(ref).not.toBe('')
    return { app, ref }
  }

  it('is asked about before it is loaded, and left where the answer is no', async () => {
    const { app, ref } = await short()
    const refused = app.models.load(ref)
    await until(() => app.dialogs.question !== null)
    expect(app.dialogs.question?.body).toContain('very slow')
    app.dialogs.answer(false)
    await refused
    expect(app.machine.engine?.model).toBe('')
    const loaded = app.models.load(ref)
    await until(() => app.dialogs.question !== null)
    app.dialogs.answer(true)
    await loaded
    await until(() => app.machine.engine?.model === ref)
  })

  it('answers side by side once it may be loaded', async () => {
    const { app, ref } = await short()
    app.side.refs = ['smollm2-135m:Q4_1', ref]
    app.side.prompt = 'Hello'
    await app.side.send()
    await until(() => app.side.run?.running === false)
    await until(() => app.side.run?.columns[1]?.problem.code === 'no_room')
    await app.machine.loadAnyway(ref, 4096)
    await app.side.sendAgain()
    await until(() => app.side.run?.running === false)
    expect(app.side.run?.columns.map((c) => c.state)).toEqual(['done', 'done'])
  })
})

describe('differences', () => {
  it('are words, and together they give both texts back', () => {
    const a = 'She climbs the ninety-one steps and lights the lamp.'
    const b = 'She climbs the hundred steps, and lights a lamp.'
    const pieces = differences(a, b)
    const only = (...kinds: string[]) =>
      pieces
        .filter((p) => kinds.includes(p.kind))
        .map((p) => p.text)
        .join('')
    expect(only('same', 'added')).toBe(b)
    expect(only('same', 'missing')).toBe(a)
    expect(pieces.some((p) => p.kind === 'added' && p.text.includes('hundred'))).toBe(true)
    expect(differences(a, a)).toEqual([{ text: a, kind: 'same' }])
  })

  it('of whole books are not sought', () => {
    const book = 'word '.repeat(10_000)
    expect(differences(book, `${book}end`)).toHaveLength(1)
  })
})
