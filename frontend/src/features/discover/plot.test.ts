import { describe, expect, it } from 'vitest'
import { fakeBridge } from '../../bridge/fake'
import type { Advice } from '../../bridge/types'
import { boxOf, nearest } from '../../lib/plot'
import { firstAsk } from '../../state/discover.svelte'
import { doublings, margin, plot, type Against } from './plot'

const advise = (scene: 'full' | 'gpu') => fakeBridge({ scene, step: 0 }).discover.advise({ ...firstAsk, minSpeed: 0 })
const [width, height] = [800, 360]
const both: readonly Against[] = ['speed', 'memory']

describe('the plot', () => {
  it.each(both)('keeps every dot, wall and label inside its frame, against %s', async (against) => {
    const advice = await advise('gpu')
    const { points, walls, labels, unknown } = plot(advice, width, height, [], against)
    expect(points.length + unknown).toBe(advice.choices.length)
    for (const { x, y, left, right, high, low } of points) {
      for (const at of [x, left, right]) {
        expect(at).toBeGreaterThanOrEqual(margin.left)
        expect(at).toBeLessThanOrEqual(width - margin.right)
      }
      for (const at of [y, high, low]) {
        expect(at).toBeGreaterThanOrEqual(margin.top)
        expect(at).toBeLessThanOrEqual(height - margin.bottom)
      }
    }
    expect(walls.map((w) => w.kind)).toEqual(against === 'memory' ? ['gpu', 'ram'] : [])
    for (const l of labels) expect(l.x > 0 && l.x < width && l.y > 0 && l.y < height).toBe(true)
  })

  it('puts more to the right and a better model higher', async () => {
    for (const against of both) {
      const { points } = plot(await advise('full'), width, height, [], against)
      const of = (p: (typeof points)[number]) =>
        against === 'memory' ? p.choice.memory.totalBytes : p.choice.tokensPerSecond
      for (const a of points) {
        for (const b of points) {
          if (of(a) > of(b)) expect(a.x).toBeGreaterThan(b.x)
          if (a.choice.quality > b.choice.quality) expect(a.y).toBeLessThan(b.y)
        }
      }
    }
  })

  it.each(both)(
    'draws the edge of what can be had: steps one way, and no dot beyond them, against %s',
    async (against) => {
      const { points, frontier } = plot(await advise('full'), width, height, [], against)
      const edge = points.filter((p) => p.best)
      expect(edge.length).toBeGreaterThan(2)
      const heights = edge.map((p) => p.y)
      expect(heights).toEqual([...heights].sort((a, b) => (against === 'memory' ? b - a : a - b)))
      expect(frontier).toMatch(/^M[\d.]+,[\d.]+(?:[HV][\d.]+)+$/)
      for (const p of points) {
        if (p.best) continue
        const beaten = edge.some((e) => e.y <= p.y && (against === 'memory' ? e.x <= p.x : e.x >= p.x))
        expect(beaten, p.choice.id).toBe(true)
      }
    },
  )

  it('gives each fit its own shape', async () => {
    const { points } = plot(await advise('gpu'), width, height, [])
    const kinds = new Map(points.map((p) => [p.choice.fit, p.path.replace(/[-\d.e]+/g, '#')]))
    expect(kinds.size).toBe(2)
    expect(new Set(kinds.values()).size).toBe(2)
  })

  it.each(both)(
    'names the chosen one, with its quant, and writes no name over another or a wall, against %s',
    async (against) => {
      const advice = await advise('gpu')
      const id = advice.choices.findLast((c) => c.quality >= 0)?.id ?? ''
      const { labels, walls } = plot(advice, width, height, [id], against)
      expect(labels[0]?.id).toBe(id)
      const boxes = [...labels, ...walls].map((l) => boxOf(l.words, l))
      boxes.slice(0, labels.length).forEach((a, i) => {
        for (const b of boxes.slice(i + 1)) {
          expect(a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).toBe(false)
        }
      })
    },
  )

  it('draws one wall where graphics and main memory are the same', async () => {
    const advice: Advice = { ...(await advise('full')), gpuFreeBytes: 11e9, ramFreeBytes: 11e9 }
    expect(plot(advice, width, height, [], 'memory').walls).toHaveLength(1)
  })

  it('stands without any model, and with one', async () => {
    const advice = await advise('full')
    expect(plot({ ...advice, choices: [] }, width, height, []).points).toEqual([])
    const one = plot({ ...advice, choices: advice.choices.slice(0, 1) }, width, height, [])
    expect(Number.isFinite(one.points[0]?.x) && Number.isFinite(one.points[0]?.y)).toBe(true)
  })

  it('finds the dot under the pointer, and none far from all', async () => {
    const { points } = plot(await advise('full'), width, height, [])
    const p = points[3]
    expect(nearest(points, (p?.x ?? 0) + 1, p?.y ?? 0)?.choice.id).toBe(p?.choice.id)
    expect(nearest(points, 0, 0)).toBeUndefined()
  })
})

describe('the ticks', () => {
  it('are doublings within the range', () => {
    expect(doublings([0.4, 9])).toEqual([0.5, 1, 2, 4, 8])
    expect(doublings([5, 7])).toEqual([])
  })
})
