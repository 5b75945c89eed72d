import type { Advice, Choice, RentedCard, SumsAnswer, SumsAsk } from '../bridge/types'
import { count, percent } from './format'
import { text } from '../text'

const t = text.sums

/** Reads a number of parameters as people write it: `70B`, `70`, `1.5b`, `500M`, `70,000,000,000`. Null: not one. */
export function parseParameters(written: string): number | null {
  const match = /^([\d.]+)\s*([bm]?)$/i.exec(written.trim().replaceAll(',', ''))
  const number = Number(match?.[1])
  if (!match || !Number.isFinite(number) || number <= 0) return null
  const unit = match[2]?.toLowerCase()
  const params = unit === 'm' ? number * 1e6 : unit === 'b' || number < 100_000 ? number * 1e9 : number
  return params <= 1e14 ? params : null
}

/** Dollars: cents below a hundred, whole above; a tenth of a cent where that is all there is. */
export function money(n: number): string {
  if (n > 0 && n < 0.01) return `$${n.toFixed(3)}`
  const digits = n < 99.995 ? 2 : 0
  return `$${n.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`
}

/** Months as people say them: `12 days`, `8 months`, `2.5 years`. */
export function monthsParts(months: number): { n: string; unit: 'day' | 'month' | 'year' } {
  if (months < 1) return { n: String(Math.max(1, Math.round(months * 30.44))), unit: 'day' }
  if (months < 24) return { n: String(Math.round(months)), unit: 'month' }
  return { n: String(Number((months / 12).toFixed(1))), unit: 'year' }
}

/** A stretch of months in words. */
export function months(n: number): string {
  const { n: shown, unit } = monthsParts(n)
  return t.units[unit](shown)
}

/** Hours in words, in minutes below one. */
export function hours(n: number): string {
  if (n < 0.95) return t.minutes(count(Math.max(1, n * 60)))
  return t.hours(n < 9.95 ? String(Number(n.toFixed(1))) : count(n))
}

const nothingAsked = (ask: SumsAsk) => ask.inputTokensPerDay + ask.outputTokensPerDay <= 0

/** The result in one sentence. */
export function headline(ask: SumsAsk, answer: SumsAnswer): string {
  if (nothingAsked(ask)) return t.nothing
  const gap = answer.apiPerMonth - answer.ownPerMonth
  const life = ask.hardwareYears * 12
  if (answer.hoursPerDay > 24) return t.tooMuch
  if (ask.hardwarePrice > 0 && answer.breakEvenMonths >= 0 && answer.breakEvenMonths <= life) {
    return t.breakEven(months(answer.breakEvenMonths))
  }
  if (Math.abs(gap) < 0.005) return t.same
  if (gap > 0) return t.cheaper(money(gap))
  return ask.hardwarePrice > 0 ? t.dearerOver(money(-gap * life), months(life)) : t.dearer(money(-gap))
}

/** What more there is to say, as plain sentences. */
export function sentences(ask: SumsAsk, answer: SumsAnswer): string[] {
  if (nothingAsked(ask)) return [t.nothingHint]
  const gap = answer.apiPerMonth - answer.ownPerMonth
  const life = ask.hardwareYears * 12
  if (answer.hoursPerDay > 24) return [t.tooMuchHint(hours(answer.hoursPerDay))]
  if (ask.hardwarePrice <= 0) return [t.partsNoHardware]
  if (answer.breakEvenMonths < 0) return [t.never]
  if (answer.breakEvenMonths > life) return [t.breakEvenLate(months(answer.breakEvenMonths), months(life))]
  return Math.abs(gap) < 0.005 ? [t.same] : gap > 0 ? [t.cheaper(money(gap))] : [t.dearer(money(-gap))]
}

/** What a card is rented for and what engines for many people get from it. */
export function rentOf({ rentPerHour, rentTokensPerSecond, rentPromptTokensPerSecond }: RentedCard): Partial<SumsAsk> {
  return { rentPerHour, rentTokensPerSecond, rentPromptTokensPerSecond }
}

/** Which of the cards is asked about; undefined: one with a person's own figures. */
export function rentedCard(ask: SumsAsk, cards: readonly RentedCard[]): RentedCard | undefined {
  return cards.find((card) => Object.entries(rentOf(card)).every(([key, value]) => ask[key as keyof SumsAsk] === value))
}

/** What a rented machine costs against the API. */
export function rentAgainst({ rentPerMonth, apiPerMonth }: SumsAnswer): string {
  if (!apiPerMonth) return t.aMonth
  const share = rentPerMonth / apiPerMonth - 1
  if (Math.abs(share) < 0.005) return t.aMonth
  if (share < 0) return t.rentSaves(percent(-share))
  return share < 1 ? t.rentCosts(percent(share)) : t.rentTimes(String(Number((share + 1).toPrecision(2))))
}

const months12 = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/** A day of a price list, as people write it: `5 August 2026`. */
export function day(iso: string): string {
  const [year, month, date] = iso.split('-').map(Number)
  return [date, months12[(month ?? 0) - 1], year].filter(Boolean).join(' ')
}

/** The size over which, so it is said, only enterprise hardware will do. */
export const claimedLimit = 30e9

/** What a machine says to the claim: the biggest model over the limit that it runs, and the biggest without experts. */
export interface Claim {
  machine: string
  biggest: Choice | undefined
  dense: Choice | undefined
}

function biggestOf(choices: readonly Choice[]): Choice | undefined {
  return [...choices].sort((a, b) => b.params - a.params || b.tokensPerSecond - a.tokensPerSecond)[0]
}

export function claim(machine: string, advice: Advice, readingSpeed: number): Claim {
  const over = advice.choices.filter((c) => c.params > claimedLimit && c.tokensPerSecond >= readingSpeed)
  const dense = over.filter((c) => c.activeParams === 0 || c.activeParams >= c.params)
  return { machine, biggest: biggestOf(over), dense: biggestOf(dense) }
}

/** What all the machines together say. */
export function verdict(claims: readonly Claim[]): string {
  const against = claims.filter((c) => c.biggest)
  if (against.length === 0) return t.claimNone
  const dense = against.filter((c) => c.dense).length
  const first =
    against.length === claims.length ? t.claimAll(claims.length) : t.claimSome(against.length, claims.length)
  return `${first} ${t.claimDense(dense)}`
}
