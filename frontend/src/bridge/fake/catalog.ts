import type { Advice, Ask, CatalogModel, Choice, Profile, Rejection } from '../types'
import raw from './recorded/advice.json?raw'

/** What Discover answered when it was asked; package app writes it. A row has its values in the order of the names,
 * and an answer says where its rows are. */
interface Recorded {
  profiles: Profile[]
  models: (Omit<CatalogModel, 'quants'> & { quants: [name: string, bytes: number, exact: boolean, had: boolean][] })[]
  choice: (keyof Choice)[]
  rejection: (keyof Rejection)[]
  choices: unknown[][]
  rejections: unknown[][]
  answers: (Omit<Advice, 'choices' | 'rejected' | 'fitted'> & {
    ask: Ask
    /** of the best */
    why: string[]
    /** how many are not beaten, from the first */
    frontier: number
    choices: number[]
    rejected: number[]
  })[]
}

const recorded = JSON.parse(raw) as Recorded

export const profiles: readonly Profile[] = recorded.profiles
export const catalog: readonly CatalogModel[] = recorded.models.map((m) => ({
  ...m,
  quants: m.quants.map(([name, bytes, exact, had]) => ({ name, bytes, exact, ref: had ? `${m.id}:${name}` : '' })),
}))

function named<T>(names: readonly (keyof T)[], values: readonly unknown[] = []): T {
  return Object.fromEntries(names.map((name, i) => [name, values[i]])) as T
}

function entry(id: string): CatalogModel {
  const model = catalog.find((m) => m.id === id)
  if (!model) throw new Error(`${id} is not recorded`)
  return model
}

/** A choice without its place among the others, with what the catalog says of its model. */
const choices = recorded.choices.map((values): Omit<Choice, 'frontier' | 'best' | 'why'> => {
  type Row = Omit<Choice, 'memory' | 'times'> & { memory: number[]; times: number[] }
  const { memory: plan, times, ...row } = named<Row>(recorded.choice, values)
  const { name, family, params, activeParams, licenceName, openSource, commercial, vision, tools, thinking } = entry(
    row.id,
  )
  const [kvBytes = 0, computeBytes = 0, totalBytes = 0] = plan
  const source = 'estimated' // typical machines have run nothing
  const figure = (i: number) => ({ value: times[2 * i] ?? 0, error: times[2 * i + 1] ?? 0, source }) as const
  return {
    ...row,
    promptError: row.error,
    times: {
      ...{ firstShort: figure(0), firstLong: figure(1), answer: figure(2) },
      ...{ thinkTokens: figure(3), thinkOwn: false, full: figure(4) },
    },
    memory: { weightsBytes: row.bytes, kvBytes, computeBytes, totalBytes, seesBytes: 0 },
    ...{ model: name, family, params, activeParams, licenceName, openSource, commercial, vision, tools, thinking },
    ...{ installed: false, planned: false, disturbed: false },
  }
})

const rejections = recorded.rejections.map((values): Rejection => {
  const row = named<Rejection>(recorded.rejection, values)
  return { ...row, model: entry(row.id).name }
})

function at<T>(rows: readonly T[], places: readonly number[]): T[] {
  return places.flatMap((place) => rows.slice(place, place + 1))
}

/** The picks in the order that is asked for, and after them what they beat. */
function preferred<T extends Pick<Choice, 'quality' | 'qualityError'>>(
  all: readonly T[],
  frontier: number,
  ask: Ask,
): T[] {
  if (ask.prefer === 'balance') return [...all]
  const worth = (c: T) => c.quality - c.qualityError
  return [...all.slice(0, frontier).sort((a, b) => worth(b) - worth(a)), ...all.slice(frontier)]
}

/** The recorded answer to the question that is nearest to `ask`, on the same machine; undefined: none is known. */
export function nearest(ask: Ask): Advice | undefined {
  const ofMachine = recorded.answers.filter((a) => a.ask.machine === ask.machine)
  const own = ofMachine.find((a) => a.ask.freeBytes === 0)?.ramFreeBytes ?? 0
  const doublings = (a: number, b: number) => Math.abs(Math.log2(a / b))
  const distance = (a: Recorded['answers'][number]) =>
    4 * doublings(a.ramFreeBytes, ask.freeBytes || own) +
    (a.ask.use === ask.use ? 0 : 6) +
    (a.ask.licence === ask.licence ? 0 : 6) +
    (a.ask.kv === ask.kv ? 0 : 4) +
    doublings(a.ask.context, ask.context) +
    doublings(a.ask.minSpeed + 1, ask.minSpeed + 1)
  const found = [...ofMachine].sort((a, b) => distance(a) - distance(b))[0]
  if (!found) return undefined
  return {
    ...{ considered: catalog.length, machineName: found.machineName, fitted: false, missing: [] },
    ...{ gpuFreeBytes: found.gpuFreeBytes, ramFreeBytes: found.ramFreeBytes },
    choices: preferred(at(choices, found.choices), found.frontier, ask).map((choice, i) => ({
      ...choice,
      ...{ frontier: i < found.frontier, best: i === 0, why: i === 0 ? found.why : [] },
    })),
    rejected: at(rejections, found.rejected),
  }
}
