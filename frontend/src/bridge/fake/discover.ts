import type { DiscoverService } from '../bridge'
import type {
  Advice,
  Ask,
  CatalogModel,
  Choice,
  DriveResult,
  FitAnswer,
  FitAsk,
  Found,
  MemoryPlan,
  Problem,
  QuantVerdict,
  Rejection,
  Source,
  Times,
} from '../types'
import { catalog, nearest, profiles } from './catalog'
import { likeOf, modelOf } from './scenes/external'
import { keptRuns } from './scenes/runs'
import { noProblem } from './scenes/scene'
import { prices, sums, sumsStart } from './scenes/sums'
import { fail, type FakeWorld } from './world'

const noMemory: MemoryPlan = { weightsBytes: 0, kvBytes: 0, computeBytes: 0, totalBytes: 0, seesBytes: 0 }

const anything: Ask = {
  use: 'chat',
  context: 8192,
  kv: 'f16',
  minSpeed: 0,
  freeBytes: 0,
  licence: 'any',
  prefer: 'balance',
  machine: '',
}

/** What the machine’s recommendation is for. */
export const chatAsk: Ask = { ...anything, minSpeed: 8 }

/** An answer that was recorded for less speed, where not even that is reached. */
function allTooSlow(advice: Advice, minSpeed: number): Advice {
  const slow = advice.choices.map(({ id, model, quant, bytes, tokensPerSecond }): Rejection => {
    const reason = `Writes only ${tokensPerSecond.toFixed(1)} tokens a second; you ask for ${minSpeed}.`
    return {
      ...{ id, model, quant, bytes, cause: 'slow', reason, shortByBytes: 0, remedies: [] },
      miss: minSpeed / tokensPerSecond,
    }
  })
  const rejected = [...slow.sort((a, b) => a.miss - b.miss), ...advice.rejected]
  return { ...advice, machineName: '', choices: [], rejected }
}

/** What a person waits for at another speed, as far off as that is. How long a model thinks is never measured. */
function timesAt(times: Times, speed: number, error: number, source: Source): Times {
  const at = (f: Times['answer']) => {
    const known = times.thinkTokens.value > 0 ? 'estimated' : source
    const off = known === 'estimated' ? Math.max(error, f.error) : error
    return { value: f.value / speed, error: off, source: known } as const
  }
  const full = { ...at(times.full), value: times.full.value * speed, source }
  return { ...times, full, firstShort: at(times.firstShort), firstLong: at(times.firstLong), answer: at(times.answer) }
}

/** Discover of the stand-in: it replays what the real one answered, and puts this machine's runs on top. */
export function discoverOf(world: FakeWorld): { service: DiscoverService; look: (ref: string) => Found } {
  const drives = new Map<string, DriveResult>()
  /** What lies outside the catalog and was looked at. */
  const read = new Set<string>()
  const fitted = world.scene !== 'empty' && world.scene !== 'welcome'
  let serial = 0
  /** The question as it was recorded for the machine that the stand-in is. */
  const recorded = (ask: Ask): Ask => {
    if (ask.machine) return ask
    if (world.scene === 'gpu') return { ...ask, machine: 'laptop-nvidia-8gb' }
    return { ...ask, machine: 'laptop-8gb', freeBytes: ask.freeBytes || 20_400_000_000 }
  }

  const mine = (c: Choice, ask: Ask): Choice => {
    const installed = world.library.models.some((m) => m.ref === `${c.id}:${c.quant}`)
    const run = drives.get(`${c.id}:${c.quant}:${ask.kv}`)
    const planned = world.plans.has(`${c.id}:${c.quant}:${ask.context}:${ask.kv}`)
    if (!run) return { ...c, installed, planned, error: fitted ? c.error / 2 : c.error }
    const { tokensPerSecond, promptTokensPerSecond, source, spread: error, disturbed } = run
    const times = timesAt(c.times, tokensPerSecond / c.tokensPerSecond, error, source)
    const speeds = { tokensPerSecond, promptTokensPerSecond, source, error, promptError: error }
    return { ...c, installed, planned, ...speeds, times, disturbed }
  }

  const advise = (ask: Ask): Advice => {
    const advice = nearest(recorded(ask))
    if (!['balance', 'quality'].includes(ask.prefer)) {
      throw fail('invalid', `"${ask.prefer}" is nothing to prefer.`, 'Choose balance or quality.')
    }
    if (!advice) throw fail('unknown_machine', 'This machine is not in the list.', 'Choose another one.')
    if (ask.machine) return advice
    if (advice.choices.every((c) => c.tokensPerSecond < ask.minSpeed))
      return { ...allTooSlow(advice, ask.minSpeed), fitted }
    return { ...advice, machineName: '', fitted, choices: advice.choices.map((c) => mine(c, ask)) }
  }

  const find = (id: string): CatalogModel => {
    const found = modelOf(id)
    if (!found) throw fail('unknown_model', 'This model is not in the catalog.', 'Choose another one.')
    return found
  }

  /** The row of a model at one quant; one that was left out has the row of the best that was not, at its own size. */
  const choiceOf = (id: string, quant: string, ask: Ask): Choice => {
    const { choices } = advise({ ...ask, minSpeed: 0 })
    const base = choices.find((c) => c.id === likeOf(id)) ?? choices[0]
    const model = find(id)
    const bytes = model.quants.find((q) => q.name === quant)?.bytes
    if (!base || bytes === undefined) {
      throw fail('unknown_quant', `${model.name} can’t be had in ${quant}.`, 'Choose another precision.')
    }
    const { kvBytes, computeBytes, seesBytes } = base.memory
    const speed = base.bytes / bytes
    return {
      ...base,
      ...{ id, model: model.name, family: model.family, quant, bytes, best: false, frontier: false },
      ...{ params: model.params, activeParams: model.activeParams, licenceName: model.licenceName },
      memory: { weightsBytes: bytes, kvBytes, computeBytes, totalBytes: bytes + kvBytes + computeBytes, seesBytes },
      tokensPerSecond: base.tokensPerSecond * speed,
      promptTokensPerSecond: base.promptTokensPerSecond * speed,
      times: timesAt(base.times, speed, base.error, 'estimated'),
    }
  }

  /** The verdict on one quant; of a model that is out for what it is, its cause is every quant’s. */
  const verdictOf = (id: string, quant: string, ask: Ask): QuantVerdict => {
    const { choices, rejected, gpuFreeBytes, ramFreeBytes } = advise({ ...ask, minSpeed: 0 })
    const guess: Choice = { ...choiceOf(id, quant, ask), source: 'estimated', error: 0.3, disturbed: false }
    const choice = choices.find((c) => c.id === id && c.quant === quant) ?? mine(guess, ask)
    const { bytes, memory, planned, maxContext, layers, layersOnGpu, installed, disturbed, error } = choice
    const shortByBytes = Math.max(0, memory.totalBytes - gpuFreeBytes - (ask.freeBytes || ramFreeBytes))
    const out = rejected.find((r) => r.id === id && !['memory', 'disk', 'slow'].includes(r.cause))
    const unasked = out?.cause === 'context' || out?.cause === 'unrunnable'
    const fits = shortByBytes === 0 && !unasked
    const short = `Short by ${(shortByBytes / 1e9).toFixed(1)} GB: it needs ${(memory.totalBytes / 1e9).toFixed(1)} GB.`
    const slow = `Writes only ${choice.tokensPerSecond.toFixed(1)} tokens a second; you ask for ${ask.minSpeed}.`
    const [cause, reason]: [QuantVerdict['cause'], string] = out
      ? [out.cause, out.reason]
      : !fits
        ? ['memory', short]
        : choice.tokensPerSecond < ask.minSpeed
          ? ['slow', slow]
          : ['', '']
    const inside = memory.totalBytes <= gpuFreeBytes
    const fit = unasked ? '' : !fits ? 'no' : choice.fit === 'ram' ? 'ram' : inside ? 'gpu' : 'partial'
    return {
      ...{ quant, bytes, installed, cause, reason, fit, planned, maxContext, layers, disturbed, error },
      remedies: cause === 'memory' ? (rejected.find((r) => r.id === id)?.remedies ?? []) : [],
      memory: unasked ? noMemory : memory,
      layersOnGpu: fit === 'gpu' ? layers : fit === 'partial' ? Math.min(layers - 1, layersOnGpu) : 0,
      shortByBytes: unasked ? 0 : shortByBytes,
      tokensPerSecond: fits ? choice.tokensPerSecond : 0,
      promptTokensPerSecond: fits ? choice.promptTokensPerSecond : 0,
      source: fits ? choice.source : '',
    }
  }

  const keep = (of: FitAsk, source: DriveResult['source'], at: number, elsewhere = '') => {
    const { id, quant, context, kv } = of
    const choice = choiceOf(id, quant, { ...anything, context, kv })
    const slower = 1 / (1 + choice.memory.kvBytes / choice.bytes)
    drives.delete(`${id}:${quant}:${kv}`) // the newest comes first
    drives.set(`${id}:${quant}:${kv}`, {
      ...{ id, quant, source, at, spread: 0.04, partial: choice.fit === 'no', disturbed: id === 'gpt-oss-20b' },
      tokensPerSecond: choice.tokensPerSecond * 0.97,
      promptTokensPerSecond: choice.promptTokensPerSecond,
      peakMemoryBytes: choice.memory.totalBytes,
      ...{ loadSeconds: 1.9, diskBytes: 18_400, seconds: 12.4 },
      ...{ device: elsewhere || 'AMD Ryzen 7 PRO 5850U', threads: 8, driver: '', power: 'ac', elsewhere },
      ...{ older: false, replaced: false, kv },
      deep: {
        depth: context,
        tokensPerSecond: choice.tokensPerSecond * 0.97 * slower,
        promptTokensPerSecond: choice.promptTokensPerSecond * slower,
        spread: 0.05,
      },
    })
  }

  if (fitted) {
    const rows = new Map(advise(anything).choices.map((c) => [c.id, c.quant]))
    for (const [id, source] of keptRuns) {
      const quant = rows.get(id)
      if (quant) keep({ id, quant, context: 8192, kv: 'f16' }, source, world.now() - 86_400_000)
    }
    const carried = { id: 'qwen3-4b', quant: 'Q6_K', context: 8192, kv: 'f16' } as const
    keep(carried, 'test drive', world.now() - 50 * 86_400_000, 'Intel Core i7-8550U')
  }

  const drive = async (task: string, ask: FitAsk) => {
    const { id, quant } = ask
    const [kind, steps] = ['testdrive', 24] as const
    const of = `${find(id).name} ${quant}`
    world.report({ id: task, kind, done: 0, total: steps, label: 'Test drive', of })
    for (let i = 0; i <= steps; i++) {
      await world.wait(5)
      if (world.cancelled.has(task)) {
        const problem: Problem = { code: 'cancelled', severity: 'info', title: 'Cancelled.', hint: '' }
        world.ended({ id: task, kind, result: '', problem })
        return
      }
      const label = i < 3 ? 'Writing the file' : i < 12 ? 'Reading' : 'Writing'
      world.report({ id: task, kind, done: i, total: steps, label, of })
    }
    keep(ask, 'test drive', world.now())
    world.events.changed('drives:changed', `${id}:${quant}`)
    world.ended({ id: task, kind, result: `${id}:${quant}`, problem: noProblem })
  }

  const down = () => {
    if (world.scene === 'noengine') {
      throw fail('engine_down', 'The engine is not running.', 'Restart it on the Machine page.')
    }
  }

  const look = (ref: string): Found => {
    const cut = ref.lastIndexOf(':')
    const [id, quant] = [ref.slice(0, cut), ref.slice(cut + 1)]
    const choice = choiceOf(id, quant, anything)
    read.add(ref)
    return { model: find(id), quant, choice, host: 'huggingface.co', headerBytes: 5_930_000 }
  }

  const service: DiscoverService = {
    advise: async (ask) => {
      if (world.scene === 'trouble' && ask.use === 'vision') {
        throw fail('catalog_unreadable', 'The catalog could not be read.', 'Start the app again.')
      }
      return advise(ask)
    },
    quants: async (id, ask) => {
      const quants = find(id).quants.filter((q) => likeOf(id) === id || read.has(`${id}:${q.name}`))
      return quants.map((q) => verdictOf(id, q.name, ask))
    },
    models: async () => [...catalog],
    model: async (id) => find(id),
    fit: async (ask: FitAsk): Promise<FitAnswer> => {
      const { fit, memory, maxContext, times } = choiceOf(ask.id, ask.quant, { ...anything, ...ask })
      await world.wait(20)
      down()
      const key = `${ask.id}:${ask.quant}:${ask.context}:${ask.kv}`
      if (!world.plans.has(key)) {
        world.plans.add(key)
        world.events.changed('plans:changed', ask.id)
      }
      const { gpuFreeBytes, ramFreeBytes, rejected } = advise({ ...anything, ...ask })
      const shortByBytes = Math.max(0, memory.totalBytes - gpuFreeBytes - ramFreeBytes)
      const remedies = rejected.find((r) => r.id === ask.id)?.remedies ?? []
      return { fit: shortByBytes > 0 ? 'no' : fit, memory, shortByBytes, maxContext, remedies, times }
    },
    testDrive: async (ask) => {
      choiceOf(ask.id, ask.quant, anything)
      down()
      const task = `d${++serial}`
      void drive(task, ask)
      return { id: task }
    },
    drives: async () => [...drives.values()].reverse(),
    profiles: async () => [...profiles],
    prices: async () => [...prices],
    bits: async (params) => [16, 8, 4].map((bits) => ({ bits, bytes: Math.round((params * bits) / 8) })),
    sums: async (ask) => {
      if (ask.rentHoursPerDay <= 24) return sums(ask)
      const hint = 'Enter 24 to have it answer at any time, or 0 for as long as it works.'
      throw fail('invalid', 'A machine can’t be rented for more than 24 hours a day.', hint)
    },
    sumsStart: async () => sumsStart(fitted),
  }
  return { service, look }
}
