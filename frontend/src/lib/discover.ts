// What Discover says and computes, apart from how it is drawn.
import type {
  Advice,
  CatalogModel,
  Choice,
  Figure,
  Fit,
  KVType,
  QuantVerdict,
  Rejection,
  Source,
  Times,
} from '../bridge/types'
import { bytes, count, percent, speed, wait } from './format'
import { text } from '../text'

const t = text.discover

export type SortBy = 'best' | 'size' | 'memory' | 'speed' | 'quality'

/** A verdict in words: never by colour alone. */
export function fitWords(fit: Fit, layersOnGpu = 0, layers = 0): string {
  if (fit === 'partial' && layers > 0) return t.fits.partialOf(layersOnGpu, layers)
  return t.fits[fit]
}

/** A rejection in a few words, for its pill. */
export function outWords(rejection: Pick<Rejection, 'cause' | 'shortByBytes'>): string {
  return rejection.cause === 'memory' ? t.short(bytes(rejection.shortByBytes)) : t.causes[rejection.cause]
}

/** Why a model is out, without what its pill says already. */
export function outReason(rejection: Rejection): string {
  const { reason } = rejection
  const said = outWords(rejection)
  if (!/^[:,] /.test(reason.slice(said.length)) || !reason.startsWith(said)) return reason
  const rest = reason.slice(said.length + 2)
  return rest.charAt(0).toUpperCase() + rest.slice(1)
}

/** Whether a quant fits, or why it is out, for its pill. */
export function quantWords({ cause, shortByBytes, fit, layersOnGpu, layers }: QuantVerdict): string {
  if (cause) return outWords({ cause, shortByBytes })
  if (fit === 'partial' && layers > 0) return t.fits.partialShort(layersOnGpu, layers)
  return fit ? t.fits[fit] : ''
}

/** How its pill looks: where it runs, and red only where it can’t. */
export function quantTone({ cause, fit }: QuantVerdict): Fit | 'neutral' {
  if (cause) return fit === 'no' ? 'no' : 'neutral'
  return fit || 'neutral'
}

/** What to do with a quant: to run what does not fit tells nothing, and a disk that is full takes no file. */
export function quantSteps(verdict: QuantVerdict | undefined): { drive: boolean; download: boolean } {
  if (!verdict) return { drive: true, download: true }
  const fits = verdict.cause !== 'unrunnable' && verdict.fit !== 'no'
  return { drive: fits, download: fits && verdict.cause !== 'disk' && !verdict.installed }
}

/** From where on an error says no more than that a speed is a rough guess. */
const roughError = 1

/** Where a figure came from, and how far off it may be: the one way to say it. */
export function sourceWords(source: Source, error = 0): string {
  // An error as large as the figure itself says no more than that: the advice’s own words say the same.
  if (error >= roughError) return t.rough
  return error > 0 ? t.sourceWithError(t.sources[source], percent(error)) : t.sources[source]
}

/** Where a length of time came from and how far off it may be, as its tag says it. */
export function offBy(figure: Figure): string {
  return figure.source ? sourceWords(figure.source, figure.error) : t.within(percent(figure.error))
}

/** The three times in sentences, with what they rest on. */
export function timesWords(times: Times): string {
  const said = (f: Figure) => `${wait(f.value)} (${offBy(f)})`
  const thoughts = times.thinkTokens.value > 0 ? t.thoughts(count(times.thinkTokens.value), times.thinkOwn) : ''
  return t.timesTip(said(times.firstShort), said(times.firstLong), said(times.answer), thoughts)
}

/** A licence's name, and what it withholds. */
export function licenceWords(of: Pick<Choice, 'licenceName' | 'openSource' | 'commercial'>): string {
  const name = of.licenceName || text.library.noLicence
  if (!of.commercial) return t.licenceNot(name, t.notCommercial)
  return of.openSource ? name : t.licenceNot(name, t.notOpen)
}

/** Points of quality with what they may be off by; a dash where nothing is known. */
export function qualityWords(choice: Pick<Choice, 'quality' | 'qualityError'>): string {
  if (choice.quality < 0) return '–'
  return choice.qualityError > 0
    ? t.plusMinus(count(choice.quality), count(choice.qualityError))
    : count(choice.quality)
}

/** A whole row in one sentence, for the dot of the plot and for screen readers. */
export function rowWords(choice: Choice): string {
  return t.row(
    `${choice.model} ${choice.quant}`,
    fitWords(choice.fit, choice.layersOnGpu, choice.layers),
    bytes(choice.memory.totalBytes),
    speed(choice.tokensPerSecond),
    sourceWords(choice.source, choice.error),
    qualityWords(choice),
  )
}

/** The one thing to do next with a model: a test drive comes before the download, because it is quick and tells. */
export function nextStep(choice: Choice, onThisMachine: boolean): 'chat' | 'testdrive' | 'download' | 'details' {
  if (!onThisMachine) return 'details'
  if (choice.installed) return 'chat'
  return choice.source === 'estimated' ? 'testdrive' : 'download'
}

/** Whether a name has every word of a query. `4b` is not found in `14B`. */
function holds(name: string, query: string): boolean {
  const all = name.toLowerCase()
  const has = (word: string) => {
    for (let at = all.indexOf(word); at >= 0; at = all.indexOf(word, at + 1)) {
      if (!/^\d/.test(word) || !/[\d.]/.test(all.charAt(at - 1))) return true
    }
    return false
  }
  return query.toLowerCase().split(/\s+/).filter(Boolean).every(has)
}

/** Models that fit, in the order asked for. */
export function fitting(advice: Advice, query: string, by: SortBy, descending: boolean): Choice[] {
  const found = advice.choices.filter((c) => holds(`${c.model} ${c.id} ${c.family} ${c.quant} ${c.licenceName}`, query))
  if (by === 'best') return found
  const of = (c: Choice) =>
    ({ size: c.bytes, memory: c.memory.totalBytes, speed: c.tokensPerSecond, quality: c.quality })[by]
  return [...found].sort((a, b) => (descending ? of(b) - of(a) : of(a) - of(b)))
}

/** Models left out, the nearest miss first, as the advice has them. */
export function leftOut(advice: Advice, query: string): Rejection[] {
  return advice.rejected.filter((r) => holds(`${r.model} ${r.id} ${r.quant}`, query))
}

/** What most rows have in common, so that a row says it only where it differs. */
export function usual<T>(values: readonly T[]): T | undefined {
  const counted = new Map<T, number>()
  for (const value of values) counted.set(value, (counted.get(value) ?? 0) + 1)
  const [first] = [...counted].sort((a, b) => b[1] - a[1])
  return first && first[1] * 2 > values.length ? first[0] : undefined
}

/** What was left out and is bigger than the pick: the answer to “why not a bigger one?”. */
export function bigger(advice: Advice, models: ReadonlyMap<string, CatalogModel>, pick: Choice): Rejection[] {
  return leftOut(advice, '').filter((r) => (models.get(r.id)?.params ?? r.bytes * 2) > pick.params)
}

export const kvTypes: readonly KVType[] = ['f16', 'q8_0', 'q4_0']

/** 512 to 262144 tokens, two steps to each doubling. */
export const contextSteps: readonly number[] = Array.from({ length: 19 }, (_, i) =>
  i % 2 === 0 ? 512 * 2 ** (i / 2) : 768 * 2 ** ((i - 1) / 2),
)

/** Tokens per second; 0: any. */
export const speedSteps: readonly number[] = [0, 1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100]

/** Bytes of free memory to pretend; 0: what is free now. */
export const memorySteps: readonly number[] = [0, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512].map(
  (n) => n * 1e9,
)

/** The place of a value on a slider: the step that is nearest to it. */
export function stepOf(steps: readonly number[], value: number): number {
  let best = 0
  steps.forEach((step, i) => {
    if (Math.abs(step - value) < Math.abs((steps[best] ?? 0) - value)) best = i
  })
  return best
}
