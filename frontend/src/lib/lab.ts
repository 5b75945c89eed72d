// What the lab's figures are called and how they are read: one place for the plot, the table, the bars and the report.
import type { BlindVariant, LabComparison, LabRow, LabSpeed } from '../bridge/types'
import { bytes, context, count, percent, seconds, speed } from './format'
import { text } from '../text'

const t = text.lab

/** What the models under a blind test are called: their quants, with the name once where it is one model's. */
export function variantNames(variants: readonly BlindVariant[]): string {
  const one = new Set(variants.map((v) => v.name)).size === 1
  return variants.map((v, i) => (one && i > 0 ? v.quant : `${v.name} ${v.quant}`)).join(' · ')
}

/** Writing speed with nothing before it, or after the least that was measured. */
export function writes(row: LabRow): LabSpeed | undefined {
  return row.writes[0]
}

/** Reading speed of a middling prompt. */
export function reads(row: LabRow): LabSpeed | undefined {
  return row.reads.find((s) => s.tokens === 512) ?? row.reads[0]
}

/** Half of the range of all rounds, as a share of the median. */
export function spread(s: LabSpeed | undefined): number {
  return s && s.median > 0 ? (s.high - s.low) / 2 / s.median : 0
}

/** Whether speed and quality are both measured, so that a row can stand in a plot. */
export function measured(row: LabRow): boolean {
  return (writes(row)?.median ?? 0) > 0 && row.sameTop >= 0 && row.peakBytes > 0
}

/** A share with one decimal, as it is compared: `95.7%`. */
export function share(n: number): string {
  return n >= 0.9995 ? '100%' : `${(n * 100).toFixed(1)}%`
}

/** A divergence with as many decimals as say something: `none`, `0.0041`, `0.389`. */
export function divergence(n: number): string {
  return n <= 0 ? t.noDivergence : n < 0.0995 ? Math.max(n, 0.0001).toFixed(4) : n.toFixed(3)
}

export type Column =
  | 'quant'
  | 'file'
  | 'peak'
  | 'load'
  | 'first'
  | 'reads'
  | 'writes'
  | 'against'
  | 'perplexity'
  | 'kld'
  | 'same'
  | 'energy'

/** The number that a column sorts by; NaN: not known, which sorts last. */
export function value(row: LabRow, column: Column, reference: LabRow | undefined): number {
  const known = (n: number | undefined) => (n === undefined || n < 0 ? NaN : n)
  switch (column) {
    case 'quant':
      return NaN
    case 'file':
      return row.bytes > 0 ? row.bytes : NaN
    case 'peak':
      return known(row.peakBytes)
    case 'load':
      return known(row.loadSeconds)
    case 'first':
      return known(row.first)
    case 'reads':
      return known(reads(row)?.median)
    case 'writes':
      return known(writes(row)?.median)
    case 'against':
      return (writes(row)?.median ?? NaN) / (reference ? (writes(reference)?.median ?? NaN) : NaN)
    case 'perplexity':
      return known(row.perplexity)
    case 'kld':
      return known(row.kld)
    case 'same':
      return known(row.sameTop)
    case 'energy':
      return known(row.joulesPerToken)
  }
}

/** A column's figure as it is shown. */
export function shown(row: LabRow, column: Column, reference: LabRow | undefined): string {
  const n = value(row, column, reference)
  if (column === 'quant') return row.label
  if (Number.isNaN(n)) return t.table.unknown
  switch (column) {
    case 'file':
    case 'peak':
      return bytes(n)
    case 'load':
    case 'first':
      return seconds(n)
    case 'reads':
    case 'writes':
      return speed(n)
    case 'against':
      return `${n.toFixed(2)}×`
    case 'perplexity':
      return n.toFixed(2)
    case 'kld':
      return row.reference ? t.table.reference : divergence(n)
    case 'same':
      return share(n)
    case 'energy':
      return n.toFixed(2)
  }
}

/** How sure a column's figure is; empty: nothing to say. */
export function error(row: LabRow, column: Column): string {
  switch (column) {
    case 'reads':
    case 'writes': {
      const s = spread(column === 'reads' ? reads(row) : writes(row))
      return s > 0 ? `±${Math.max(1, Math.round(s * 100))}%` : ''
    }
    case 'perplexity':
      return row.perplexityError > 0 ? `±${row.perplexityError.toFixed(2)}` : ''
    case 'kld':
      return row.kld > 0 && row.kldError > 0 ? `±${divergence(row.kldError)}` : ''
    case 'same':
      return row.sameTopError > 0 ? `±${(row.sameTopError * 100).toFixed(1)}` : ''
    default:
      return ''
  }
}

/** Less of it is better. */
const less: ReadonlySet<Column> = new Set(['file', 'peak', 'load', 'first', 'perplexity', 'kld', 'energy'])

/** Whether a first press on a column's head sorts from most to least. */
export function startsDescending(column: Column): boolean {
  return column !== 'quant' && !less.has(column)
}

/** Rows in a column's order; what is not known stays last, and equals keep their place. */
export function sorted(rows: readonly LabRow[], column: Column | '', descending: boolean): LabRow[] {
  if (column === '') return [...rows]
  const reference = rows.find((r) => r.reference)
  const sign = descending ? -1 : 1
  return [...rows].sort((a, b) => {
    if (column === 'quant') return sign * a.label.localeCompare(b.label)
    const x = value(a, column, reference)
    const y = value(b, column, reference)
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y))
    return sign * (x - y)
  })
}

/** The columns that a comparison has figures for. */
export function columnsOf(rows: readonly LabRow[]): Column[] {
  const all: Column[] = ['file', 'peak', 'load', 'first', 'reads', 'writes', 'against', 'perplexity', 'kld', 'same']
  if (rows.some((r) => r.joulesPerToken >= 0)) all.push('energy')
  return ['quant', ...all]
}

/** A column's head. */
export function heading(column: Column, reference: string): string {
  return column === 'against' ? t.table.against(reference) : t.table[column]
}

/** A row in words, for a screen reader at its point. */
export function rowWords(row: LabRow): string {
  const w = t.words
  return [
    row.label,
    row.sameTop >= 0 ? w.same(share(row.sameTop)) : '',
    row.kld >= 0 ? w.kld(divergence(row.kld)) : '',
    w.writes(speed(writes(row)?.median ?? 0)),
    w.peak(bytes(row.peakBytes)),
    w.file(bytes(row.bytes)),
    row.disturbed,
  ]
    .filter(Boolean)
    .join(', ')
}

/** What a smaller type of the KV cache saves and costs, of the variant that matters most; empty: not compared. */
export function kvCache(rows: readonly LabRow[]): string[] {
  const whole = rows.filter((r) => r.kv === 'f16' && r.kvBytes > 0)
  const base = whole.find((r) => r.pick) ?? whole.find((r) => !r.reference) ?? whole[0]
  const found: string[] = []
  for (const other of rows) {
    const plain = whole.find((r) => r.quant === other.quant && r.context === other.context)
    if (!plain || other.kv === 'f16' || other.kvBytes <= 0 || other.kld < 0) continue
    if (base && other.quant !== base.quant) continue
    const less = 1 - other.kvBytes / plain.kvBytes
    const sizes = `${bytes(plain.kvBytes)} → ${bytes(other.kvBytes)}`
    found.push(
      t.kvSaves(other.kv, percent(less), sizes, context(other.context), divergence(other.kld), divergence(plain.kld)),
    )
  }
  return found
}

/** The two models of a comparison that a blind test is worth most for: the reference, and the verdict's pick or else the
 * one that keeps most of the reference's choices. */
export function worthAsking(rows: readonly LabRow[]): string[] {
  const reference = rows.find((r) => r.reference)
  const others = rows.filter((r) => r.ref !== reference?.ref && r.state !== 'failed')
  const nearest = [...others].sort((a, b) => b.sameTop - a.sameTop)[0]
  return [reference, others.find((r) => r.pick) ?? nearest].flatMap((r) => (r ? [r.ref] : []))
}

/** A day as people write it: `23 November 2026`. */
export function date(at: number): string {
  return new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' })
}

/** How long is left when `passed` seconds have gone since it was foretold, in words; empty: not known. */
export function leftBetween(least: number, most: number, passed = 0): string {
  if (least < 0 || most < 0) return ''
  const from = Math.max(0, least - passed)
  const to = Math.max(0, most - passed)
  if (to < 20) return t.left.soon
  if (to < 90) return t.left.seconds(Math.ceil(to / 10) * 10)
  const minutes = [Math.max(1, Math.floor(from / 60)), Math.ceil(to / 60)] as const
  return minutes[0] >= minutes[1] ? t.left.about(minutes[1]) : t.left.between(...minutes)
}

/** Where and by what a comparison was measured. */
export function conditions(c: LabComparison): string {
  const by = [c.machine, c.engine].filter(Boolean).join(', ')
  return c.state === 'running' ? t.aboutRunning(by) : t.about(date(c.startedAt), by)
}

/** What its quality and its speed rest on. */
export function basis(c: LabComparison): string {
  return c.text ? t.measuredOn(c.text, t.rounds(c.rounds)) : ''
}

/** Lengths that any row was timed at. */
export function lengths(rows: readonly LabRow[], kind: 'reads' | 'writes'): number[] {
  return [...new Set(rows.flatMap((r) => r[kind].map((s) => s.tokens)))].sort((a, b) => a - b)
}

/** Speed at a length; a dash where it was not timed. */
export function speedAt(row: LabRow, kind: 'reads' | 'writes', tokens: number): string {
  const s = row[kind].find((x) => x.tokens === tokens)
  return s && s.median > 0 ? speed(s.median) : t.table.unknown
}

/** Heads of the columns of speeds by length. */
export function lengthHeading(kind: 'reads' | 'writes', tokens: number): string {
  return kind === 'reads' ? t.table.readsAt(count(tokens)) : t.table.writesAt(count(tokens))
}
