import type { Download, Hit, Ledger, Problem } from '../../types'
import { minute, noProblem, type Scene } from './scene'

export const hub = 'huggingface.co'
export const registry = 'registry.ollama.ai'

const stalled: Problem = {
  code: 'network',
  severity: 'error',
  title: 'The connection was lost and could not be made again.',
  hint: 'Check the network and press Try again. What is there is kept.',
}

export function download(
  part: Partial<Download> & Pick<Download, 'id' | 'ref' | 'name' | 'quant' | 'total'>,
): Download {
  return {
    ...{
      seq: 0,
      host: registry,
      state: 'queued',
      done: 0,
      bytesPerSecond: 0,
      secondsLeft: -1,
      waiting: '',
      retryAt: 0,
    },
    ...{ problem: noProblem, model: '', addedAt: 0, endedAt: 0 },
    ...part,
  }
}

/** What is under way when the page is opened. */
export function downloads(scene: Scene, now: number): Download[] {
  if (scene !== 'downloads') return []
  return [
    download({
      ...{ id: 'w1', ref: 'llama-3.2-3b:Q4_K_M', name: 'Llama 3.2 3B', quant: 'Q4_K_M', state: 'running' },
      ...{ total: 2_019_377_696, done: 846_102_528, bytesPerSecond: 24_600_000, secondsLeft: 48 },
      addedAt: now - 40_000,
    }),
    download({
      ...{ id: 'w2', ref: 'hf.co/bartowski/Qwen2.5-Coder-7B-Instruct-GGUF:Q4_K_M', quant: 'Q4_K_M', host: hub },
      ...{ name: 'Qwen2.5 Coder 7B', total: 4_683_074_240, addedAt: now - 30_000 },
    }),
    download({
      ...{ id: 'w3', ref: 'phi-4-mini:Q8_0', name: 'Phi-4 mini', quant: 'Q8_0', host: hub, state: 'paused' },
      ...{ total: 4_083_000_000, done: 1_204_000_000, addedAt: now - 90 * minute },
    }),
    download({
      ...{ id: 'w4', ref: 'gemma-3-12b:Q4_K_M', name: 'Gemma 3 12B', quant: 'Q4_K_M', state: 'failed' },
      ...{ total: 7_300_000_000, done: 5_112_000_000, problem: stalled, addedAt: now - 200 * minute },
    }),
    download({
      ...{
        id: 'w5',
        ref: 'qwen3-4b:Q4_K_M',
        name: 'Qwen3 4B',
        quant: 'Q4_K_M',
        state: 'done',
        model: 'qwen3-4b:Q4_K_M',
      },
      ...{ total: 2_497_280_256, done: 2_497_280_256, addedAt: now - 300 * minute, endedAt: now - 296 * minute },
    }),
  ]
}

/** What a search of Hugging Face finds from. */
export const hits: readonly Omit<Hit, 'ref'>[] = [
  {
    ...{
      owner: 'LGAI-EXAONE',
      name: 'EXAONE-4.0-1.2B-GGUF',
      downloads: 18_400,
      likes: 61,
      updatedAt: 1_752_000_000_000,
    },
    ...{ licenceName: 'EXAONE 1.2, research only', gated: false, params: 1.28e9, context: 65_536 },
  },
  {
    ...{ owner: 'ibm-granite', name: 'granite-4.0-h-tiny-GGUF', downloads: 42_100, likes: 88 },
    ...{ updatedAt: 1_759_000_000_000, licenceName: 'Apache-2.0', gated: false, params: 6.94e9, context: 131_072 },
  },
  {
    ...{ owner: 'utter-project', name: 'EuroLLM-9B-Instruct-GGUF', downloads: 2_310, likes: 17 },
    ...{ updatedAt: 1_733_000_000_000, licenceName: '', gated: true, params: 9.15e9, context: 4096 },
  },
]

/** What has been connected to before the page is opened. */
export function ledger(scene: Scene, now: number): Ledger {
  const none: Ledger = { connections: [], count: 0, bytesIn: 0, bytesOut: 0 }
  if (scene !== 'downloads' && scene !== 'gpu') return none
  const connections = [
    ['You downloaded Qwen3 4B Q4_K_M', registry, 2_497_280_256, 41_200, 296, false],
    ['You searched for “coder 7b”', hub, 31_200, 900, 31, false],
    ['You looked at Qwen2.5 Coder 7B Q4_K_M', hub, 5_930_000, 2_100, 30, false],
    ['You downloaded Gemma 3 12B Q4_K_M', registry, 5_112_000_000, 88_000, 200, true],
  ] as const
  const rows = connections
    .map(([why, host, bytesIn, bytesOut, ago, failed]) => ({
      ...{ why, host, bytesIn, bytesOut, failed },
      at: now - ago * minute,
    }))
    .sort((a, b) => b.at - a.at)
  return {
    connections: rows,
    count: rows.length,
    bytesIn: rows.reduce((sum, r) => sum + r.bytesIn, 0),
    bytesOut: rows.reduce((sum, r) => sum + r.bytesOut, 0),
  }
}
