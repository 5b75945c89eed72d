// The geometry of the plot: quality up, and across what it costs: memory or speed, in doublings.
import { scaleLinear, scaleLog } from 'd3-scale'
import { symbol, symbolCircle, symbolDiamond, symbolSquare } from 'd3-shape'
import type { Advice, Choice, Fit } from '../../bridge/types'
import { bytes } from '../../lib/format'
import { boxOf, place, type Box, type Label, type Mark, type Spot, type Tick } from '../../lib/plot'
import { text } from '../../text'

/** What runs across. */
export type Against = 'speed' | 'memory'

export interface Point extends Mark {
  choice: Choice
  /** outline of its mark, around the origin: another shape for each fit */
  path: string
  /** nothing has both a better quality and a better figure across */
  best: boolean
  /** ends of its error bars */
  high: number
  low: number
  left: number
  right: number
}

export interface Wall extends Spot {
  kind: 'gpu' | 'ram'
  words: string
  at: number
}

export interface Plot {
  /** in the order of the arrow keys: from left to right */
  points: Point[]
  xTicks: Tick[]
  yTicks: Tick[]
  /** the edge of what can be had: no model lies beyond it */
  frontier: string
  walls: Wall[]
  labels: Label[]
  /** how many have no place, because nobody has published their quality */
  unknown: number
}

export const margin = { top: 30, right: 12, bottom: 40, left: 36 } as const

const shapes: Record<Fit, typeof symbolCircle> = {
  gpu: symbolCircle,
  partial: symbolDiamond,
  ram: symbolSquare,
  no: symbolCircle,
}

const gigabyte = 1e9
const radius = 4.5

/** Where everything goes in a picture of this size. `chosen` are labelled before all others. */
export function plot(
  advice: Advice,
  width: number,
  height: number,
  chosen: readonly string[],
  against: Against = 'speed',
): Plot {
  const all = advice.choices.filter((c) => c.memory.totalBytes > 0 && c.tokensPerSecond > 0)
  const choices = all.filter((c) => c.quality >= 0)
  const of = (c: Choice) => (against === 'memory' ? c.memory.totalBytes / gigabyte : c.tokensPerSecond)
  const free = against === 'memory' ? [advice.gpuFreeBytes, advice.ramFreeBytes].filter((n) => n > 0) : []
  const values = [...choices.map(of), ...free.map((n) => n / gigabyte)]
  const [least, most] = against === 'memory' ? [1, 2] : [8, 16]
  const x = scaleLog()
    .base(2)
    .domain([Math.min(least, ...values) / 1.2, Math.max(most, ...values) * 1.2])
    .range([margin.left, width - margin.right])
  const qualities = choices.map((c) => c.quality)
  const y = scaleLinear()
    .domain([Math.max(0, Math.min(40, ...qualities) - 6), Math.min(100, Math.max(60, ...qualities) + 6)])
    .range([height - margin.bottom, margin.top])

  const edge = frontier(choices, of, against)
  const within = (at: number) => Math.min(width - margin.right, Math.max(margin.left, at))
  const onPaper = (at: number) => Math.min(height - margin.bottom, Math.max(margin.top, at))
  const points = choices
    .map((choice): Point => {
      // The engine's memory is known; how fast a model writes is known within its error.
      const error = against === 'speed' ? Math.min(choice.error, 0.8) : 0
      return {
        choice,
        x: x(of(choice)),
        y: y(choice.quality),
        r: radius,
        best: edge.includes(choice),
        path:
          symbol()
            .type(shapes[choice.fit])
            .size(Math.PI * radius * radius)() ?? '',
        high: onPaper(y(choice.quality + choice.qualityError)),
        low: onPaper(y(choice.quality - choice.qualityError)),
        left: within(x(of(choice) * (1 - error))),
        right: within(x(of(choice) * (1 + error))),
      }
    })
    .sort((a, b) => a.x - b.x || a.y - b.y)

  const walls = wallsOf(advice, against, (n) => x(n / gigabyte), width)
  return {
    points,
    walls,
    xTicks: doublings(x.domain()).map((n) => ({ at: x(n), label: String(n) })),
    yTicks: y.ticks(5).map((n) => ({ at: y(n), label: String(n) })),
    frontier: steps(
      points.filter((p) => p.best),
      against,
      width,
    ),
    labels: labels(
      points,
      chosen,
      width,
      height,
      walls.map((wall) => boxOf(wall.words, wall)),
    ),
    unknown: all.length - choices.length,
  }
}

/** The free memory, where memory runs across. Where graphics and processor share one memory, one line says it. */
function wallsOf(advice: Advice, against: Against, x: (bytes: number) => number, width: number): Wall[] {
  if (against !== 'memory') return []
  const t = text.discover
  return (
    [
      ['gpu', advice.gpuFreeBytes],
      ['ram', advice.ramFreeBytes],
    ] as const
  )
    .filter(([kind, free]) => free > 0 && !(kind === 'ram' && free === advice.gpuFreeBytes))
    .map(([kind, free], i): Wall => {
      const at = x(free)
      const left = at > width / 2
      return {
        ...{ kind, at, x: at + (left ? -6 : 6), y: margin.top + 4 + (i > 0 ? 15 : 0) },
        anchor: left ? 'end' : 'start',
        words: kind === 'gpu' ? t.gpuFree(bytes(free)) : t.ramFree(bytes(free)),
      }
    })
}

/** The models that no other beats in both figures: less memory or more speed, and a better quality. */
export function frontier(choices: readonly Choice[], of: (c: Choice) => number, against: Against): Choice[] {
  const better = (a: Choice, b: Choice) => (against === 'memory' ? of(a) - of(b) : of(b) - of(a))
  let top = -1
  return [...choices]
    .sort((a, b) => better(a, b) || b.quality - a.quality)
    .filter((c) => {
      if (c.quality <= top) return false
      top = c.quality
      return true
    })
}

/** The edge of what can be had, in steps: flat until the next model takes over. */
function steps(edge: readonly Point[], against: Against, width: number): string {
  const at = (n: number) => n.toFixed(1)
  const first = edge[0]
  const last = edge.at(-1)
  if (!first || !last || edge.length < 2) return ''
  if (against === 'memory') {
    const path = edge.map((p, i) => (i === 0 ? `M${at(p.x)},${at(p.y)}` : `H${at(p.x)}V${at(p.y)}`))
    return `${path.join('')}H${at(width - margin.right)}`
  }
  const path = edge.map((p, i) => (i === 0 ? `M${at(margin.left)},${at(p.y)}H${at(p.x)}` : `V${at(p.y)}H${at(p.x)}`))
  return path.join('')
}

/** Powers of two within a range. */
export function doublings([low = 1, high = 1]: readonly number[]): number[] {
  const first = Math.ceil(Math.log2(low))
  const last = Math.floor(Math.log2(high))
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 2 ** (first + i))
}

/** Names beside the chosen ones and those at the edge, where there is room: the rest tell theirs when pointed at. */
function labels(
  points: readonly Point[],
  chosen: readonly string[],
  width: number,
  height: number,
  walls: readonly Box[],
): Label[] {
  const rank = (p: Point) => {
    const wanted = chosen.indexOf(p.choice.id)
    return wanted >= 0 ? wanted - 1000 : -p.choice.quality
  }
  const names = points
    .filter((p) => p.best || chosen.includes(p.choice.id))
    .sort((a, b) => rank(a) - rank(b))
    .map((p) => {
      const must = chosen.includes(p.choice.id)
      const gap = p.r + (must ? 7 : 4)
      return {
        id: p.choice.id,
        words: must ? `${p.choice.model} ${p.choice.quant}` : p.choice.model,
        spots: [
          { x: p.x + gap, y: p.y - gap, anchor: 'start' },
          { x: p.x - gap, y: p.y - gap, anchor: 'end' },
          { x: p.x + gap, y: p.y, anchor: 'start' },
          { x: p.x - gap, y: p.y, anchor: 'end' },
          { x: p.x + gap, y: p.y + gap, anchor: 'start' },
          { x: p.x - gap, y: p.y + gap, anchor: 'end' },
        ] as const,
      }
    })
  const marks = points.map(({ x, y, r }) => ({ left: x - r, right: x + r, top: y - r, bottom: y + r }))
  return place(names, [...marks, ...walls], {
    left: margin.left,
    right: width - 4,
    top: margin.top - 4,
    bottom: height - margin.bottom,
  })
}
