import type { Price, SumsAnswer, SumsAsk } from '../../types'

const table = (provider: string, model: string, input: number, output: number, date: string): Price => ({
  ...{ provider, model, input, output, date },
  source: 'Price list of that day',
})

export const prices: readonly Price[] = [
  table('OpenAI', 'GPT-4 (8k)', 30, 60, '2023-03-14'),
  table('OpenAI', 'GPT-4 Turbo', 10, 30, '2023-11-06'),
  table('OpenAI', 'GPT-4o', 2.5, 10, '2024-10-02'),
  table('OpenAI', 'GPT-4o mini', 0.15, 0.6, '2024-07-18'),
  table('Anthropic', 'Claude 3 Opus', 15, 75, '2024-03-04'),
  table('Anthropic', 'Claude 3.5 Sonnet', 3, 15, '2024-06-20'),
  table('Google', 'Gemini 1.5 Pro', 1.25, 5, '2024-10-01'),
  table('Mistral AI', 'Mistral Large 2', 2, 6, '2024-09-17'),
  table('DeepSeek', 'DeepSeek V3', 0.27, 1.1, '2025-02-08'),
]

export const sumsDefaults: SumsAsk = {
  inputTokensPerDay: 200_000,
  outputTokensPerDay: 50_000,
  inputPrice: 30,
  outputPrice: 60,
  tokensPerSecond: 24.6,
  promptTokensPerSecond: 410,
  watts: 65,
  pricePerKwh: 0.3,
  hardwarePrice: 1500,
  hardwareYears: 4,
}

const daysPerMonth = 30.44

/** What a month costs, as the window calculates it. */
export function sums(ask: SumsAsk): SumsAnswer {
  const perDay = (ask.inputTokensPerDay * ask.inputPrice + ask.outputTokensPerDay * ask.outputPrice) / 1e6
  const hoursPerDay =
    (ask.inputTokensPerDay / ask.promptTokensPerSecond + ask.outputTokensPerDay / ask.tokensPerSecond) / 3600
  const apiPerMonth = perDay * daysPerMonth
  const electricityPerMonth = (hoursPerDay * daysPerMonth * ask.watts * ask.pricePerKwh) / 1000
  const hardwarePerMonth = ask.hardwarePrice / (ask.hardwareYears * 12)
  const saved = apiPerMonth - electricityPerMonth
  return {
    ...{ apiPerMonth, electricityPerMonth, hardwarePerMonth, hoursPerDay },
    ownPerMonth: electricityPerMonth + hardwarePerMonth,
    breakEvenMonths: saved > 0 ? ask.hardwarePrice / saved : -1,
  }
}
