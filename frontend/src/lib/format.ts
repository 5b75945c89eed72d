import { text } from '../text'

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Bytes in decimal units, so that files, memory and speeds compare: three digits at most, `98.4 MB`, `2.5 GB`. */
export function bytes(n: number): string {
  if (!Number.isFinite(n) || n <= 0) return '0 B'
  let value = n
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`
}

/** Bytes per second. */
export function rate(n: number): string {
  return `${bytes(n)}/s`
}

/** Tokens per second: one decimal below a hundred. */
export function speed(n: number): string {
  return n >= 99.95 ? n.toFixed(0) : n.toFixed(1)
}

/** Seconds: `0.31 s`, `2.1 s`, `42 s`, `3 min 5 s`. */
export function seconds(n: number): string {
  if (n < 1) return `${n.toFixed(2)} s`
  if (n < 9.95) return `${n.toFixed(1)} s`
  if (n < 59.5) return `${Math.round(n)} s`
  const whole = Math.round(n)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** A length of time as a person says it: "30 s", "3 min". */
export function roughly(seconds: number): string {
  if (seconds < 10) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 55) return `${Math.round(seconds / 5) * 5} s`
  return `${Math.max(1, Math.round(seconds / 60))} min`
}

/** A wait that is foretold, as a person says it: "0.4 s", "12 s", "1.5 min". */
export function wait(seconds: number): string {
  if (seconds < 2.95) return `${Math.max(0.1, seconds).toFixed(1)} s`
  if (seconds < 54.5) return `${Math.round(seconds)} s`
  if (seconds < 570) return `${Math.round(seconds / 30) / 2} min`
  return `${Math.round(seconds / 60)} min`
}

/** A share of one as whole percent. */
export function percent(share: number): string {
  return `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%`
}

/** A whole number with thousands separated. */
export function count(n: number): string {
  return Math.round(n).toLocaleString('en-US')
}

/** A context length as people say it: `8k`, `128k`; others in full, and 128,000, which nobody calls 125k. */
export function context(n: number): string {
  return n >= 1024 && n % 1024 === 0 && n % 1000 !== 0 ? `${n / 1024}k` : count(n)
}

/** A number of parameters as models name it: `135M`, `4B`, `30.5B`. */
export function parameters(n: number): string {
  if (n < 999.5e6) return `${Math.round(n / 1e6)}M`
  return `${Number((n / 1e9).toFixed(n < 99.95e9 ? 1 : 0))}B`
}

/** Reads a number as people write it: `0.3`, `0,3`, `200,000`, `1,500.50`. NaN: not one. */
export function parseNumber(written: string): number {
  const grouped = /^[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/.test(written)
  return Number(grouped ? written.replaceAll(',', '') : written.replace(',', '.'))
}

const day = 86_400_000

/** Midnight at the start of the day that holds `at`, in local time. */
export function startOfDay(at: number): number {
  const date = new Date(at)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}

/** How long ago something was, in words; the date when it is over a week. */
export function ago(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000)
  if (minutes < 1) return text.time.now
  if (minutes < 60) return text.time.minutesAgo(minutes)
  const days = Math.round((startOfDay(now) - startOfDay(at)) / day)
  if (days === 0) return text.time.hoursAgo(Math.floor(minutes / 60))
  if (days === 1) return text.time.yesterday
  if (days < 7) return text.time.daysAgo(days)
  return new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
}

/** How soon something will be, in words. */
export function until(at: number, now: number): string {
  const minutes = Math.round((at - now) / 60_000)
  if (minutes < 1) return text.time.inSeconds
  if (minutes < 60) return text.time.inMinutes(minutes)
  return text.time.inHours(Math.round(minutes / 60))
}

/** A file's name without its folder. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path
}
