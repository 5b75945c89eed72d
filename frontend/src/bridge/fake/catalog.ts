import type { Advice, Ask, CatalogModel, Choice, Profile, Rejection } from '../types'
import raw from './recorded/advice.json?raw'

/** What Discover answered when it was asked; package app writes it. A row has its values in the order of the names. */
interface Recorded {
  profiles: Profile[]
  models: CatalogModel[]
  choice: (keyof Choice)[]
  rejection: (keyof Rejection)[]
  answers: (Omit<Advice, 'choices' | 'rejected' | 'fitted'> & {
    ask: Ask
    choices: unknown[][]
    rejected: unknown[][]
  })[]
}

const recorded = JSON.parse(raw) as Recorded

export const profiles: readonly Profile[] = recorded.profiles
export const catalog: readonly CatalogModel[] = recorded.models

function named<T>(names: readonly (keyof T)[], values: readonly unknown[]): T {
  return Object.fromEntries(names.map((name, i) => [name, values[i]])) as T
}

/** A choice with what the catalog says of its model. */
function choiceOf(values: readonly unknown[]): Choice {
  const judged = named(recorded.choice, values)
  const model = catalog.find((m) => m.id === judged.id)
  if (!model) throw new Error(`${judged.id} is not recorded`)
  const { name, family, params, activeParams, licenceName, openSource, commercial, vision, tools, thinking } = model
  return {
    ...judged,
    ...{ model: name, family, params, activeParams, licenceName, openSource, commercial, vision, tools, thinking },
  }
}

/** The recorded answer to the question that is nearest to `ask`, on the same machine; undefined: none is known. */
export function nearest(ask: Ask): Advice | undefined {
  const ofMachine = recorded.answers.filter((a) => a.ask.machine === ask.machine)
  const own = ofMachine.find((a) => a.ask.freeBytes === 0)?.ramFreeBytes ?? 0
  const doublings = (a: number, b: number) => Math.abs(Math.log2(a / b))
  const distance = (a: Recorded['answers'][number]) =>
    4 * doublings(a.ramFreeBytes, ask.freeBytes || own) +
    (a.ask.use === ask.use ? 0 : 3) +
    (a.ask.licence === ask.licence ? 0 : 3) +
    (a.ask.kv === ask.kv ? 0 : 2) +
    doublings(a.ask.context, ask.context) +
    doublings(a.ask.minSpeed + 1, ask.minSpeed + 1)
  const found = [...ofMachine].sort((a, b) => distance(a) - distance(b))[0]
  if (!found) return undefined
  return {
    ...{ considered: found.considered, machineName: found.machineName, fitted: false },
    ...{ gpuFreeBytes: found.gpuFreeBytes, ramFreeBytes: found.ramFreeBytes },
    choices: found.choices.map(choiceOf),
    rejected: found.rejected.map((values) => named(recorded.rejection, values)),
  }
}
