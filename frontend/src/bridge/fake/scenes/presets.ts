import type { ChatDefaults, ChatOptions, ChatPreset } from '../../types'
import { starterRef } from './scene'

const open: ChatOptions = {
  ...{ system: '', temperature: -1, topP: -1, topK: -1, minP: -1, repeatPenalty: -1, stop: [] },
  ...{ seed: -1, maxTokens: 0, contextLength: 0 },
}

const builtIn = (name: string, temperature: number, topP: number, minP: number, topK: number): ChatPreset => ({
  name,
  builtIn: true,
  options: { ...open, temperature, topP, minP, topK },
})

/** Those that come with the app. */
export const presets: readonly ChatPreset[] = [
  builtIn('Precise', 0.2, 0.9, 0.05, 40),
  builtIn('Balanced', 0.7, 0.9, 0.05, 40),
  builtIn('Creative', 1.1, 0.95, 0.05, 0),
]

/** What a model brings; the starter its own prompt and temperature, the others nothing. */
export function defaults(ref: string): ChatDefaults {
  const engine = { temperature: 0.8, topP: 0.9, topK: 40, minP: 0, repeatPenalty: 1, stop: [] }
  if (ref !== starterRef) return { ...engine, system: '', fromModel: [] }
  const system = 'You are a helpful assistant. Answer briefly and plainly.'
  return { ...engine, system, temperature: 0.2, fromModel: ['system', 'temperature'] }
}
