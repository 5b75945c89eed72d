import { describe, expect, it } from 'vitest'
import { fakeBridge } from '../../bridge/fake'
import type { LabRow } from '../../bridge/types'
import { kvCache, columnsOf, rowWords, shown, sorted, value } from '../../lib/lab'
import { nearest } from '../../lib/plot'
import { margin, plot, type Across, type Up } from './plot'

const lab = () => fakeBridge({ step: 0 }).lab
const rowsOf = async (id: string) => (await lab().comparison(id)).rows
const ways: [Across, Up][] = [
  ['speed', 'sameTop'],
  ['speed', 'kld'],
  ['memory', 'sameTop'],
  ['memory', 'kld'],
]
const [width, height] = [520, 300]

describe.each(ways)('the plot of %s and %s', (across, up) => {
  it('keeps points, bars and names inside its frame, and no name over another', async () => {
    for (const id of ['lab1', 'lab2']) {
      const drawn = plot(await rowsOf(id), across, up, width, height)
      for (const p of drawn.points) {
        for (const x of [p.x, p.left, p.right]) expect(x >= margin.left - 1 && x <= width - margin.right + 1).toBe(true)
        for (const y of [p.y]) expect(y >= margin.top - 1 && y <= height - margin.bottom + 1).toBe(true)
      }
      const boxes = drawn.labels.map((l) => {
        const long = l.words.length * 6.4
        const left = l.anchor === 'start' ? l.x : l.anchor === 'end' ? l.x - long : l.x - long / 2
        return { left, right: left + long, top: l.y - 7, bottom: l.y + 7 }
      })
      boxes.forEach((a, i) => {
        for (const b of boxes.slice(i + 1)) {
          expect(a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).toBe(false)
        }
      })
    }
  })

  it('puts what is better higher, and names the verdict’s pick', async () => {
    const rows = await rowsOf('lab1')
    const { points, labels } = plot(rows, across, up, width, height)
    for (const a of points) {
      for (const b of points) {
        const better = up === 'sameTop' ? a.row.sameTop > b.row.sameTop : a.row.kld < b.row.kld
        if (better) expect(a.y).toBeLessThan(b.y)
      }
    }
    expect(labels.some((l) => l.id === rows.find((r) => r.pick)?.id)).toBe(true)
  })
})

describe('the plot', () => {
  it('leaves out what is not measured, and draws nothing of nothing', async () => {
    const rows = (await rowsOf('lab1')).map((r, i): LabRow => (i < 5 ? { ...r, writes: [] } : r))
    expect(plot(rows, 'speed', 'sameTop', width, height).points).toHaveLength(2)
    expect(plot([], 'speed', 'kld', width, height)).toMatchObject({ points: [], labels: [], frontier: '' })
    expect(plot(rows.slice(5, 6), 'memory', 'kld', width, height).points).toHaveLength(1)
  })

  it('joins only what nothing beats in both measures', async () => {
    const rows = await rowsOf('lab1')
    const { frontier } = plot(rows, 'speed', 'sameTop', width, height)
    const dots = frontier.split(/[ML]/).filter(Boolean).length
    // Q3_K_M is slower and worse than Q4_K_M.
    expect(dots).toBe(rows.length - 1)
  })

  it('finds the nearest point, and none far away', async () => {
    const { points } = plot(await rowsOf('lab1'), 'speed', 'sameTop', width, height)
    const first = points[0]
    expect(first && nearest(points, first.x + 4, first.y - 4)).toBe(first)
    expect(nearest(points, -200, -200)).toBeUndefined()
  })
})

describe('the table', () => {
  it('sorts by every column, with what is unknown last', async () => {
    const rows = (await rowsOf('lab1')).map((r, i): LabRow => (i === 2 ? { ...r, sameTop: -1, loadSeconds: -1 } : r))
    const reference = rows.find((r) => r.reference)
    for (const column of columnsOf(rows)) {
      for (const descending of [true, false]) {
        const numbers = sorted(rows, column, descending).map((r) => value(r, column, reference))
        const known = numbers.filter((n) => !Number.isNaN(n))
        expect(numbers.slice(0, known.length)).toEqual(known)
        if (column !== 'quant') expect(known).toEqual([...known].sort((a, b) => (descending ? b - a : a - b)))
      }
    }
    expect(sorted(rows, '', false)).toEqual(rows)
  })

  it('shows a dash for what is not known and never a made-up zero', async () => {
    const row = { ...(await rowsOf('lab1'))[1], sameTop: -1, peakBytes: -1, writes: [], kld: -1 } as LabRow
    for (const column of ['same', 'peak', 'writes', 'kld', 'against', 'energy'] as const) {
      expect(shown(row, column, row)).toBe('–')
    }
    expect(rowWords(row)).not.toContain('-1')
  })

  it('says what a smaller KV cache saves and costs', async () => {
    expect(kvCache(await rowsOf('lab1'))).toEqual([])
    const told = kvCache(await rowsOf('lab2'))
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/^q8_0 takes 47% less/)
  })
})
