// The geometry of the lab's plots: quality up, speed or memory across. What is better is always up, and for speed right.
import { scaleLinear } from 'd3-scale'
import { line } from 'd3-shape'
import type { LabRow } from '../../bridge/types'
import { measured, writes } from '../../lib/lab'
import { place, type Box, type Label, type Mark, type Tick } from '../../lib/plot'

export type Across = 'speed' | 'memory'
export type Up = 'sameTop' | 'kld'

export interface Point extends Mark {
  row: LabRow
  /** ends of its error bars */
  left: number
  right: number
  high: number
  low: number
}

export interface Plot {
  /** in the order of the arrow keys: from left to right */
  points: Point[]
  xTicks: Tick[]
  yTicks: Tick[]
  /** through what nothing beats in both measures */
  frontier: string
  labels: Label[]
}

export const margin = { top: 34, right: 26, bottom: 42, left: 44 } as const

/** Where everything goes in a picture of this size. */
export function plot(rows: readonly LabRow[], across: Across, up: Up, width: number, height: number): Plot {
  const shown = rows.filter(measured)
  const x = (r: LabRow) => (across === 'speed' ? (writes(r)?.median ?? 0) : r.peakBytes / 1e6)
  const ends = (r: LabRow): [number, number] => {
    const s = writes(r)
    return across === 'speed' && s ? [s.low, s.high] : [x(r), x(r)]
  }
  const y = (r: LabRow) => (up === 'sameTop' ? r.sameTop * 100 : r.kld)
  const error = (r: LabRow) => (up === 'sameTop' ? r.sameTopError * 100 : r.kldError)

  const xs = shown.flatMap((r) => ends(r))
  const ys = shown.flatMap((r) => [y(r) - error(r), y(r) + error(r)])
  const [x0, x1] = padded(xs, 0.06)
  const right = scaleLinear()
    .domain([Math.max(0, x0), x1])
    .range([margin.left, width - margin.right])
  const [y0, y1] = padded(ys, 0.06)
  const bottom = height - margin.bottom
  const upwards = scaleLinear()
    .domain(up === 'sameTop' ? [Math.max(0, y0), Math.min(100, y1)] : [y1, Math.min(0, ...ys)])
    .nice(4)
    .range([bottom, margin.top])

  const points = shown
    .map((row): Point => {
      const [least, most] = ends(row)
      return {
        row,
        x: right(x(row)),
        y: upwards(y(row)),
        r: row.pick ? 6.5 : 4.5,
        left: right(least),
        right: right(most),
        high: upwards(y(row) + error(row)),
        low: upwards(y(row) - error(row)),
      }
    })
    .sort((a, b) => a.x - b.x || a.y - b.y)

  const better = across === 'speed' ? -1 : 1
  const front: Point[] = []
  for (const p of [...points].sort((a, b) => better * (a.x - b.x) || a.y - b.y)) {
    if (front.every((o) => o.y > p.y)) front.push(p)
  }
  const frontier = line<Point>(
    (p) => p.x,
    (p) => p.y,
  )(front)

  const digits = up === 'kld' ? (n: number) => String(Number(n.toFixed(3))) : (n: number) => `${n}%`
  return {
    points,
    xTicks: right.ticks(5).map((n) => ({ at: right(n), label: String(n) })),
    yTicks: upwards.ticks(4).map((n) => ({ at: upwards(n), label: digits(n) })),
    frontier: frontier ?? '',
    labels: labels(points, width, height, front),
  }
}

function padded(values: readonly number[], by: number): [number, number] {
  const low = Math.min(...values)
  const high = Math.max(...values)
  if (!Number.isFinite(low)) return [0, 1]
  const room = (high - low || Math.abs(high) || 1) * by
  return [low - room, high + room]
}

/** Names beside their points, where no other point, bar or name is; the verdict's and the reference's come first. */
function labels(points: readonly Point[], width: number, height: number, frontier: readonly Point[]): Label[] {
  const rank = (p: Point) => (p.row.pick ? 0 : p.row.reference ? 1 : p.row.frontier ? 2 : 3)
  const names = [...points]
    .sort((a, b) => rank(a) - rank(b) || a.y - b.y)
    .map((p) => ({
      id: p.row.id,
      words: p.row.label,
      spots: [
        { x: Math.max(p.x + 7, p.right) + 5, y: p.y, anchor: 'start' },
        { x: Math.min(p.x - 7, p.left) - 5, y: p.y, anchor: 'end' },
        { x: p.x, y: p.y - 16, anchor: 'middle' },
        { x: p.x, y: p.y + 17, anchor: 'middle' },
        { x: p.x + 9, y: p.y - 13, anchor: 'start' },
        { x: p.x + 9, y: p.y + 14, anchor: 'start' },
        { x: p.x - 9, y: p.y - 13, anchor: 'end' },
        { x: p.x - 9, y: p.y + 14, anchor: 'end' },
      ] as const,
    }))
  const taken: Box[] = points.flatMap((p) => [
    { left: p.x - 7, right: p.x + 7, top: p.y - 7, bottom: p.y + 7 },
    { left: p.left, right: p.right, top: p.y - 2, bottom: p.y + 2 },
  ])
  for (const [i, to] of frontier.entries()) {
    const from = frontier[i - 1]
    if (from) taken.push(...along(from, to))
  }
  return place(names, taken, { left: margin.left, right: width - 2, top: 20, bottom: height - 30 })
}

/** Small boxes along a line, so that no name is struck through by it. */
function along(from: Point, to: Point): Box[] {
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / 5))
  return Array.from({ length: steps }, (_, i) => {
    const x = from.x + ((to.x - from.x) * i) / steps
    const y = from.y + ((to.y - from.y) * i) / steps
    return { left: x - 1, right: x + 1, top: y - 1, bottom: y + 1 }
  })
}
