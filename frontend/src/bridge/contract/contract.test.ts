import { describe, expect, it } from 'vitest'
import { fakeBridge } from '../fake'
import { toBridgeError } from '../failure'
import type { TaskEnd } from '../types'
import { contract } from '.'
import { anyAsk } from './discover'

describe('the stand-in keeps the contract', () => {
  for (const clause of contract(fakeBridge({ step: 0 }))) {
    it(clause.name, { timeout: 20_000 }, () => clause.run())
  }

  it('a task reports progress and ends once, with what it made', async () => {
    const bridge = fakeBridge({ scene: 'empty', step: 0 })
    let reports = 0
    bridge.on('task:progress', () => reports++)
    const end = new Promise<string>((resolve) => bridge.on('task:finished', (e) => resolve(e.result)))
    await bridge.library.installStarter()
    const ref = await end
    expect(reports).toBeGreaterThan(1)
    expect((await bridge.library.get()).models.map((m) => m.ref)).toContain(ref)
  })
})

describe('the stand-in’s test drive', () => {
  const begun = (scene: 'full' | 'noengine' = 'full') => {
    const bridge = fakeBridge({ scene, step: 0 })
    const end = new Promise<TaskEnd>((resolve) => bridge.on('task:finished', resolve))
    return { bridge, end }
  }

  it('reports progress, is kept, and replaces the estimate', async () => {
    const { bridge, end } = begun()
    let reports = 0
    bridge.on('task:progress', (p) => (reports += p.kind === 'testdrive' ? 1 : 0))
    const ask = { ...anyAsk, context: 8192 }
    const before = (await bridge.discover.advise(ask)).choices.find((c) => c.id === 'qwen3-4b')
    expect(before?.source).toBe('estimated')
    const quant = before?.quant ?? ''
    await bridge.discover.testDrive('qwen3-4b', quant)
    expect((await end).result).toBe(`qwen3-4b:${quant}`)
    expect(reports).toBeGreaterThan(1)
    expect((await bridge.discover.drives()).some((d) => d.id === 'qwen3-4b' && d.quant === quant)).toBe(true)
    const choice = (await bridge.discover.advise(ask)).choices.find((c) => c.id === 'qwen3-4b')
    expect(choice?.source).toBe('test drive')
  })

  it('ends as cancelled and keeps nothing', async () => {
    const { bridge, end } = begun()
    const { id } = await bridge.discover.testDrive('qwen3-8b', 'Q8_0')
    await bridge.tasks.cancel(id)
    expect((await end).problem.code).toBe('cancelled')
    expect((await bridge.discover.drives()).some((d) => d.quant === 'Q8_0')).toBe(false)
  })

  it('and the engine’s plan fail with a sentence when the engine is down', async () => {
    const { bridge } = begun('noengine')
    const ask = { id: 'qwen3-4b', quant: 'Q4_K_M', context: 8192, kv: 'f16' } as const
    await expect(bridge.discover.testDrive('qwen3-4b', 'Q4_K_M')).rejects.toThrow('engine')
    await expect(bridge.discover.fit(ask)).rejects.toThrow('engine')
  })
})

describe('a rejected call', () => {
  it('is read from the JSON string that the window sends', () => {
    const error = toBridgeError('{"code":"disk_full","message":"The disk is full.","hint":"Free some space."}')
    expect([error.code, error.message, error.hint]).toEqual(['disk_full', 'The disk is full.', 'Free some space.'])
  })

  it.each([['[object Object]'], [undefined], [null], ['{"code":1}'], [new Error('boom')], [42]])(
    'becomes one plain sentence when it is %s',
    (reason) => {
      const error = toBridgeError(reason)
      expect(error.code).toBe('unknown')
      expect(error.message).toBe('Something went wrong.')
    },
  )
})
