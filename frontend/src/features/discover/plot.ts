// The geometry of the plot: memory across, speed up, both in doublings; quality is the size of a dot.
import { scaleLinear, scaleLog } from 'd3-scale'
import { line, symbol, symbolCircle, symbolDiamond, symbolSquare } from 'd3-shape'
import type { Advice, Choice, Fit } from '../../bridge/types'

export interface Point {
  choice: Choice
  x: number
  y: number
  /** half the width of its mark */
  r: number
  /** outline of its mark, around the origin: another shape for each fit */
  path: string
  /** ends of its error bar */
  high: number
  low: number
}

export interface Label {
  id: string
  words: string
  x: number
  y: number
  anchor: 'start' | 'end'
}

export interface Wall {
  kind: 'gpu' | 'ram'
  bytes: number
  x: number
}

export interface Plot {
  /** in the order of the arrow keys: from little memory to much */
  points: Point[]
  xTicks: { at: number; label: string }[]
  yTicks: { at: number; label: string }[]
  /** through the models that nothing beats in speed, quality and memory at once */
  frontier: string
  walls: Wall[]
  labels: Label[]
}

export const margin = { top: 30, right: 18, bottom: 40, left: 44 } as const

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
    labels: place(points, chosen, width, height),
  }
}

/** Powers of two within a range. */
export function doublings([low = 1, high = 1]: readonly number[]): number[] {
  const first = Math.ceil(Math.log2(low))
  const last = Math.floor(Math.log2(high))
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 2 ** (first + i))
}

interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

const letter = 6.3
const tall = 14

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

/** Names beside their dots where there is room: the chosen ones first, then the frontier, then the best of the rest. */
export function place(points: readonly Point[], chosen: readonly string[], width: number, height: number): Label[] {
  const rank = (p: Point) => {
    const wanted = chosen.indexOf(p.choice.id)
    return wanted >= 0 ? wanted - 1000 : p.choice.frontier ? -p.choice.quality : 1000 - p.choice.quality
  }
  const taken: Box[] = points.map((p) => ({
    left: p.x - p.r,
    right: p.x + p.r,
    top: p.y - p.r,
    bottom: p.y + p.r,
  }))
  const labels: Label[] = []
  for (const p of [...points].sort((a, b) => rank(a) - rank(b))) {
    const must = chosen.includes(p.choice.id)
    const words = must ? `${p.choice.model} ${p.choice.quant}` : p.choice.model
    const long = words.length * letter
    const gap = p.r + (must ? 7 : 4)
    const spots = [
      { x: p.x + gap, y: p.y, anchor: 'start' },
      { x: p.x - gap, y: p.y, anchor: 'end' },
      { x: p.x + gap - 4, y: p.y - gap, anchor: 'start' },
      { x: p.x + gap - 4, y: p.y + gap, anchor: 'start' },
      { x: p.x - gap + 4, y: p.y - gap, anchor: 'end' },
      { x: p.x - gap + 4, y: p.y + gap, anchor: 'end' },
    ] as const
    for (const spot of spots) {
      const left = spot.anchor === 'start' ? spot.x : spot.x - long
      const box = { left, right: left + long, top: spot.y - tall / 2, bottom: spot.y + tall / 2 }
      const inside =
        box.left >= margin.left &&
        box.right <= width - 4 &&
        box.top >= margin.top - 4 &&
        box.bottom <= height - margin.bottom
      if (!inside || taken.some((other) => overlap(box, other))) continue
      taken.push(box)
      labels.push({ id: p.choice.id, words, ...spot })
      break
    }
  }
  return labels
}

/** The point nearest to a place, if one is near. */
export function nearest(points: readonly Point[], x: number, y: number): Point | undefined {
  let best: Point | undefined
  let least = 26
  for (const p of points) {
    const far = Math.max(0, Math.hypot(p.x - x, p.y - y) - p.r)
    if (far < least) {
      least = far
      best = p
    }
  }
  return best
}
