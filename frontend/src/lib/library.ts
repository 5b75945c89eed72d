// How the Library's table is put in order and searched.
import type { Model } from '../bridge/types'

export type ModelColumn = 'name' | 'size' | 'memory' | 'context' | 'licence' | 'source' | 'used'

/** From how many models on a field to search them helps. */
export const filterFrom = 11

/** Columns of words, which begin at A. Figures and days begin with the largest and the latest. */
const words: ReadonlySet<ModelColumn> = new Set(['name', 'licence', 'source'])

/** Whether the first press on a column's head sorts from most to least. */
export function startsDescending(column: ModelColumn): boolean {
  return !words.has(column)
}

/** What a model takes in memory, in bytes; undefined: not known. */
type Weigh = (ref: string) => { bytes: number } | undefined

function compare(a: Model, b: Model, column: ModelColumn, weigh: Weigh): number {
  switch (column) {
    case 'name':
      return a.name.localeCompare(b.name, 'en', { numeric: true }) || a.bytes - b.bytes
    case 'size':
      return a.bytes - b.bytes
    case 'memory':
      return (weigh(a.ref)?.bytes ?? 0) - (weigh(b.ref)?.bytes ?? 0)
    case 'context':
      return a.contextLength - b.contextLength
    case 'licence':
      return a.licenceName.localeCompare(b.licenceName, 'en')
    case 'source':
      return a.source.localeCompare(b.source)
    case 'used':
      return a.lastUsedAt - b.lastUsedAt || a.addedAt - b.addedAt
  }
}

/** Models in a column's order; equals stand by name. */
export function sortModels(
  models: readonly Model[],
  column: ModelColumn,
  descending: boolean,
  weigh: Weigh = () => undefined,
): Model[] {
  const sign = descending ? -1 : 1
  return [...models].sort((a, b) => sign * compare(a, b, column, weigh) || compare(a, b, 'name', weigh))
}

/** Models that have every word in what the table shows of them, or in their reference. */
export function filterModels(models: readonly Model[], typed: string): Model[] {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean)
  return models.filter((m) => {
    const said = [m.name, m.quant, m.ref, m.family, m.licenceName].join(' ').toLowerCase()
    return wanted.every((word) => said.includes(word))
  })
}
