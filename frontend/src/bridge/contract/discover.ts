import type { Bridge } from '../bridge'
import type { Ask, Choice } from '../types'
import { must, rejects, type Clause } from './clause'

export const anyAsk: Ask = {
  use: 'chat',
  context: 4096,
  kv: 'f16',
  minSpeed: 0,
  freeBytes: 0,
  licence: 'any',
  prefer: 'balance',
  machine: '',
}

/** What the advice, the catalog and the cost calculator must keep. */
export function discoverContract(bridge: Bridge): Clause[] {
  return [
    {
      name: 'advice judges each model once, the best first, on this machine',
      run: async () => {
        const advice = await bridge.discover.advise(anyAsk)
        must(advice.machineName === '' && advice.ramFreeBytes > 0, 'this machine, which needs no name')
        must(advice.choices.length > 0 && advice.considered >= advice.choices.length, 'some models fit')
        must((await bridge.discover.models()).length === advice.considered, 'all models of the catalog are counted')
        const ids = [...advice.choices, ...advice.rejected].map((c) => c.id)
        must(new Set(ids).size === ids.length, 'each model once')
        must(advice.choices.filter((c) => c.best).length === 1 && advice.choices[0]?.best === true, 'the best is first')
        must(
          advice.choices.every((c) => c.fit !== 'no' && c.tokensPerSecond > 0 && c.memory.totalBytes > 0),
          'what fits has a speed and a size',
        )
        must(
          advice.choices.every(({ times: t, thinking }) => {
            const waits = t.firstShort.value < t.firstLong.value && t.firstShort.value < t.answer.value
            return waits && t.firstShort.value > 0 && t.answer.error > 0 && (thinking || t.thinkTokens.value === 0)
          }),
          'what fits says how long a person waits: for a long prompt longer, and for the whole answer',
        )
        must(
          advice.choices.some((c) => c.frontier),
          'some are not beaten',
        )
        must(
          advice.rejected.every((r) => r.reason !== '' && Array.isArray(r.remedies)),
          'what is left out says why',
        )
        const misses = advice.rejected.map((r) => r.miss).filter((n) => n > 0)
        must(
          misses.every((n, i) => n >= Math.max(1, misses[i - 1] ?? 1)),
          'the nearest miss comes first',
        )
        must(
          misses.length === advice.rejected.findIndex((r) => r.miss === 0) || misses.length === advice.rejected.length,
          'what no memory and no patience would change comes last',
        )
      },
    },
    {
      name: 'a longer context, less memory and a higher wish never let more models in',
      run: async () => {
        const all = (await bridge.discover.advise(anyAsk)).choices.length
        for (const change of [
          { context: 65_536 },
          { freeBytes: 2e9 },
          { minSpeed: 1 },
          { minSpeed: 60 },
          { licence: 'openSource' },
        ] as const) {
          const { choices } = await bridge.discover.advise({ ...anyAsk, ...change })
          must(choices.length <= all, `not more with ${JSON.stringify(change)}`)
        }
        const slow = await bridge.discover.advise({ ...anyAsk, minSpeed: 60 })
        must(slow.choices.length < all, 'any speed lets in what is slower than a high wish')
        const open = await bridge.discover.advise({ ...anyAsk, licence: 'openSource' })
        must(
          open.choices.every((c) => c.openSource),
          'open source alone when asked for',
        )
      },
    },
    {
      name: 'who prefers quality gets the best first, however long it takes',
      run: async () => {
        const { choices } = await bridge.discover.advise({ ...anyAsk, prefer: 'quality' })
        const worth = (c: Choice) => c.quality - c.qualityError
        const [first, ...others] = choices.filter((c) => c.frontier)
        must(
          first !== undefined && others.every((c) => worth(c) <= worth(first)),
          'no other is surely better than the first',
        )
        await rejects(bridge.discover.advise({ ...anyAsk, prefer: 'luck' as 'quality' }), 'an unknown preference')
      },
    },
    {
      name: 'every quant of a model is judged for itself, by the figures of the advice',
      run: async () => {
        const advice = await bridge.discover.advise(anyAsk)
        for (const choice of advice.choices.slice(0, 3)) {
          const { quants } = await bridge.discover.model(choice.id)
          const verdicts = await bridge.discover.quants(choice.id, anyAsk)
          must(verdicts.map((v) => v.quant).join() === quants.map((q) => q.name).join(), `all quants of ${choice.id}`)
          must(
            verdicts.every((v) => (v.cause === '') === (v.reason === '') && v.bytes > 0),
            'what does not run as asked says why',
          )
          must(
            verdicts.every(
              (v) => v.cause !== '' || (v.fit !== 'no' && v.tokensPerSecond > 0 && v.memory.totalBytes > 0),
            ),
            'what fits has a place, a speed and a size',
          )
          must(
            verdicts.every((v) => v.cause !== 'memory' || (v.fit === 'no' && v.shortByBytes > 0)),
            'what does not fit says how much is missing',
          )
          const own = verdicts.find((v) => v.quant === choice.quant)
          must(own?.cause === '' && own.memory.totalBytes === choice.memory.totalBytes, 'the row of the advice')
        }
        const id = advice.choices[0]?.id ?? ''
        const tight = await bridge.discover.quants(id, { ...anyAsk, freeBytes: 1e6 })
        must(advice.gpuFreeBytes > 0 || tight.every((v) => v.cause === 'memory'), 'nothing fits into no memory')
        await rejects(bridge.discover.quants('no such model', anyAsk), 'an unknown model')
        await rejects(bridge.discover.quants(id, { ...anyAsk, machine: 'no such machine' }), 'an unknown machine')
      },
    },
    {
      name: 'advice can be asked for each known machine, and not for an unknown one',
      run: async () => {
        const profiles = await bridge.discover.profiles()
        must(profiles.length > 0, 'some machines are known')
        for (const { id } of profiles) {
          const advice = await bridge.discover.advise({ ...anyAsk, machine: id })
          must(advice.machineName !== '' && advice.ramFreeBytes > 0, `${id} has a name and memory`)
        }
        await rejects(bridge.discover.advise({ ...anyAsk, machine: 'no such machine' }), 'an unknown machine')
      },
    },
    {
      name: 'every model that is judged is in the catalog, with its sizes and its licence in words',
      run: async () => {
        const models = await bridge.discover.models()
        const byId = new Map(models.map((m) => [m.id, m]))
        const advice = await bridge.discover.advise(anyAsk)
        for (const { id, quant } of advice.choices) {
          const model = byId.get(id)
          must(model?.runs === true, `${id} is there and runs`)
          must(
            model.quants.some((q) => q.name === quant && q.bytes > 0),
            `${id} can be had in ${quant}`,
          )
          must(model.licence.length > 0, `${id} has its licence in words`)
        }
        must(
          models.every((m) => m.runs || m.reason !== ''),
          'what does not run says why',
        )
        const first = models[0]
        must(first !== undefined && (await bridge.discover.model(first.id)).name === first.name, 'one can be fetched')
        await rejects(bridge.discover.model('no such model'), 'an unknown model')
      },
    },
    {
      name: 'sums: half the bits take half the memory, the defaults can be used in a calculation, prices carry their date',
      run: async () => {
        const bits = await bridge.discover.bits(70e9)
        const of = (n: number) => bits.find((row) => row.bits === n)?.bytes ?? 0
        must(of(16) === 140e9 && of(8) === 70e9, '70B: 140 GB and 70 GB')
        const { ask, usages, cards, readingSpeed } = await bridge.discover.sumsStart()
        must(readingSpeed > 4 && readingSpeed < 7, 'people read about five tokens a second')
        must(
          cards[0]?.rentPerHour === ask.rentPerHour && cards.every((c) => c.rentTokensPerSecond > 0),
          'it begins with the first of the cards to rent',
        )
        must(
          ['light', 'daily', 'heavy', 'service'].every((id) =>
            usages.some((u) => u.id === id && u.outputTokensPerDay > 0),
          ),
          'four ways to use a model',
        )
        const answer = await bridge.discover.sums(ask)
        const own = answer.electricityPerMonth + answer.hardwarePerMonth
        must(answer.apiPerMonth > 0 && Math.abs(answer.ownPerMonth - own) < 0.01, 'own is electricity and hardware')
        const bought = { ...ask, hardwarePrice: 2000, hardwareYears: 4, resaleShare: 0 }
        const { hardwarePerMonth } = await bridge.discover.sums(bought)
        must(Math.abs(hardwarePerMonth - 2000 / 48) < 0.01, '$2,000 over four years is $41.67 a month')
        const sold = await bridge.discover.sums({ ...bought, resaleShare: 0.5 })
        must(Math.abs(sold.hardwarePerMonth - hardwarePerMonth / 2) < 0.01, 'what it sells for is no cost')
        const rented = { ...ask, rentPerHour: 2.5, rentHoursPerDay: 24 }
        must((await bridge.discover.sums(rented)).rentPerMonth === 1825, 'a month of 730 hours at $2.50')
        await rejects(bridge.discover.sums({ ...rented, rentHoursPerDay: 25 }), 'more hours than a day has')
        const slow = { ...rented, outputTokensPerDay: 1e9, rentTokensPerSecond: 10 }
        must((await bridge.discover.sums(slow)).rentPerMonth === -1, 'what is too slow can not keep up')
        const prices = await bridge.discover.prices()
        must(
          prices.some((p) => p.current && p.input === ask.inputPrice && p.output === ask.outputPrice),
          'it begins with a current price of the list',
        )
        must(
          prices.length > 0 && prices.every((p) => /^\d{4}-\d{2}/.test(p.date) && p.source !== ''),
          'dates and sources',
        )
      },
    },
  ]
}
