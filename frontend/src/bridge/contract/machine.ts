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
