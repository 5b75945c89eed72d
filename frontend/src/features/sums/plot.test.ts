import { describe, expect, it } from 'vitest'
import { margin, plot } from './plot'

const ask = {
  ...{ inputTokensPerDay: 1, outputTokensPerDay: 1, inputPrice: 30, outputPrice: 60, tokensPerSecond: 20 },
  ...{ promptTokensPerSecond: 400, watts: 65, pricePerKwh: 0.3, hardwarePrice: 2000, hardwareYears: 4, resaleShare: 0 },
  ...{ rentPerHour: 2.5, rentHoursPerDay: 24, rentTokensPerSecond: 1500, rentPromptTokensPerSecond: 8000 },
}
const answer = {
  ...{ apiPerMonth: 92, electricityPerMonth: 2.15, hardwarePerMonth: 41.67, ownPerMonth: 43.82 },
  ...{ hoursPerDay: 1, breakEvenMonths: 2000 / 89.85, rentPerMonth: 60 },
}
const [width, height] = [600, 300]

describe('the plot of what was spent', () => {
  it('marks where both have cost the same, on both lines', () => {
    const { crossing, api, own } = plot(ask, answer, width, height)
    expect(crossing?.months).toBeCloseTo(22.26, 2)
    for (const path of [api, own]) {
      const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = path.match(/[\d.]+/g)?.map(Number) ?? []
      const on = y0 + ((y1 - y0) * ((crossing?.x ?? 0) - x0)) / (x1 - x0)
      expect(Math.abs(on - (crossing?.y ?? 0))).toBeLessThan(0.5)
    }
  })

  it('shows a crossing after the machine’s life where it is near, and none that never comes', () => {
    const late = plot(
      ask,
      { ...answer, breakEvenMonths: 60, apiPerMonth: 35.5, electricityPerMonth: 2.15 },
      width,
      height,
    )
    expect(late.crossing?.x).toBeGreaterThan(late.life)
    expect(plot(ask, { ...answer, breakEvenMonths: -1 }, width, height).crossing).toBeNull()
    expect(plot({ ...ask, hardwarePrice: 0 }, { ...answer, breakEvenMonths: 0 }, width, height).crossing).toBeNull()
  })

  it('names the crossing above the axis, also where it is low', () => {
    for (const apiPerMonth of [92, 1135]) {
      const { crossing } = plot(
        ask,
        { ...answer, apiPerMonth, breakEvenMonths: 2000 / (apiPerMonth - 2.15) },
        width,
        height,
      )
      expect(crossing?.label.y).toBeLessThan(height - margin.bottom - 4)
    }
  })

  it('keeps the names of the lines apart and inside', () => {
    const near = plot(ask, { ...answer, apiPerMonth: 43.8, breakEvenMonths: 48, rentPerMonth: 43.7 }, width, height)
    const ends = [near.apiEnd, near.ownEnd, near.rentEnd].sort((a, b) => a.y - b.y)
    for (const [i, end] of ends.slice(1).entries()) expect(end.y - (ends[i]?.y ?? 0)).toBeGreaterThanOrEqual(15.9)
    for (const end of ends) {
      expect(end.x).toBeLessThanOrEqual(width - margin.right)
      expect(end.y).toBeGreaterThan(0)
    }
  })

  it('leaves out a rented machine that is too slow, and one that costs far more than both', () => {
    expect(plot(ask, answer, width, height).rent).not.toBe('')
    expect(plot(ask, { ...answer, rentPerMonth: -1 }, width, height).rent).toBe('')
    expect(plot(ask, { ...answer, rentPerMonth: 1825 }, width, height).rent).toBe('')
  })
})
