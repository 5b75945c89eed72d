import type { MachineService } from '../bridge'
import { engineLog } from './scenes/machine'
import { noProblem } from './scenes/scene'
import type { Advice, Problem } from '../types'
import type { FakeWorld } from './world'

/** The stand-in’s machine and its engine. */
export function machineOf(world: FakeWorld, advise: () => Promise<Advice>): MachineService {
  return {
    detect: async () => {
      await world.wait(6)
      return world.machine
    },
    engine: async () => world.engine,
    measureBandwidth: async () => {
      const id = 'bandwidth'
      const total = 1800
      const report = (done: number) =>
        world.report({ id, kind: 'bandwidth', done, total: done && total, label: 'Measuring memory' })
      const measure = async () => {
        report(0)
        for (let step = 1; step <= 18; step++) {
          await world.wait(2)
          if (world.cancelled.has(id)) {
            const problem: Problem = { code: 'cancelled', severity: 'info', title: 'Cancelled.', hint: '' }
            world.cancelled.delete(id)
            world.ended({ id, kind: 'bandwidth', result: '', problem })
            return
          }
          report(step * 100)
        }
        const memory = {
          ...world.machine.memory,
          bandwidthBytesPerSec: 61_200_000_000,
          bandwidthDoubtful: false,
          singleCoreBytesPerSec: 22_800_000_000,
        }
        world.machine = { ...world.machine, memory: { ...memory, bandwidthMeasuredAt: world.now() } }
        world.ended({ id, kind: 'bandwidth', result: '', problem: noProblem })
      }
      void measure()
      return { id }
    },
    recommend: async () => {
      const { choices, considered } = await advise()
      const [best, ...rest] = choices
      const quick = best && best.bytes >= 2e9 ? rest.find((c) => c.bytes < 2e9) : undefined
      return { choices: [best, quick].filter((c) => c !== undefined), canRun: choices.length, known: considered }
    },
    engineLog: async () => engineLog,
    openLog: async () => undefined,
    restartEngine: async () => {
      world.setEngine({
        state: 'ready',
        problem: noProblem,
        restarts: world.engine.restarts + 1,
        model: '',
        modelBytes: 0,
      })
      world.machine = { ...world.machine, problems: [] }
    },
    unloadModel: async () => world.setEngine({ model: '', modelBytes: 0, expiresAt: 0 }),
    loadModel: async (ref) => {
      const bytes = world.library.models.find((m) => m.ref === ref)?.bytes ?? 0
      world.setEngine({ model: ref, modelBytes: bytes * 1.2, expiresAt: world.now() + 300_000 })
    },
  }
}
