import { describe, expect, it, vi } from 'vitest'
import type { Bridge } from '../bridge/bridge'
import { BridgeError } from '../bridge/failure'
import { fakeBridge } from '../bridge/fake'
import type { Advice, Ask, FitAsk } from '../bridge/types'
import { rentedCard, rentOf } from '../lib/sums'
import { latest } from '../lib/timing'
import { text } from '../text'
import { App } from './app'
import { DiscoverState, firstAsk } from './discover.svelte'
import { SumsState } from './sums.svelte'

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A service whose advice is given by hand, in any order. */
function byHand() {
  const base = fakeBridge({ step: 0 }).discover
  const asked: { ask: Ask; give: (a: Advice) => void; refuse: (e: unknown) => void }[] = []
  const discover: Bridge['discover'] = {
    ...base,
    models: () => base.models(),
    profiles: () => base.profiles(),
    drives: () => base.drives(),
    advise: (ask) => new Promise((give, refuse) => asked.push({ ask, give, refuse })),
  }
  return { discover, asked, real: base }
}

describe('a call that is asked for often', () => {
  it('runs once at a time, and once more for what was asked meanwhile', async () => {
    let at = 0
    let running = 0
    const seen: number[] = []
    const ask = latest(async () => {
      expect(++running).toBe(1)
      const value = at
      await wait(15)
      seen.push(value)
      running--
    }, 5)
    for (at = 1; at < 10; at++) {
      ask()
      await wait(4)
    }
    ask()
    await wait(80)
    expect(seen.at(-1)).toBe(10)
    expect(seen.length).toBeLessThan(6)
  })
})

describe('a reference', () => {
  it('is called what the catalog calls its model, before its source has answered too', async () => {
    const app = new App(fakeBridge({ step: 0 }))
    await app.discover.load()
    const model = [...app.discover.models.values()][0]
    expect(app.discover.nameOf(`${model?.id}:Q4_K_M`)).toBe(model?.name)
    expect(app.discover.nameOf('hf.co/a/b:Q8_0')).toBe('hf.co/a/b:Q8_0')
  })
})

describe('the advice', () => {
  it('follows the sliders: shown at once, asked a moment later, the last wish wins', async () => {
    const { discover, asked, real } = byHand()
    const state = new DiscoverState(discover)
    state.set({ context: 16_384 })
    state.set({ context: 32_768 })
    expect(state.ask.context).toBe(32_768)
    await vi.waitFor(() => expect(asked).toHaveLength(1))
    expect(asked[0]?.ask.context).toBe(32_768)
    state.set({ kv: 'q8_0' })
    asked[0]?.give(await real.advise(firstAsk))
    await vi.waitFor(() => expect(asked).toHaveLength(2))
    expect(asked[1]?.ask).toMatchObject({ context: 32_768, kv: 'q8_0' })
  })

  it('that comes late does not replace a newer one', async () => {
    const { discover, asked, real } = byHand()
    const state = new DiscoverState(discover)
    const [old, fresh] = [state.advise(), state.advise()]
    const advice = await real.advise(firstAsk)
    asked[1]?.give({ ...advice, machineName: 'new' })
    asked[0]?.give({ ...advice, machineName: 'old' })
    await Promise.all([old, fresh])
    expect(state.advice?.machineName).toBe('new')
    expect(state.asking).toBe(false)
  })

  it('that fails keeps the last one and says why, until one comes', async () => {
    const { discover, asked, real } = byHand()
    const state = new DiscoverState(discover)
    const first = state.advise()
    asked[0]?.give(await real.advise(firstAsk))
    await first
    const second = state.advise()
    asked[1]?.refuse(new BridgeError({ code: 'x', message: 'No.', hint: '' }))
    await second
    expect(state.advice).not.toBeNull()
    expect(state.failure?.message).toBe('No.')
    const third = state.advise()
    asked[2]?.give(await real.advise(firstAsk))
    await third
    expect(state.failure).toBeNull()
  })

  it('is not asked for again before the page was opened once', async () => {
    const { discover, asked } = byHand()
    new DiscoverState(discover).refresh()
    await wait(200)
    expect(asked).toHaveLength(0)
  })

  it('can be compared across machines without moving the page', async () => {
    const state = new DiscoverState(fakeBridge({ step: 0 }).discover)
    const answers = await state.compare({ minSpeed: 5 })
    expect(answers.length).toBe(state.profiles.length)
    expect(new Set(answers.map((a) => a.advice.machineName)).size).toBe(answers.length)
    expect(state.ask).toEqual(firstAsk)
  })
})

describe('the quants of a model', () => {
  it('are judged for the page’s question, and again with each new one', async () => {
    const base = fakeBridge({ step: 0 }).discover
    const quants = vi.fn((id: string, ask: Ask) => base.quants(id, ask))
    const state = new DiscoverState({ ...base, advise: (a) => base.advise(a), quants })
    expect(state.verdictOf('qwen3-8b', 'Q4_K_M')).toBeUndefined()
    await state.judge('qwen3-8b')
    expect(quants).toHaveBeenCalledWith('qwen3-8b', firstAsk)
    expect(state.verdictOf('qwen3-8b', 'Q4_K_M')?.memory.totalBytes).toBeGreaterThan(4e9)
    expect(state.verdictOf('qwen3-4b', 'Q4_K_M')).toBeUndefined()
    state.set({ freeBytes: 3e9 })
    await state.judge('qwen3-8b')
    expect(state.verdictOf('qwen3-8b', 'Q4_K_M')).toMatchObject({ cause: 'memory', fit: 'no' })
  })

  it('that can’t be judged keep the last verdicts and say why', async () => {
    const base = fakeBridge({ step: 0 }).discover
    let broken = false
    const refuse = () => Promise.reject(new BridgeError({ code: 'x', message: 'No.', hint: '' }))
    const quants = (id: string, ask: Ask) => (broken ? refuse() : base.quants(id, ask))
    const state = new DiscoverState({ ...base, quants })
    await state.judge('qwen3-8b')
    broken = true
    await state.judge('qwen3-8b')
    expect(state.judgingFailure('qwen3-8b')?.message).toBe('No.')
    expect(state.verdictOf('qwen3-8b', 'Q4_K_M')).toBeDefined()
    expect(state.judgingFailure('qwen3-4b')).toBeNull()
    broken = false
    await state.judge('qwen3-8b')
    expect(state.judgingFailure('qwen3-8b')).toBeNull()
  })
})

describe('the engine’s plan', () => {
  const ask = { id: 'qwen3-4b', quant: 'Q4_K_M', context: 8192, kv: 'f16' } as const

  it('is asked for once, and again after something changed', async () => {
    const base = fakeBridge({ step: 0 }).discover
    const fit = vi.fn((a: FitAsk) => base.fit(a))
    const state = new DiscoverState({ ...base, advise: (a) => base.advise(a), fit })
    await state.plan(ask)
    await state.plan(ask)
    expect(fit).toHaveBeenCalledTimes(1)
    expect(state.planOf(ask)).toMatchObject({ state: 'known' })
    state.refresh()
    expect(state.planOf(ask)).toBeUndefined()
  })

  it('is the figure of every row from then on', async () => {
    const state = new DiscoverState(fakeBridge({ step: 0 }).discover)
    await state.advise()
    const of = (id: string) => state.advice?.choices.find((c) => c.id === id)
    const quant = of('qwen3-4b')?.quant ?? ''
    expect(of('qwen3-4b')?.planned).toBe(false)
    await state.plan({ ...ask, quant })
    await vi.waitFor(() => expect(of('qwen3-4b')?.planned).toBe(true))
  })

  it('is the figure of the Library too, also when a command has asked for it', async () => {
    const bridge = fakeBridge({ step: 0 })
    const app = new App(bridge)
    await app.start()
    app.go('library')
    await app.library.weigh()
    const ref = 'qwen3-4b:Q4_K_M'
    const calculated = app.library.memoryOf(ref)
    expect(calculated).toMatchObject({ planned: false, context: 8192 })
    await bridge.discover.fit(ask)
    await vi.waitFor(() => expect(app.library.memoryOf(ref)?.planned).toBe(true))
  })

  it('that fails says so and can be tried again', async () => {
    const state = new DiscoverState(fakeBridge({ scene: 'noengine', step: 0 }).discover)
    await state.plan(ask)
    expect(state.planOf(ask)).toMatchObject({ state: 'failed', failure: { code: 'engine_down' } })
  })
})

describe('a test drive', () => {
  it('is marked while it runs, and its result is in the advice when it has ended', async () => {
    const app = new App(fakeBridge({ step: 1 }))
    await app.start()
    app.go('discover')
    await app.discover.load()
    const quant = app.discover.advice?.choices.find((c) => c.id === 'qwen3-4b')?.quant ?? ''
    const drive = app.measuring.testDrive('qwen3-4b', quant, 'Qwen3 4B')
    expect(app.discover.taskOf('qwen3-4b', quant)).toBe('')
    await vi.waitFor(() => expect(app.tasks.get(app.discover.taskOf('qwen3-4b', quant) ?? '')?.done).toBeGreaterThan(2))
    await drive
    expect(app.discover.taskOf('qwen3-4b', quant)).toBeUndefined()
    expect(app.discover.driveOf('qwen3-4b', quant)?.source).toBe('test drive')
    expect(app.discover.advice?.choices.find((c) => c.id === 'qwen3-4b')?.source).toBe('test drive')
  })

  it('says where other programs disturbed it', async () => {
    const app = new App(fakeBridge({ step: 0 }))
    await app.start()
    await app.discover.load()
    const quant = app.discover.models.get('gpt-oss-20b')?.quants[0]?.name ?? ''
    await app.measuring.testDrive('gpt-oss-20b', quant, 'gpt-oss 20B')
    expect(app.discover.driveOf('gpt-oss-20b', quant)?.disturbed).toBe(true)
    expect(app.toasts.items.some((t) => t.text.includes('while other programs were busy'))).toBe(true)
  })

  it('that can’t begin leaves no mark and tells the person', async () => {
    const app = new App(fakeBridge({ scene: 'noengine', step: 0 }))
    await app.start()
    await app.measuring.testDrive('qwen3-4b', 'Q4_K_M', 'Qwen3 4B')
    expect(app.discover.taskOf('qwen3-4b', 'Q4_K_M')).toBeUndefined()
    expect(app.toasts.items.some((t) => t.text.includes('engine'))).toBe(true)
  })
})

describe('test drives that estimates rest on', () => {
  it('run one after the other when a person does not wait for a quiet machine, and say what they count for', async () => {
    const base = fakeBridge({ step: 1 })
    let refs: string[] = []
    const advise = async (ask: Ask) => {
      const advice = await base.discover.advise(ask)
      refs = advice.choices.slice(0, 2).map((c) => `${c.id}:${c.quant}`)
      return { ...advice, fitted: false, missing: refs }
    }
    const app = new App({ ...base, discover: { ...base.discover, advise } })
    await app.start()
    await app.discover.load()
    await app.measuring.now([])
    expect(app.toasts.items.map((t) => t.text)).not.toContain(text.discover.measuredBusy)
    await app.measuring.now(refs)
    for (const ref of refs) {
      const [id = '', quant = ''] = ref.split(':')
      expect(app.discover.driveOf(id, quant)?.source).toBe('test drive')
    }
    expect(app.toasts.items.map((t) => t.text)).toContain(text.discover.measuredBusy)
  })
})

describe('the sums', () => {
  it('begin with the defaults, follow each change and go back', async () => {
    const state = new SumsState(fakeBridge({ step: 0 }).discover)
    await state.load()
    expect(state.bits.map((r) => r.bytes)).toEqual([140e9, 70e9, 35e9])
    const before = state.answer?.apiPerMonth ?? 0
    expect(before).toBeGreaterThan(0)
    state.set({ inputPrice: 0, outputPrice: 0 })
    await vi.waitFor(() => expect(state.answer?.apiPerMonth).toBe(0))
    expect(state.changed).toBe(true)
    state.reset()
    await vi.waitFor(() => expect(state.answer?.apiPerMonth).toBe(before))
    expect(state.changed).toBe(false)
  })

  it('know which row of the price table they use', async () => {
    const state = new SumsState(fakeBridge({ step: 0 }).discover)
    await state.load()
    expect(state.prices.filter((p) => state.uses(p)).map((p) => p.model)).toEqual(['gpt-5.4-mini'])
  })

  it('know which of the cards that can be rented they ask about', async () => {
    const state = new SumsState(fakeBridge({ step: 0 }).discover)
    await state.load()
    const card = () => state.ask && rentedCard(state.ask, state.cards)?.id
    expect(card()).toBe('large')
    const small = state.cards.find((c) => c.id === 'small')
    if (small) state.set(rentOf(small))
    expect(card()).toBe('small')
    state.set({ rentPerHour: 1 })
    expect(card()).toBeUndefined()
  })

  it('begin with the person’s own use where there is one, and know which use counts', async () => {
    const state = new SumsState(fakeBridge({ step: 0 }).discover)
    await state.load()
    expect(state.usages.map((u) => u.id)).toEqual(['own', 'light', 'daily', 'heavy', 'service'])
    expect(state.usages.filter((u) => state.isUsage(u)).map((u) => u.id)).toEqual(['own'])
    const fresh = new SumsState(fakeBridge({ scene: 'welcome', step: 0 }).discover)
    await fresh.load()
    expect(fresh.usages.filter((u) => fresh.isUsage(u)).map((u) => u.id)).toEqual(['daily'])
  })

  it('that fail say why and can be loaded again', async () => {
    const base = fakeBridge({ step: 0 }).discover
    let broken = true
    const refuse = () => Promise.reject(new BridgeError({ code: 'x', message: 'No.', hint: '' }))
    const state = new SumsState({
      ...base,
      bits: (n) => base.bits(n),
      sums: (a) => base.sums(a),
      prices: () => base.prices(),
      sumsStart: () => (broken ? refuse() : base.sumsStart()),
    })
    await state.load()
    expect(state.failure?.message).toBe('No.')
    broken = false
    await state.load()
    expect(state.failure).toBeNull()
    expect(state.answer).not.toBeNull()
  })
})
