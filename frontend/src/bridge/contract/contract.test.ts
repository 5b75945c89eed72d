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
    await bridge.discover.testDrive({ id: 'qwen3-4b', quant, context: 8192, kv: 'f16' })
    expect((await end).result).toBe(`qwen3-4b:${quant}`)
    expect(reports).toBeGreaterThan(1)
    expect((await bridge.discover.drives()).some((d) => d.id === 'qwen3-4b' && d.quant === quant)).toBe(true)
    const choice = (await bridge.discover.advise(ask)).choices.find((c) => c.id === 'qwen3-4b')
    expect(choice?.source).toBe('test drive')
  })

  it('measures deep in the asked context too, with the asked KV cache, and stands apart from what another asks', async () => {
    const { bridge, end } = begun()
    const choiceOf = async (kv: 'f16' | 'q8_0') =>
      (await bridge.discover.advise({ ...anyAsk, kv })).choices.find((c) => c.id === 'qwen3-4b')
    const quant = (await choiceOf('q8_0'))?.quant ?? ''
    await bridge.discover.testDrive({ id: 'qwen3-4b', quant, context: 4096, kv: 'q8_0' })
    await end
    const drive = (await bridge.discover.drives()).find((d) => d.id === 'qwen3-4b' && d.quant === quant)
    expect(drive).toMatchObject({ kv: 'q8_0', replaced: false, deep: { depth: 4096 } })
    expect(drive?.deep.tokensPerSecond).toBeLessThan(drive?.tokensPerSecond ?? 0)
    expect((await choiceOf('q8_0'))?.source).toBe('test drive')
    expect((await choiceOf('f16'))?.source).toBe('estimated')
  })

  it('ends as cancelled and keeps nothing', async () => {
    const { bridge, end } = begun()
    const { id } = await bridge.discover.testDrive({ id: 'qwen3-8b', quant: 'Q8_0', context: 8192, kv: 'f16' })
    await bridge.tasks.cancel(id)
    expect((await end).problem.code).toBe('cancelled')
    expect((await bridge.discover.drives()).some((d) => d.quant === 'Q8_0')).toBe(false)
  })

  it('and the engine’s plan fail with a sentence when the engine is down', async () => {
    const { bridge } = begun('noengine')
    const ask = { id: 'qwen3-4b', quant: 'Q4_K_M', context: 8192, kv: 'f16' } as const
    await expect(bridge.discover.testDrive(ask)).rejects.toThrow('engine')
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
