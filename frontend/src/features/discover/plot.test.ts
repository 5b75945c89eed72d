import { describe, expect, it } from 'vitest'
import { fakeBridge } from '../../bridge/fake'
import type { Advice } from '../../bridge/types'
import { nearest } from '../../lib/plot'
import { firstAsk } from '../../state/discover.svelte'
import { doublings, margin, plot } from './plot'

const advise = (scene: 'full' | 'gpu') => fakeBridge({ scene, step: 0 }).discover.advise({ ...firstAsk, minSpeed: 0 })
const [width, height] = [800, 360]

describe('the plot', () => {
  it('keeps every dot, wall and label inside its frame', async () => {
    const advice = await advise('gpu')
    const { points, walls, labels } = plot(advice, width, height, [])
    expect(points).toHaveLength(advice.choices.length)
    for (const { x, y } of points) {
      expect(x).toBeGreaterThanOrEqual(margin.left)
      expect(x).toBeLessThanOrEqual(width - margin.right)
      expect(y).toBeGreaterThanOrEqual(margin.top)
      expect(y).toBeLessThanOrEqual(height - margin.bottom)
    }
    expect(walls.map((w) => w.kind)).toEqual(['gpu', 'ram'])
    for (const l of labels) expect(l.x > 0 && l.x < width && l.y > 0 && l.y < height).toBe(true)
  })

  it('puts more memory to the right, more speed higher, and a better model in a larger dot', async () => {
    const { points } = plot(await advise('full'), width, height, [])
    for (const a of points) {
      for (const b of points) {
        if (a.choice.memory.totalBytes > b.choice.memory.totalBytes) expect(a.x).toBeGreaterThan(b.x)
        if (a.choice.tokensPerSecond > b.choice.tokensPerSecond) expect(a.y).toBeLessThan(b.y)
        if (a.choice.quality > b.choice.quality && b.choice.quality >= 0) expect(a.r).toBeGreaterThanOrEqual(b.r)
      }
    }
  })

  it('gives each fit its own shape', async () => {
    const { points } = plot(await advise('gpu'), width, height, [])
    const kinds = new Map(points.map((p) => [p.choice.fit, p.path.replace(/[-\d.e]+/g, '#')]))
    expect(kinds.size).toBe(2)
    expect(new Set(kinds.values()).size).toBe(2)
  })

  it('names the chosen one, with its quant, and never writes one name over another', async () => {
    const advice = await advise('full')
    const id = advice.choices.at(-1)?.id ?? ''
    const { labels } = plot(advice, width, height, [id])
    expect(labels[0]?.id).toBe(id)
    const boxes = labels.map((l) => {
      const long = l.words.length * 6.3
      const left = l.anchor === 'start' ? l.x : l.x - long
      return { left, right: left + long, top: l.y - 7, bottom: l.y + 7 }
    })
    boxes.forEach((a, i) => {
      for (const b of boxes.slice(i + 1)) {
        expect(a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).toBe(false)
      }
    })
  })

  it('draws one wall where graphics and main memory are the same', async () => {
    const advice: Advice = { ...(await advise('full')), gpuFreeBytes: 11e9, ramFreeBytes: 11e9 }
    expect(plot(advice, width, height, []).walls).toHaveLength(1)
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
