/**
 * A number with its noun: `1 tensor`, `1,204 tensors`. A number that is written already is taken as it is. `many` is for
 * nouns whose plural has more than an s.
 */
export function plural(n: number | string, one: string, many = `${one}s`): string {
  const written = typeof n === 'number' ? Math.round(n).toLocaleString('en-US') : n
  return `${written} ${written === '1' ? one : many}`
}
