import type { Problem } from '../../types'

/** Situations that the stand-in can be in, chosen by `?scene=`. */
export const scenes = [
  'full',
  'welcome',
  'empty',
  'noengine',
  'failed',
  'noroom',
  'streaming',
  'loading',
  'math',
  'rtl',
  'gpu',
  'trouble',
  'downloads',
  'long',
  'busy',
] as const
export type Scene = (typeof scenes)[number]

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

export const noProblem: Problem = { code: '', severity: '', title: '', hint: '' }

export const starterRef = 'smollm2-135m:Q4_1'
export const mainRef = 'qwen3-4b:Q4_K_M'
