import type { Bridge } from '../bridge'
import { must, rejects, type Clause } from './clause'

/** What the pages of the machine and the settings rely on. */
export function machineContract(bridge: Bridge): Clause[] {
  return [
    {
      name: 'settings are returned as stored',
      run: async () => {
        const before = await bridge.settings.get()
        const stored = await bridge.settings.set({ ...before, showFigures: !before.showFigures })
        must(stored.showFigures !== before.showFigures, 'the answer is what was stored')
        must((await bridge.settings.get()).showFigures === stored.showFigures, 'and it stays')
        await bridge.settings.set(before)
      },
    },
    {
      name: 'the limits hold the defaults, and what is beyond them is refused and not stored',
      run: async () => {
        const limits = await bridge.settings.limits()
        const before = await bridge.settings.get()
        for (const name of ['contextLength', 'keepAliveMinutes', 'downloadsAtOnce', 'threads', 'textSize'] as const) {
          const { least, most } = limits[name]
          const first = limits.defaults[name]
          must(least <= first && first <= most, `the default of ${name} is within`)
          await rejects(bridge.settings.set({ ...before, [name]: least - 1 }), `${name} below`)
          await rejects(bridge.settings.set({ ...before, [name]: most + 1 }), `${name} above`)
        }
        await rejects(bridge.settings.set({ ...before, temperature: limits.maxTemperature + 0.1 }), 'temperature')
        must((await bridge.settings.get()).contextLength === before.contextLength, 'nothing of it is stored')
      },
    },
    {
      name: 'what the page keeps is given to the page that comes next, and a sign of life is taken',
      run: async () => {
        await bridge.page.alive()
        const { kept } = await bridge.settings.startup()
        await bridge.page.keep('half a thought “💪”')
        const report = await bridge.settings.startup()
        must(report.kept === 'half a thought “💪”' && !report.again, 'it is as it was kept')
        await bridge.page.keep(kept)
      },
    },
    {
      name: 'a model that may be loaded anyway is loaded, and an unknown one may not',
      run: async () => {
        const { models } = await bridge.library.get()
        const ref = models[0]?.ref ?? ''
        await bridge.machine.loadAnyway(ref, 2048)
        await bridge.machine.loadModel(ref, 2048)
        must((await bridge.machine.engine()).model === ref, 'it is in memory')
        await rejects(bridge.machine.loadAnyway('nothing:here', 2048), 'an unknown model')
      },
    },
    {
      name: 'what the page stores is there at every later start, and names are short words',
      run: async () => {
        const before = (await bridge.settings.startup()).stored.newDraft ?? ''
        await bridge.page.store('newDraft', 'half a thought “💪”')
        must((await bridge.settings.startup()).stored.newDraft === 'half a thought “💪”', 'it is as it was stored')
        await bridge.page.store('newDraft', before)
        for (const name of ['', 'a/b', 'x'.repeat(33)])
          await rejects(bridge.page.store(name, 'x'), `the name “${name}”`)
      },
    },
    {
      name: 'what was typed can be handed over also when nobody has asked, and the window stays open',
      run: async () => {
        await bridge.page.handedOver()
        await bridge.page.handedOver()
        must((await bridge.settings.startup()).problem.code === '', 'it answers as before')
      },
    },
    {
      name: 'how the engine works fastest is measured as a task that can be stopped, and need not be used',
      run: async () => {
        const { tuned } = await bridge.machine.detect()
        must(tuned.counted >= 1 && tuned.threads >= 1 && tuned.on !== '', 'it is said how it works')
        must(tuned.measuredAt > 0 === tuned.seconds > 0, 'and how long it took, where it was measured')
        must(tuned.trials.filter((t) => t.kept).length <= 3, 'one of each choice is kept at most')
        must(
          tuned.trials.every((t) => !t.kept || t.gain > t.error),
          'and only what is more than its error',
        )
        const off = await bridge.machine.useTuned(false)
        must(off.tuned.off && off.tuned.batch === 0 && off.tuned.flashAttention, 'the engine’s own choices are used')
        must(off.tuned.chosen > 0 || off.cpu.threads.count === off.tuned.counted, 'and the counted number')
        must(!(await bridge.machine.useTuned(true)).tuned.off, 'until what was measured is used again')
        const ended = new Set<string>()
        const end = bridge.on('task:finished', (task) => ended.add(`${task.id} ${task.problem.code}`))
        try {
          const { id } = await bridge.machine.tune()
          await bridge.tasks.cancel(id)
          while (![...ended].some((e) => e.startsWith(`${id} `))) await new Promise((done) => setTimeout(done, 20))
          must(ended.has(`${id} cancelled`), 'it is stopped')
        } finally {
          end()
        }
        const after = (await bridge.machine.detect()).tuned
        must(after.measuredAt === tuned.measuredAt && after.off === tuned.off, 'and nothing is changed')
      },
    },
    {
      name: 'machine, engine, recommendation and log can be read',
      run: async () => {
        const machine = await bridge.machine.detect()
        must(machine.memory.totalBytes > 0 && machine.cpu.logicalCores > 0, 'memory and cores')
        const { count, reasons } = machine.cpu.threads
        must(count >= 1 && count <= machine.cpu.logicalCores, 'as many threads as can run at once')
        must(reasons.length > 0 && reasons.every((r) => r.of >= 1 && r.cores > 0), 'and why')
        must(Array.isArray(machine.gpus) && Array.isArray(machine.problems), 'lists are never null')
        must((await bridge.machine.engine()).version !== '', 'the engine has a version')
        const { choices, canRun, known } = await bridge.machine.recommend()
        must(known > 0 && canRun <= known, 'some models are known')
        must((choices[0]?.best ?? true) && choices.length <= 2, 'the best comes first')
        must(choices[1] === undefined || choices[1].bytes < 2e9, 'the second is quick to download')
        must(typeof (await bridge.machine.engineLog()) === 'string', 'the log is text')
      },
    },
  ]
}
