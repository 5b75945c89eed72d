// The geometry of the plot: months across, dollars spent so far up; a line for the API and one for the machine.
import { scaleLinear } from 'd3-scale'
import type { SumsAnswer, SumsAsk } from '../../bridge/types'
import { money } from '../../lib/sums'
import type { Tick } from '../../lib/plot'

export interface Plot {
  api: string
  /** empty: it can't keep up */
  own: string
  /** empty: a rented machine can't keep up, or costs far more than the others */
  rent: string
  /** where both have cost the same; null: never within the picture */
  crossing: { x: number; y: number; months: number; label: Label } | null
  /** where the machine is at the end of its life */
  life: number
  /** ends of the lines, for their names */
  apiEnd: { x: number; y: number }
  ownEnd: { x: number; y: number }
  rentEnd: { x: number; y: number }
  xTicks: Tick[]
  yTicks: Tick[]
}

/** Where words stand, and whether they end there. */
interface Label {
  x: number
  y: number
  end: boolean
}

export const margin = { top: 30, right: 96, bottom: 40, left: 58 } as const

/** Two names of lines stand at least this far from each other. */
const apart = 16

export function plot(ask: SumsAsk, answer: SumsAnswer, width: number, height: number): Plot {
  const life = ask.hardwareYears * 12
  const { breakEvenMonths: even } = answer
  const months = even > life && even <= 2 * life ? even * 1.1 : life
  // What it will sell for again is no cost, so that the picture and the sentence beside it tell the same.
  const net = ask.hardwarePrice * (1 - ask.resaleShare)
  const apiAt = (m: number) => answer.apiPerMonth * m
  const ownAt = (m: number) => net + answer.electricityPerMonth * m
  const rentAt = (m: number) => answer.rentPerMonth * m
  const keepsUp = answer.hoursPerDay <= 24
  const most = Math.max(apiAt(months), keepsUp ? ownAt(months) : 0, 1)
  // A line that is far above the others would press them onto the axis.
  const rented = answer.rentPerMonth >= 0 && rentAt(months) <= 3 * most
  const x = scaleLinear([0, months], [margin.left, width - margin.right])
  const y = scaleLinear([0, Math.max(most, rented ? rentAt(months) : 0) * 1.05], [height - margin.bottom, margin.top])
  const at = (n: number) => n.toFixed(1)
  const line = (of: (m: number) => number) => `M${at(x(0))},${at(y(of(0)))}L${at(x(months))},${at(y(of(months)))}`
  const end = (of: (m: number) => number) => ({ x: x(months), y: y(of(months)) })
  const [apiEnd, ownEnd, rentEnd] = [end(apiAt), end(ownAt), end(rentAt)]
  keepApart([apiEnd, ...(keepsUp ? [ownEnd] : []), ...(rented ? [rentEnd] : [])], height - margin.bottom)
  const cross = { x: x(even), y: y(apiAt(even)) }
  const rise = (cross.y - apiEnd.y) / Math.max(apiEnd.x - cross.x, 1)
  const label =
    cross.x > width * 0.6
      ? { x: cross.x - 10, y: cross.y - 14, end: true }
      : cross.y + 18 < height - margin.bottom - 6
        ? { x: cross.x + 10, y: cross.y + 18, end: false }
        : // Just above the axis there is room between the two lines alone, where they are far enough from each other.
          { x: cross.x + Math.min(26 / Math.max(rise, 0.2), 130), y: cross.y - 8, end: false }
  const step = months <= 30 ? 6 : months <= 130 ? 12 : 24
  const xTicks = Array.from({ length: Math.floor(months / step) + 1 }, (_, i) => i * step)
  return {
    api: line(apiAt),
    own: keepsUp ? line(ownAt) : '',
    rent: rented ? line(rentAt) : '',
    crossing: keepsUp && net > 0 && even > 0 && even <= months ? { ...cross, months: even, label } : null,
    life: x(life),
    ...{ apiEnd, ownEnd, rentEnd },
    xTicks: xTicks.map((m) => ({ at: x(m), label: String(m) })),
    yTicks: y.ticks(4).map((n) => ({ at: y(n), label: money(n).replace('.00', '') })),
  }
}

/** Moves the ends of lines so that their names stand apart, and above the axis. */
function keepApart(ends: { y: number }[], axis: number): void {
  const down = [...ends].sort((a, b) => a.y - b.y)
  for (const [i, end] of down.entries()) {
    const before = down[i - 1]
    if (before) end.y = Math.max(end.y, before.y + apart)
  }
  const over = (down.at(-1)?.y ?? 0) - axis
  if (over > 0) for (const end of down) end.y -= over
}
