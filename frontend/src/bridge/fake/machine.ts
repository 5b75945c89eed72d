import type { MachineService } from '../bridge'
import { engineLog, tunedResult } from './scenes/machine'
import { noProblem } from './scenes/scene'
import type { Advice, Problem, Threads, Tuned } from '../types'
import { fail, type FakeWorld } from './world'

/** The stand-in’s machine and its engine. */
export function machineOf(world: FakeWorld, advise: () => Promise<Advice>): MachineService {
  /** A task that measures step by step, can be cancelled, and keeps what it found at its end. */
  const measured = (
    id: 'bandwidth' | 'tune',
    label: string,
    { steps, wait, total }: { steps: number; wait: number; total: number },
    found: () => void,
  ) => {
    const report = (done: number) => world.report({ id, kind: id, done, total: done && total, label })
    const measure = async () => {
      report(0)
      for (let step = 1; step <= steps; step++) {
        await world.wait(wait)
        if (world.cancelled.has(id)) {
          const problem: Problem = { code: 'cancelled', severity: 'info', title: 'Cancelled.', hint: '' }
          world.cancelled.delete(id)
          world.ended({ id, kind: id, result: '', problem })
          return
        }
        report((step * total) / steps)
      }
      found()
      world.ended({ id, kind: id, result: '', problem: noProblem })
    }
    void measure()
    return { id }
  }
  return {
    detect: async () => {
      await world.wait(6)
      return world.machine
    },
    engine: async () => world.engine,
    measureBandwidth: async () =>
      measured('bandwidth', 'Measuring memory', { steps: 18, wait: 2, total: 1800 }, () => {
        const memory = {
          ...world.machine.memory,
          bandwidthBytesPerSec: 61_200_000_000,
          bandwidthDoubtful: false,
          singleCoreBytesPerSec: 22_800_000_000,
        }
        world.machine = { ...world.machine, memory: { ...memory, bandwidthMeasuredAt: world.now() } }
      }),
    tune: async () =>
      measured('tune', 'Tuning the engine', { steps: 20, wait: 4, total: 1000 }, () =>
        useTuned(world, { ...tunedResult(world.now()), off: false }),
      ),
    useTuned: async (use) => {
      useTuned(world, { off: !use })
      return world.machine
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
    loadAnyway: async (ref) => {
      if (!world.library.models.some((m) => m.ref === ref)) {
        throw fail('not_found', `There is no model “${ref}” in the library.`, 'It may have been removed.')
      }
      world.anyway.add(ref)
    },
    loadModel: async (ref) => {
      world.checkMemory(ref)
      const bytes = world.library.models.find((m) => m.ref === ref)?.bytes ?? 0
      world.setEngine({ model: ref, modelBytes: bytes * 1.2, expiresAt: world.now() + 300_000 })
    },
  }
}

/** Changes what is known of the engine’s ways, and works accordingly. */
function useTuned(world: FakeWorld, change: Partial<Tuned>): void {
  const tuned = { ...world.machine.tuned, ...change }
  const kept = (kind: string) => (tuned.off ? undefined : tuned.trials.find((t) => t.kind === kind && t.kept)?.value)
  const found = kept('threads')
  const threads: Threads = found
    ? { count: found, reasons: [{ kind: 'measured', cores: found, of: tuned.counted }] }
    : { count: tuned.counted, reasons: [{ kind: 'cores', cores: tuned.counted, of: tuned.counted }] }
  world.machine = {
    ...world.machine,
    cpu: { ...world.machine.cpu, threads },
    tuned: { ...tuned, threads: threads.count, batch: kept('batch') ?? 0, flashAttention: kept('flash') === undefined },
  }
}
