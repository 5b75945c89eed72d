import { describe, expect, it } from 'vitest'
import { contract } from './contract'
import { fakeBridge } from './fake'
import { toBridgeError } from './failure'

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
