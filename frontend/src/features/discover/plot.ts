// The geometry of the plot: memory across, speed up, both in doublings; quality is the size of a dot.
import { scaleLinear, scaleLog } from 'd3-scale'
import { line, symbol, symbolCircle, symbolDiamond, symbolSquare } from 'd3-shape'
import type { Advice, Choice, Fit } from '../../bridge/types'
import { place, type Label, type Mark, type Tick } from '../../lib/plot'

export interface Point extends Mark {
  choice: Choice
  /** outline of its mark, around the origin: another shape for each fit */
  path: string
  /** ends of its error bar */
  high: number
  low: number
}

export interface Wall {
  kind: 'gpu' | 'ram'
  bytes: number
  x: number
}

export interface Plot {
  /** in the order of the arrow keys: from little memory to much */
  points: Point[]
  xTicks: Tick[]
  yTicks: Tick[]
  /** through the models that nothing beats in speed, quality and memory at once */
  frontier: string
  walls: Wall[]
  labels: Label[]
}

export const margin = { top: 30, right: 8, bottom: 40, left: 36 } as const

const shapes: Record<Fit, typeof symbolCircle> = {
  gpu: symbolCircle,
  partial: symbolDiamond,
  ram: symbolSquare,
  no: symbolCircle,
}

const gigabyte = 1e9

/** Where everything goes in a picture of this size. `chosen` are labelled before all others. */
export function plot(advice: Advice, width: number, height: number, chosen: readonly string[]): Plot {
  const choices = advice.choices.filter((c) => c.memory.totalBytes > 0 && c.tokensPerSecond > 0)
  const memories = choices.map((c) => c.memory.totalBytes)
  const highs = choices.map((c) => c.tokensPerSecond * (1 + c.error))
  const lows = choices.map((c) => c.tokensPerSecond * Math.max(0.2, 1 - c.error))
  const free = [advice.gpuFreeBytes, advice.ramFreeBytes].filter((n) => n > 0)
  const x = scaleLog()
    .base(2)
    .domain([
      Math.min(gigabyte, ...memories, ...free) / gigabyte / 1.25,
      (Math.max(2 * gigabyte, ...memories, ...free) / gigabyte) * 1.25,
    ])
    .range([margin.left, width - margin.right])
  const y = scaleLog()
    .base(2)
    .domain([Math.min(8, ...lows) / 1.15, Math.max(16, ...highs) * 1.15])
    .range([height - margin.bottom, margin.top])
  const radius = scaleLinear().domain([0, 100]).range([3, 14]).clamp(true)

  const points = choices
    .map((choice): Point => {
      const r = choice.quality < 0 ? 5 : radius(choice.quality)
      return {
        choice,
        x: x(choice.memory.totalBytes / gigabyte),
        y: y(choice.tokensPerSecond),
        r,
        path:
          symbol()
            .type(shapes[choice.fit])
            .size(Math.PI * r * r)() ?? '',
        high: y(choice.tokensPerSecond * (1 + choice.error)),
        low: y(choice.tokensPerSecond * Math.max(0.2, 1 - choice.error)),
      }
    })
    .sort((a, b) => a.x - b.x || a.y - b.y)

  const walls: Wall[] = (
    [
      ['gpu', advice.gpuFreeBytes],
      ['ram', advice.ramFreeBytes],
    ] as const
  )
    // Where both share one memory, one line says it.
    .filter(([kind, bytes]) => bytes > 0 && !(kind === 'ram' && bytes === advice.gpuFreeBytes))
    .map(([kind, bytes]) => ({ kind, bytes, x: x(bytes / gigabyte) }))

  const onFrontier = points.filter((p) => p.choice.frontier)
  return {
    points,
    walls,
    xTicks: doublings(x.domain()).map((n) => ({ at: x(n), label: String(n) })),
    yTicks: doublings(y.domain()).map((n) => ({ at: y(n), label: String(n) })),
    frontier:
      line<Point>(
        (p) => p.x,
        (p) => p.y,
      )(onFrontier) ?? '',
    labels: labels(points, chosen, width, height),
  }
}

/** Powers of two within a range. */
export function doublings([low = 1, high = 1]: readonly number[]): number[] {
  const first = Math.ceil(Math.log2(low))
  const last = Math.floor(Math.log2(high))
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 2 ** (first + i))
}

/** Names beside their dots where there is room: the chosen ones first, then the frontier, then the best of the rest. */
function labels(points: readonly Point[], chosen: readonly string[], width: number, height: number): Label[] {
  const rank = (p: Point) => {
    const wanted = chosen.indexOf(p.choice.id)
    return wanted >= 0 ? wanted - 1000 : p.choice.frontier ? -p.choice.quality : 1000 - p.choice.quality
  }
  const names = [...points]
    .sort((a, b) => rank(a) - rank(b))
    .map((p) => {
      const must = chosen.includes(p.choice.id)
      const gap = p.r + (must ? 7 : 4)
      return {
        id: p.choice.id,
        words: must ? `${p.choice.model} ${p.choice.quant}` : p.choice.model,
        spots: [
          { x: p.x + gap, y: p.y, anchor: 'start' },
          { x: p.x - gap, y: p.y, anchor: 'end' },
          { x: p.x + gap - 4, y: p.y - gap, anchor: 'start' },
          { x: p.x + gap - 4, y: p.y + gap, anchor: 'start' },
          { x: p.x - gap + 4, y: p.y - gap, anchor: 'end' },
          { x: p.x - gap + 4, y: p.y + gap, anchor: 'end' },
        ] as const,
      }
    })
  const taken = points.map(({ x, y, r }) => ({ left: x - r, right: x + r, top: y - r, bottom: y + r }))
  return place(names, taken, {
    left: margin.left,
    right: width - 4,
    top: margin.top - 4,
    bottom: height - margin.bottom,
  })
}
