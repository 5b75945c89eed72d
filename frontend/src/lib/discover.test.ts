import { describe, expect, it } from 'vitest'
import { fakeBridge } from '../bridge/fake'
import type { Advice, CatalogModel, Choice, Figure } from '../bridge/types'
import { firstAsk } from '../state/discover.svelte'
import {
  bigger,
  contextSteps,
  fitting,
  fitWords,
  leftOut,
  licenceWords,
  nextStep,
  outReason,
  outWords,
  qualityWords,
  quantSteps,
  quantTone,
  quantWords,
  rowWords,
  sourceWords,
  stepOf,
  timesWords,
  usual,
} from './discover'
import { bytes, parameters, parseNumber } from './format'
import { claim, day, headline, hours, money, months, parseParameters, rentAgainst, sentences, verdict } from './sums'

const service = fakeBridge({ scene: 'gpu', step: 0 }).discover
const advice: Advice = await service.advise({ ...firstAsk, minSpeed: 0 })
const models: ReadonlyMap<string, CatalogModel> = new Map((await service.models()).map((m) => [m.id, m]))

function choice(part: Partial<Choice> = {}): Choice {
  const any = advice.choices[0]
  if (!any) throw new Error('no choices')
  return { ...any, ...part }
}

describe('a row in words', () => {
  it('says its fit without colour', () => {
    expect(fitWords('gpu')).toBe('Fits the GPU')
    expect(fitWords('partial', 27, 32)).toBe('27 of 32 layers on GPU')
    expect(fitWords('partial')).toBe('GPU and memory')
    expect(fitWords('ram')).toBe('Runs in memory')
  })

  it('says by how much a model is short, or what else is against it', () => {
    const out = { id: 'x', model: 'X', quant: 'Q4_K_M', reason: 'r', bytes: 1, miss: 2, remedies: [] }
    const short = { ...out, cause: 'memory', shortByBytes: 21e9 } as const
    expect(outWords(short)).toBe('Short by 21.0 GB')
    expect(outReason({ ...short, reason: 'Short by 21.0 GB: it needs 36.1 GB.' })).toBe('It needs 36.1 GB.')
    expect(outReason({ ...short, reason: 'Short by 21.0 GB, even at Q2_K: it needs 36.1 GB.' })).toBe(
      'Even at Q2_K: it needs 36.1 GB.',
    )
    expect(outWords({ ...out, cause: 'unrunnable', shortByBytes: 0 })).toBe('Does not run')
    expect(outWords({ ...out, cause: 'slow', shortByBytes: 0 })).toBe('Too slow')
  })

  it('says where a figure came from', () => {
    expect(sourceWords('estimated', 0.15)).toBe('estimated ±15%')
    expect(sourceWords('measured')).toBe('measured')
    // As the advice says it in its sentences.
    expect(sourceWords('estimated', 9.8)).toBe('a rough guess')
  })

  it('says what a person waits for, and what that rests on', () => {
    const figure = (value: number, error: number, source: Figure['source'] = 'estimated') => ({ value, error, source })
    const times = {
      ...{ firstShort: figure(61, 0.3), firstLong: figure(130, 0.3), answer: figure(95, 1.2) },
      ...{ thinkTokens: figure(600, 0.5), thinkOwn: false, full: figure(9, 0.3) },
    }
    const plain = { ...times, firstShort: figure(0.42, 0.04, 'measured'), thinkTokens: figure(0, 0, '') }
    expect(timesWords(plain)).toBe(
      'First word after 0.4 s (measured ±4%), or 2 min (estimated ±30%) for a prompt of 4,000 tokens. A typical answer takes 1.5 min (a rough guess).',
    )
    expect(timesWords(times)).toContain(
      'It thinks first: 600 tokens, as models like it do in published tests, until five of your own answers tell.',
    )
    expect(timesWords({ ...times, thinkOwn: true })).toContain('It thinks first: 600 tokens, as in your own answers.')
  })

  it('says what a licence withholds', () => {
    const of = { licenceName: 'Gemma terms', openSource: false, commercial: true }
    expect(licenceWords(of)).toBe('Gemma terms, not open source')
    expect(licenceWords({ ...of, commercial: false })).toBe('Gemma terms, no commercial use')
    expect(licenceWords({ licenceName: 'MIT', openSource: true, commercial: true })).toBe('MIT')
    expect(licenceWords({ licenceName: '', openSource: true, commercial: true })).toBe('licence not stated')
  })

  it('does not make up a quality', () => {
    expect(qualityWords({ quality: -1, qualityError: 3 })).toBe('–')
    expect(qualityWords({ quality: 61.4, qualityError: 3 })).toBe('61 ±3')
  })

  it('is one sentence for a screen reader', () => {
    expect(
      rowWords(
        choice({
          ...{ model: 'Qwen3 4B', quant: 'Q4_K_M', fit: 'gpu', tokensPerSecond: 24.6 },
          ...{ source: 'test drive', error: 0.04, quality: 55, qualityError: 3 },
          memory: { weightsBytes: 0, kvBytes: 0, computeBytes: 0, totalBytes: 3.1e9, seesBytes: 0 },
        }),
      ),
    ).toBe('Qwen3 4B Q4_K_M: Fits the GPU, 3.1 GB, writes 24.6 t/s (test drive ±4%), quality 55 ±3')
  })
})

describe('a quant', () => {
  it('says in a few words whether it fits and why not, and offers what makes sense', async () => {
    const chosen = choice()
    const tight = await service.quants(chosen.id, { ...firstAsk, minSpeed: 0, context: 32_768 })
    const [some] = tight
    if (!some) throw new Error('no quants')
    const fits = { ...some, cause: '', reason: '', fit: 'ram', shortByBytes: 0, installed: false } as const
    const steps = (part: Partial<typeof some>) => {
      const verdict = { ...fits, ...part }
      return [quantWords(verdict), quantTone(verdict), quantSteps(verdict)]
    }
    const both = { drive: true, download: true }
    expect(steps({})).toEqual(['Runs in memory', 'ram', both])
    expect(steps({ fit: 'partial', layers: 32, layersOnGpu: 20 })).toEqual(['20/32 on GPU', 'partial', both])
    expect(steps({ installed: true })[2]).toEqual({ drive: true, download: false })
    const neither = { drive: false, download: false }
    expect(steps({ cause: 'memory', fit: 'no', shortByBytes: 3e9 })).toEqual(['Short by 3.0 GB', 'no', neither])
    expect(steps({ cause: 'unrunnable', fit: '' })).toEqual(['Does not run', 'neutral', neither])
    expect(steps({ cause: 'slow' })).toEqual(['Too slow', 'neutral', both])
    expect(steps({ cause: 'disk' })).toEqual(['No room on disk', 'neutral', { drive: true, download: false }])
    expect(steps({ cause: 'licence' })).toEqual(['Licence', 'neutral', both])
    expect(quantSteps(undefined)).toEqual(both)
  })
})

describe('the next step', () => {
  it.each([
    ['chat', { installed: true, source: 'estimated' }, true],
    ['testdrive', { installed: false, source: 'estimated' }, true],
    ['download', { installed: false, source: 'test drive' }, true],
    ['details', { installed: true, source: 'measured' }, false],
  ] as const)('is %s', (step, part, here) => {
    expect(nextStep(choice(part), here)).toBe(step)
  })
})

describe('the table', () => {
  it('keeps the order of the advice unless another is asked for', () => {
    expect(fitting(advice, '', 'best', true)).toEqual(advice.choices)
    const byMemory = fitting(advice, '', 'memory', false).map((c) => c.memory.totalBytes)
    expect(byMemory).toEqual([...byMemory].sort((a, b) => a - b))
    const bySpeed = fitting(advice, '', 'speed', true).map((c) => c.tokensPerSecond)
    expect(bySpeed).toEqual([...bySpeed].sort((a, b) => b - a))
  })

  it('finds by every word of a name, a family or a licence', () => {
    expect(fitting(advice, 'QWEN 4b', 'best', true).map((c) => c.id)).toEqual(['qwen3.5-4b', 'qwen3-4b'])
    expect(fitting(advice, 'gemma terms', 'best', true).every((c) => c.licenceName === 'Gemma Terms of Use')).toBe(true)
    expect(fitting(advice, 'no such model', 'best', true)).toEqual([])
    expect(leftOut(advice, 'llama 70b').map((r) => r.id)).toEqual(['llama-3.3-70b'])
  })

  it('lists the nearest miss first, of memory and of speed, and what neither keeps out last', async () => {
    const { rejected } = await service.advise({ ...firstAsk, minSpeed: 20 })
    const misses = rejected.map((r) => r.miss)
    const count = misses.filter((n) => n > 0).length
    expect(misses.slice(0, count)).toEqual(misses.filter((n) => n > 0).sort((a, b) => a - b))
    expect(new Set(rejected.slice(0, count).map((r) => r.cause)).size).toBeGreaterThan(1)
    expect(leftOut({ ...advice, rejected }, '')).toEqual(rejected)
  })

  it('says in a row only what most rows do not have', () => {
    expect(usual(['ram', 'ram', 'gpu'])).toBe('ram')
    expect(usual(['ram', 'gpu'])).toBeUndefined()
    expect(usual([])).toBeUndefined()
  })

  it('answers “why not a bigger one?” with bigger ones alone', () => {
    const pick = choice({ params: 8e9 })
    const out = bigger(advice, models, pick)
    expect(out.length).toBeGreaterThan(0)
    expect(out.every((r) => (models.get(r.id)?.params ?? 0) > 8e9)).toBe(true)
  })
})

describe('a slider', () => {
  it('goes from 512 to 262144 tokens, two stops to a doubling', () => {
    expect([contextSteps[0], contextSteps[1], contextSteps.at(-1)]).toEqual([512, 768, 262_144])
    expect(contextSteps[stepOf(contextSteps, 8192)]).toBe(8192)
    expect(contextSteps[stepOf(contextSteps, 9000)]).toBe(8192)
  })
})

describe('numbers as people write them', () => {
  it.each([
    ['70B', 70e9],
    ['70', 70e9],
    ['1.5b', 1.5e9],
    ['500M', 5e8],
    ['70,000,000,000', 70e9],
    ['0', null],
    ['', null],
    ['a lot', null],
    ['-3B', null],
    ['9e99', null],
  ])('%s parameters', (written, params) => {
    expect(parseParameters(written)).toBe(params)
  })

  it.each([
    ['0.3', 0.3],
    ['0,3', 0.3],
    ['200,000', 200_000],
    ['1,500.50', 1500.5],
    ['-1', -1],
  ])('%s', (written, number) => {
    expect(parseNumber(written)).toBe(number)
  })

  it('are not made of words', () => {
    expect(parseNumber('ten')).toBeNaN()
  })

  it('come back short', () => {
    expect([135e6, 1.5e9, 70e9, 30.53e9, 671e9].map(parameters)).toEqual(['135M', '1.5B', '70B', '30.5B', '671B'])
    expect([140e9, 35e9, 1.5e9, 0.25e9].map(bytes)).toEqual(['140 GB', '35.0 GB', '1.5 GB', '250 MB'])
    expect([0, 0.004, 0.5, 31.25, 1234.5].map(money)).toEqual(['$0.00', '$0.004', '$0.50', '$31.25', '$1,235'])
    expect([0.2, 1, 8.4, 30].map(months)).toEqual(['6 days', '1 month', '8 months', '2.5 years'])
    expect([0.25, 1, 3.9, 31].map(hours)).toEqual(['15 minutes', '1 hour', '3.9 hours', '31 hours'])
  })
})

describe('the result of the sums', () => {
  const ask = {
    ...{ inputTokensPerDay: 1, outputTokensPerDay: 1, inputPrice: 30, outputPrice: 60, tokensPerSecond: 20 },
    ...{ promptTokensPerSecond: 400, watts: 65, pricePerKwh: 0.3, hardwarePrice: 1500, hardwareYears: 4 },
    resaleShare: 0,
    ...{ rentPerHour: 2.5, rentHoursPerDay: 24, rentTokensPerSecond: 1500, rentPromptTokensPerSecond: 8000 },
  }
  const answer = {
    ...{ apiPerMonth: 200, electricityPerMonth: 2, hardwarePerMonth: 31.25, ownPerMonth: 33.25 },
    ...{ hoursPerDay: 1, breakEvenMonths: 7.6, rentPerMonth: 1825 },
  }

  it('is one sentence first, and what it rests on after it', () => {
    expect(headline(ask, answer)).toBe('Your machine has paid for itself after 8 months.')
    expect(sentences(ask, answer)).toEqual(['Your machine is cheaper by $167 a month.'])
  })

  it('says first that the machine can’t keep up, and nothing of what it would save', () => {
    const slow = { ...answer, hoursPerDay: 119, breakEvenMonths: -1 }
    expect(headline(ask, slow)).toBe('Your machine can’t keep up.')
    expect(sentences(ask, slow)).toEqual(['It would have to work 119 hours a day. Use fewer tokens or a faster model.'])
  })

  it.each([
    [50, 'a month: 75% less than the API'],
    [200, 'a month'],
    [300, 'a month: 50% more than the API'],
    [1825, 'a month: 9.1 times the API'],
  ])('says what renting at %d dollars costs against the API', (rentPerMonth, words) => {
    expect(rentAgainst({ ...answer, rentPerMonth })).toBe(words)
  })

  it('says so when the machine never pays, or not in its life, or is there anyway', () => {
    const dear = { ...answer, apiPerMonth: 1, breakEvenMonths: -1 }
    expect(headline(ask, dear)).toBe('The API is cheaper: by $1,548 over 4 years.')
    expect(sentences(ask, dear)[0]).toContain('never pays')
    expect(sentences(ask, { ...answer, breakEvenMonths: 60 })[0]).toContain('5 years, but lasts 4 years')
    const there = { ...ask, hardwarePrice: 0 }
    const alone = { ...answer, hardwarePerMonth: 0, ownPerMonth: 2, breakEvenMonths: 0 }
    expect(headline(there, alone)).toBe('Your machine is cheaper by $198 a month.')
    expect(sentences(there, alone)[0]).toContain('have the machine anyway')
  })

  it('compares nothing at no messages', () => {
    const none = { ...ask, inputTokensPerDay: 0, outputTokensPerDay: 0 }
    const zero = { ...answer, apiPerMonth: 0, ownPerMonth: 0, electricityPerMonth: 0, breakEvenMonths: -1 }
    expect(headline(none, zero)).toContain('nothing to compare')
    expect(sentences(none, zero).join()).not.toContain('never pays')
  })

  it('names the day of a price as people do', () => {
    expect(day('2026-08-05')).toBe('5 August 2026')
    expect(day('2023-03')).toBe('March 2023')
  })
})

describe('the claim that over 30B needs enterprise hardware', () => {
  it('is held by a small laptop and contradicted by a big one, also without experts', async () => {
    const ask = { ...firstAsk, minSpeed: 5.3 }
    const claims = await Promise.all(
      ['laptop-8gb', 'unified-128gb'].map(async (machine) =>
        claim(machine, await service.advise({ ...ask, machine }), ask.minSpeed),
      ),
    )
    expect(claims[0]?.biggest).toBeUndefined()
    expect(claims[1]?.biggest?.params).toBeGreaterThan(30e9)
    expect(claims[1]?.dense?.activeParams).toBe(claims[1]?.dense?.params)
    expect(verdict(claims)).toBe('1 of these 2 machines contradicts it. 1 of them also without a mixture of experts.')
    expect(verdict(claims.slice(0, 1))).toBe('None of these machines contradicts it.')
  })
})
