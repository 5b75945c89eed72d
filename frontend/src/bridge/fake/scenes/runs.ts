import type { Source } from '../../types'

/** Models that were run on the stand-in’s machine before, and where the figures come from. */
export const keptRuns: readonly (readonly [id: string, source: Source])[] = [
  ['qwen3-1.7b', 'test drive'],
  ['llama-3.1-8b', 'test drive'],
  ['gpt-oss-20b', 'test drive'],
  ['gemma-3-4b', 'measured'],
]
