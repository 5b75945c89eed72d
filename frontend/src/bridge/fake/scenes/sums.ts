import type { Price, SumsAnswer, SumsAsk, SumsStart, Usage } from '../../types'

const asked = (provider: string, model: string, input: number, output: number): Price => ({
  ...{ provider, model, input, output, date: '2026-08-05', current: true },
  source: 'llm-prices, Simon Willison’s list of prices',
})

const before = (provider: string, model: string, input: number, output: number, date: string): Price => ({
  ...{ provider, model, input, output, date, current: false },
  source: 'its launch price, recalled',
})

export const prices: readonly Price[] = [
  before('OpenAI', 'gpt-4 (8k)', 30, 60, '2023-03-14'),
  before('OpenAI', 'gpt-4-turbo', 10, 30, '2023-11-06'),
  asked('OpenAI', 'gpt-5.4', 2.5, 15),
  asked('OpenAI', 'gpt-5.4-mini', 0.75, 4.5),
  asked('OpenAI', 'gpt-5-nano', 0.05, 0.4),
  asked('Anthropic', 'claude-opus-4-8', 5, 25),
  asked('Anthropic', 'claude-sonnet-5', 3, 15),
  asked('Google', 'gemini-3.6-flash', 1.5, 7.5),
  asked('Google', 'gemini-2.5-flash-lite', 0.1, 0.4),
  asked('Mistral AI', 'mistral-large-latest', 2, 6),
  asked('DeepSeek', 'deepseek-v4-pro', 1.74, 3.48),
  asked('DeepSeek', 'deepseek-v4-flash', 0.14, 0.28),
  asked('xAI', 'grok-4.5', 2, 6),
]

const preset = (id: Usage['id'], messagesPerDay: number): Usage => ({
  ...{ id, messagesPerDay, days: 0 },
  ...{ inputTokensPerDay: messagesPerDay * 1200, outputTokensPerDay: messagesPerDay * 350 },
})

const presets = [preset('light', 10), preset('daily', 40), preset('heavy', 150), preset('service', 25_000)]
const own: Usage = { id: 'own', messagesPerDay: 23.4, inputTokensPerDay: 41_200, outputTokensPerDay: 9_300, days: 30 }

/** What the calculator begins with; somebody who has chatted has a use of their own. */
export function sumsStart(chatted: boolean): SumsStart {
  const usages = chatted ? [own, ...presets] : presets
  const { inputTokensPerDay, outputTokensPerDay } = chatted ? own : preset('daily', 40)
  return {
    ask: {
      ...{ inputTokensPerDay, outputTokensPerDay, inputPrice: 0.75, outputPrice: 4.5 },
      ...{ tokensPerSecond: 24.6, promptTokensPerSecond: 410, watts: 65, pricePerKwh: 0.165 },
      ...{ hardwarePrice: 2000, hardwareYears: 4, resaleShare: 0 },
      ...{ rentPerHour: 2.5, rentHoursPerDay: 24, rentTokensPerSecond: 1500, rentPromptTokensPerSecond: 8000 },
    },
    model: 'Qwen3 4B',
    measured: true,
    power: '',
    readingSpeed: ((238 / 60) * 4) / 3,
    usages,
    cards: [
      { id: 'large', rentPerHour: 2.5, rentTokensPerSecond: 1500, rentPromptTokensPerSecond: 8000 },
      { id: 'small', rentPerHour: 0.9, rentTokensPerSecond: 600, rentPromptTokensPerSecond: 3000 },
    ],
  }
}

const daysPerMonth = 365 / 12

/** What a month costs, as the window calculates it. */
export function sums(ask: SumsAsk): SumsAnswer {
  const perDay = (ask.inputTokensPerDay * ask.inputPrice + ask.outputTokensPerDay * ask.outputPrice) / 1e6
  const hoursPerDay =
    (ask.inputTokensPerDay / ask.promptTokensPerSecond + ask.outputTokensPerDay / ask.tokensPerSecond) / 3600
  const net = ask.hardwarePrice * (1 - ask.resaleShare)
  const apiPerMonth = perDay * daysPerMonth
  const electricityPerMonth = (hoursPerDay * daysPerMonth * ask.watts * ask.pricePerKwh) / 1000
  const hardwarePerMonth = net / (ask.hardwareYears * 12)
  const rentedWork =
    (ask.inputTokensPerDay / ask.rentPromptTokensPerSecond + ask.outputTokensPerDay / ask.rentTokensPerSecond) / 3600
  const saved = apiPerMonth - electricityPerMonth
  return {
    ...{ apiPerMonth, electricityPerMonth, hardwarePerMonth, hoursPerDay },
    ownPerMonth: electricityPerMonth + hardwarePerMonth,
    breakEvenMonths: saved > 0 ? net / saved : -1,
    rentPerMonth: rentedWork > 24 ? -1 : Math.max(ask.rentHoursPerDay, rentedWork) * daysPerMonth * ask.rentPerHour,
  }
}
