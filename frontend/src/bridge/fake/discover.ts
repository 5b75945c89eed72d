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
  KVType,
  MemoryPlan,
  Problem,
  Rejection,
  SumsAnswer,
  SumsAsk,
} from '../types'
import {
  catalogModel,
  foreign,
  known,
  type Known,
  licenceOf,
  machines,
  prices,
  quants,
  quantsOf,
  sumsDefaults,
  weights,
  type FakeMachine,
} from './catalog'
import { noProblem } from './scenes/scene'
import { fail, type FakeWorld } from './world'

const kvShare: Record<KVType, number> = { f16: 1, q8_0: 0.53, q4_0: 0.28 }
const gb = (n: number) => `${(n / 1e9).toFixed(1)} GB`

function plan(model: Known, quant: string, context: number, kv: KVType): MemoryPlan {
  const weightsBytes = weights(model, quant)
  const kvBytes = Math.round(model.kvBytes * context * kvShare[kv])
  const computeBytes = Math.round(180e6 + weightsBytes * 0.02 + context * 9000)
  return { weightsBytes, kvBytes, computeBytes, totalBytes: weightsBytes + kvBytes + computeBytes }
}

interface Judged {
  fit: Choice['fit']
  memory: MemoryPlan
  layersOnGpu: number
  speed: number
  shortBy: number
  maxContext: number
}

function judge(machine: FakeMachine, model: Known, quant: string, context: number, kv: KVType): Judged {
  const memory = plan(model, quant, context, kv)
  const unified = machine.gpu > 0 && machine.ramSpeed === machine.gpuSpeed
  const shareOnGpu = machine.gpu > 0 ? Math.min(1, machine.gpu / memory.totalBytes) : 0
  const room = unified ? machine.gpu : Math.max(machine.ram, machine.gpu)
  const split = machine.ram + (unified ? 0 : machine.gpu)
  const layersOnGpu = Math.floor(model.layers * shareOnGpu)
  const fits = memory.totalBytes <= split
  const fit = shareOnGpu >= 1 ? 'gpu' : !fits ? 'no' : layersOnGpu > 0 && !unified ? 'partial' : 'ram'
  const read = weights(model, quant) * (model.active / model.params) + memory.kvBytes * 0.5 + 4e7
  const time = read * (shareOnGpu / Math.max(1, machine.gpuSpeed * 0.72) + (1 - shareOnGpu) / (machine.ramSpeed * 0.78))
  const left = Math.max(room, split) - memory.totalBytes + memory.kvBytes
  const maxContext = Math.min(model.context, Math.max(0, Math.floor(left / (model.kvBytes * kvShare[kv]) / 256) * 256))
  return {
    ...{ fit, memory, layersOnGpu, maxContext },
    speed: Math.min(400, 1 / time),
    shortBy: fits ? 0 : memory.totalBytes - split,
  }
}

/** The parts of the stand-in that judge models. */
export function discoverOf(world: FakeWorld): { service: DiscoverService; look: (ref: string) => Found } {
  const drives = new Map<string, DriveResult>()
  let serial = 0

  const here = (): FakeMachine => {
    const gpu = world.machine.gpus.find((g) => g.backend !== '')
    return {
      id: '',
      name: '',
      ram: world.machine.memory.availableBytes,
      gpu: gpu?.freeBytes ?? 0,
      ramSpeed: world.machine.memory.bandwidthBytesPerSec || 30e9,
      gpuSpeed: gpu ? 256e9 : 0,
    }
  }

  const find = (id: string): Known => {
    const found = [...known, ...foreign].find((m) => m.id === id)
    if (!found) throw fail('unknown_model', 'This model is not in the catalog.', 'Choose another one.')
    return found
  }

  const keep = (model: Known, quant: string, source: DriveResult['source'], at: number): DriveResult => {
    const judged = judge(here(), model, quant, 8192, 'f16')
    const result: DriveResult = {
      ...{ id: model.id, quant, source, at },
      tokensPerSecond: judged.speed * 0.97,
      promptTokensPerSecond: judged.speed * 14,
      spread: 0.04,
      peakMemoryBytes: judged.memory.totalBytes,
      loadSeconds: 1.9,
      diskBytes: 18_400,
      seconds: 12.4,
      partial: judged.fit === 'no',
      disturbed: model.id === 'gpt-oss-20b',
      device: 'AMD Ryzen 7 PRO 5850U',
      threads: 8,
      driver: '',
      power: 'ac',
    }
    drives.set(`${model.id}:${quant}`, result)
    return result
  }

  if (world.scene !== 'empty' && world.scene !== 'welcome') {
    const now = world.now()
    for (const id of ['qwen3-1.7b', 'llama-3.1-8b', 'gpt-oss-20b']) {
      const model = find(id)
      keep(model, model.family === 'gpt-oss' ? 'MXFP4' : 'Q4_K_M', 'test drive', now - 86_400_000)
    }
    keep(find('gemma-3-4b'), 'Q4_K_M', 'measured', now - 3_600_000)
  }

  const qualityOf = (model: Known, use: Ask['use']): number => {
    const [chat, code, reasoning] = model.quality
    if (use === 'vision') return model.flags.includes('v') ? chat : -1
    if (use === 'documents') return model.flags.includes('w') ? chat : chat - 8
    return use === 'code' ? code : use === 'reasoning' ? reasoning : chat
  }

  const choice = (ask: Ask, machine: FakeMachine, model: Known, quant: string): Choice => {
    const judged = judge(machine, model, quant, ask.context, ask.kv)
    const drive = ask.machine === '' ? drives.get(`${model.id}:${quant}`) : undefined
    const speed = drive && ask.context <= 8192 ? drive.tokensPerSecond : judged.speed
    const licence = licenceOf(model)
    const quality = qualityOf(model, ask.use)
    return {
      ...{ id: model.id, model: model.name, family: model.family, quant, fit: judged.fit, memory: judged.memory },
      bytes: weights(model, quant),
      tokensPerSecond: speed,
      promptTokensPerSecond: speed * 14,
      source: drive?.source ?? 'estimated',
      error: drive?.spread ?? (world.scene === 'empty' || ask.machine ? 0.3 : 0.15),
      quality: quality < 0 ? -1 : Math.max(0, quality - (quants[quant]?.[1] ?? 0)),
      qualityError: 3,
      maxContext: judged.maxContext,
      layers: model.layers,
      layersOnGpu: judged.fit === 'partial' ? judged.layersOnGpu : judged.fit === 'gpu' ? model.layers : 0,
      params: model.params * 1e9,
      activeParams: model.active * 1e9,
      licenceName: licence.name,
      openSource: licence.open,
      commercial: licence.commercial,
      vision: model.flags.includes('v'),
      tools: model.flags.includes('t'),
      thinking: model.flags.includes('r'),
      installed: world.library.models.some((m) => m.ref === `${model.id}:${quant}`),
      frontier: false,
      best: false,
      why: [],
    }
  }

  const reject = (ask: Ask, machine: FakeMachine, model: Known): Omit<Rejection, 'id' | 'model'> | null => {
    const quant = model.family === 'gpt-oss' ? 'MXFP4' : 'Q4_K_M'
    const judged = judge(machine, model, quant, ask.context, ask.kv)
    const bytes = weights(model, quant)
    const no = (reason: string, remedies: string[] = [], shortByBytes = 0) => ({
      quant,
      reason,
      bytes,
      remedies,
      shortByBytes,
    })
    const licence = licenceOf(model)
    if (model.flags.includes('x')) return no('The engine can’t run its architecture.')
    if (ask.licence === 'openSource' && !licence.open) return no(`${licence.name} is not an open source licence.`)
    if (ask.licence === 'commercial' && !licence.commercial) return no(`${licence.name} forbids commercial use.`)
    if (ask.use === 'vision' && !model.flags.includes('v')) return no('It can’t look at pictures.')
    if (ask.context > model.context) {
      return no(`It reads at most ${model.context.toLocaleString('en-US')} tokens.`, [
        `Ask for a context of ${model.context.toLocaleString('en-US')}.`,
      ])
    }
    if (judged.shortBy > 0) {
      const remedies = []
      const small = judge(machine, model, 'Q2_K', ask.context, ask.kv)
      if (ask.kv === 'f16' && judged.memory.kvBytes > 1e8) {
        remedies.push(`Keep the context in q8_0: saves ${gb(judged.memory.kvBytes * 0.47)}.`)
      }
      if (ask.context > 2048) {
        remedies.push(`A context of 2,048: saves ${gb(judged.memory.kvBytes * (1 - 2048 / ask.context))}.`)
      }
      if (quant === 'Q4_K_M' && small.shortBy === 0) {
        remedies.push(`Q2_K would fit with ${gb(small.memory.totalBytes)}, but loses much of its quality.`)
      }
      return no(`It needs ${gb(judged.memory.totalBytes)}.`, remedies, judged.shortBy)
    }
    return null
  }

  const quantFor = (ask: Ask, machine: FakeMachine, model: Known): Choice => {
    const order = model.family === 'gpt-oss' ? ['MXFP4'] : ['Q4_K_M', 'Q5_K_M']
    const best = order.map((q) => choice(ask, machine, model, q))
    const small = best.find((c) => c.fit !== 'no')
    // The finer one where nothing is lost by it.
    const finer = best.at(-1)
    if (small && finer && model.params < 2 && finer.fit === small.fit) return finer
    return small ?? best[0] ?? choice(ask, machine, model, 'Q4_K_M')
  }

  const score = (c: Choice) => c.quality + 6 * Math.log2(Math.min(c.tokensPerSecond, 40) / 10)

  const advise = (ask: Ask): Advice => {
    const base = ask.machine ? machines.find((m) => m.id === ask.machine) : here()
    if (!base) throw fail('unknown_machine', 'This machine is not in the list.', 'Choose another one.')
    const machine = ask.freeBytes > 0 ? { ...base, ram: ask.freeBytes } : base
    const rejected: Rejection[] = []
    const fitting: Choice[] = []
    for (const model of known) {
      const refusal = reject(ask, machine, model)
      if (refusal) {
        rejected.push({ id: model.id, model: model.name, ...refusal })
        continue
      }
      const judged = quantFor(ask, machine, model)
      if (judged.tokensPerSecond < ask.minSpeed) {
        const reason = `It writes ${judged.tokensPerSecond.toFixed(1)} t/s; you asked for ${ask.minSpeed}.`
        rejected.push({
          ...{ id: model.id, model: model.name, quant: judged.quant, reason, bytes: judged.bytes, shortByBytes: 0 },
          remedies: [`Ask for ${Math.floor(judged.tokensPerSecond)} t/s.`],
        })
      } else fitting.push(judged)
    }
    const better = (a: Choice, b: Choice) =>
      a.tokensPerSecond >= b.tokensPerSecond && a.quality >= b.quality && a.memory.totalBytes <= b.memory.totalBytes
    const choices = fitting
      .map((c) => ({ ...c, frontier: !fitting.some((o) => o.id !== c.id && better(o, c)) }))
      .sort((a, b) => score(b) - score(a))
      .map((c, i) => ({ ...c, best: i === 0, why: why(c, ask, rejected) }))
    return {
      choices,
      rejected,
      considered: known.length,
      machineName: machine.name,
      gpuFreeBytes: machine.gpu,
      ramFreeBytes: machine.ram,
      fitted: world.scene !== 'empty' && world.scene !== 'welcome',
    }
  }

  const why = (c: Choice, ask: Ask, rejected: Rejection[]): string[] => {
    const context = `${ask.context / 1024}k`
    const where =
      c.fit === 'gpu'
        ? `It fits the graphics card whole, with room for ${context} tokens of context.`
        : c.fit === 'partial'
          ? `${c.layersOnGpu} of its ${c.layers} layers fit the graphics card; the rest runs in main memory.`
          : `It runs in main memory, with room for ${context} tokens of context.`
    const times = Math.round(c.tokensPerSecond / 5)
    const next = rejected.find((r) => r.shortByBytes > 0)
    return [
      where,
      `It writes about ${times > 1 ? `${times} times as fast` : 'as fast'} as you read.`,
      ...(next ? [`${next.model} would be better, but it is short by ${gb(next.shortByBytes)}.`] : []),
      `${c.licenceName}: ${c.commercial ? 'commercial use is fine' : 'no commercial use'}.`,
    ]
  }

  const drive = async (id: string, model: Known, quant: string) => {
    const kind = 'testdrive'
    const steps = 24
    for (let i = 0; i <= steps; i++) {
      await world.wait(5)
      if (world.cancelled.has(id)) {
        const problem: Problem = { code: 'cancelled', severity: 'info', title: 'Cancelled.', hint: '' }
        world.events.emit('task:finished', { id, kind, result: '', problem })
        return
      }
      const label = i < 3 ? 'Writing the file' : i < 12 ? 'Reading' : 'Writing'
      world.events.emit('task:progress', { id, kind, done: i, total: steps, label })
    }
    keep(model, quant, 'test drive', world.now())
    world.events.changed('drives:changed', `${model.id}:${quant}`)
    world.events.emit('task:finished', { id, kind, result: `${model.id}:${quant}`, problem: noProblem })
  }

  const look = (ref: string): Found => {
    const quant = ref.slice(ref.lastIndexOf(':') + 1)
    const model = find(ref.slice(0, ref.lastIndexOf(':')))
    const judged = choice({ ...anything, context: 8192, kv: 'f16' }, here(), model, quant)
    return { model: catalogModel(model), quant, choice: judged, host: 'huggingface.co', headerBytes: 5_930_000 }
  }

  const service: DiscoverService = {
    advise: async (ask: Ask) => {
      if (world.scene === 'trouble' && ask.use === 'vision') {
        throw fail('catalog_unreadable', 'The catalog could not be read.', 'Start the app again.')
      }
      return advise(ask)
    },
    models: async (): Promise<CatalogModel[]> => known.map(catalogModel),
    model: async (id: string) => catalogModel(find(id)),
    fit: async (ask: FitAsk): Promise<FitAnswer> => {
      const model = find(ask.id)
      if (!quantsOf(model).includes(ask.quant)) {
        throw fail('unknown_quant', `${model.name} can’t be had in ${ask.quant}.`, 'Choose another precision.')
      }
      await world.wait(20)
      if (world.scene === 'noengine') {
        throw fail('engine_down', 'The engine is not running.', 'Restart it on the Machine page.')
      }
      const judged = judge(here(), model, ask.quant, ask.context, ask.kv)
      return {
        fit: judged.fit,
        memory: judged.memory,
        shortByBytes: judged.shortBy,
        maxContext: judged.maxContext,
        remedies: judged.shortBy > 0 ? (reject({ ...ask, ...anything }, here(), model)?.remedies ?? []) : [],
      }
    },
    testDrive: async (id: string, quant: string) => {
      const model = find(id)
      if (world.scene === 'noengine') {
        throw fail('engine_down', 'The engine is not running.', 'Restart it on the Machine page.')
      }
      const task = `d${++serial}`
      void drive(task, model, quant)
      return { id: task }
    },
    drives: async () => [...drives.values()],
    profiles: async () => machines.map(({ id, name }) => ({ id, name })),
    prices: async () => [...prices],
    bits: async (params: number) => [16, 8, 4].map((bits) => ({ bits, bytes: Math.round((params * bits) / 8) })),
    sums: async (ask: SumsAsk): Promise<SumsAnswer> => sums(ask),
    sumsDefaults: async () => sumsDefaults,
  }
  return { service, look }
}

const anything = { use: 'chat', minSpeed: 0, freeBytes: 0, licence: 'any', machine: '' } as const

const daysPerMonth = 30.44

function sums(ask: SumsAsk): SumsAnswer {
  const perDay = (ask.inputTokensPerDay * ask.inputPrice + ask.outputTokensPerDay * ask.outputPrice) / 1e6
  const hoursPerDay =
    (ask.inputTokensPerDay / ask.promptTokensPerSecond + ask.outputTokensPerDay / ask.tokensPerSecond) / 3600
  const apiPerMonth = perDay * daysPerMonth
  const electricityPerMonth = (hoursPerDay * daysPerMonth * ask.watts * ask.pricePerKwh) / 1000
  const hardwarePerMonth = ask.hardwarePrice / (ask.hardwareYears * 12)
  const saved = apiPerMonth - electricityPerMonth
  return {
    ...{ apiPerMonth, electricityPerMonth, hardwarePerMonth, hoursPerDay },
    ownPerMonth: electricityPerMonth + hardwarePerMonth,
    breakEvenMonths: saved > 0 ? ask.hardwarePrice / saved : -1,
  }
}
