import { describe, expect, it, vi } from 'vitest'
import { fakeBridge } from '../bridge/fake'
import { noProblem } from '../bridge/fake/scenes/scene'
import { App } from './app'
import { workOf } from './work'

describe('what is at work', () => {
  it('has what the app does by itself, why, and what becomes of it when it is stopped', async () => {
    const app = new App(fakeBridge({ step: 0 }))
    await app.start()
    const about = { seq: 1, done: 0, total: 0, label: 'Measuring memory', of: '', left: -1, startedAt: 0 } as const
    app.tasks.apply({ name: 'task:progress', data: { id: 'own', kind: 'bandwidth', waits: 'answer', ...about } })
    const [own] = workOf(app, app)
    expect(own).toMatchObject({ name: 'Measuring memory', waits: 'Waiting until the answer is written.' })
    expect(own?.note).toContain('once for each machine')
    own?.stop?.run()
    expect(app.toasts.items.at(-1)?.text).toContain('after its next start')
    app.tasks.apply({
      name: 'task:finished',
      data: { id: 'own', seq: 2, kind: 'bandwidth', result: '', problem: noProblem },
    })

    const slow = new App(fakeBridge({ scene: 'full', step: 5 }))
    await slow.start()
    const asked = slow.measuring.bandwidth()
    await vi.waitFor(() => expect(workOf(slow, slow)).toHaveLength(1))
    expect(workOf(slow, slow)[0]?.note, 'a person who asked knows why').toBe('')
    await asked
  })

  it('uses what tuning found, until a person wants the counted number, and says why it is done', async () => {
    const app = new App(fakeBridge({ scene: 'empty', step: 0 }))
    await app.start()
    app.go('machine')
    await vi.waitFor(() => expect(app.machine.value?.tuned.measuredAt).toBe(0))
    const about = { seq: 1, done: 0, total: 0, label: 'Tuning the engine', of: '', left: -1, startedAt: 0 } as const
    app.tasks.apply({ name: 'task:progress', data: { id: 'own', kind: 'tune', waits: 'programs', ...about } })
    expect(workOf(app, app)[0]?.note).toContain('how the engine works fastest')
    app.tasks.apply({
      name: 'task:finished',
      data: { id: 'own', seq: 2, kind: 'tune', result: '', problem: noProblem },
    })
    await app.measuring.tune()
    await vi.waitFor(() => expect(app.machine.value?.tuned).toMatchObject({ threads: 7, counted: 8, batch: 256 }))
    expect(app.machine.value?.cpu.threads.reasons).toEqual([{ kind: 'measured', cores: 7, of: 8 }])
    await app.machine.useTuned(false)
    expect(app.machine.value?.tuned).toMatchObject({ threads: 8, batch: 0, off: true })
    await app.machine.useTuned(true)
    expect(app.machine.value?.tuned).toMatchObject({ threads: 7, batch: 256, off: false })
  })

  it('looks at the machine once after its memory was measured', async () => {
    const app = new App(fakeBridge({ step: 0 }))
    await app.start()
    app.go('machine')
    await vi.waitFor(() => expect(app.machine.detecting).toBe(false))
    const looks = vi.spyOn(app.machine, 'detect')
    await app.measuring.bandwidth()
    await vi.waitFor(() => expect(looks).toHaveBeenCalled())
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(looks).toHaveBeenCalledTimes(1)
  })
})
