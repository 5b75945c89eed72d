import type { Answer, Benchmark, CatalogModel, Price, Profile, SumsAsk } from '../types'

/** A model as the stand-in knows it: what the catalog says, and what its sums need. */
export interface Known {
  id: string
  name: string
  family: string
  publisher: string
  released: string
  /** thousands of millions */
  params: number
  /** thousands of millions that work on each token */
  active: number
  context: number
  layers: number
  /** bytes that one token of context takes at f16 */
  kvBytes: number
  /** 0..100 for chat, code and reasoning; -1: not known */
  quality: readonly [number, number, number]
  licence: keyof typeof licences
  /** v: vision, t: tools, r: reasoning, w: reads well at length, x: the engine can't run it */
  flags: string
}

const licences = {
  apache: { name: 'Apache-2.0', open: true, commercial: true },
  mit: { name: 'MIT', open: true, commercial: true },
  gemma: { name: 'Gemma terms', open: false, commercial: true },
  llama31: { name: 'Llama 3.1, 700M-user clause', open: false, commercial: true },
  llama32: { name: 'Llama 3.2, 700M-user clause', open: false, commercial: true },
  llama33: { name: 'Llama 3.3, 700M-user clause', open: false, commercial: true },
  falcon: { name: 'Falcon terms', open: false, commercial: true },
  qwenResearch: { name: 'Qwen research licence', open: false, commercial: false },
  ccNc: { name: 'CC-BY-NC-4.0', open: false, commercial: false },
} as const

type Row = [
  id: string,
  name: string,
  family: string,
  publisher: string,
  released: string,
  params: number,
  active: number,
  context: number,
  layers: number,
  kvKilobytes: number,
  chat: number,
  code: number,
  reasoning: number,
  licence: Known['licence'],
  flags: string,
]

const k = 1024

// prettier-ignore
const rows: Row[] = [
  ['smollm2-135m', 'SmolLM2 135M', 'SmolLM', 'Hugging Face', '2024-10-31', 0.135, 0.135, 8 * k, 30, 22, 9, 3, 2, 'apache', ''],
  ['smollm2-1.7b', 'SmolLM2 1.7B', 'SmolLM', 'Hugging Face', '2024-10-31', 1.71, 1.71, 8 * k, 24, 196, 24, 14, 10, 'apache', ''],
  ['qwen3-0.6b', 'Qwen3 0.6B', 'Qwen', 'Alibaba', '2025-04-28', 0.75, 0.75, 40 * k, 28, 115, 23, 18, 20, 'apache', 'tr'],
  ['gemma-3-1b', 'Gemma 3 1B', 'Gemma', 'Google', '2025-03-12', 1.0, 1.0, 32 * k, 26, 12, 30, 17, 12, 'gemma', ''],
  ['llama-3.2-1b', 'Llama 3.2 1B', 'Llama', 'Meta', '2024-09-25', 1.24, 1.24, 128 * k, 16, 33, 25, 15, 9, 'llama32', 't'],
  ['qwen3-1.7b', 'Qwen3 1.7B', 'Qwen', 'Alibaba', '2025-04-28', 2.03, 2.03, 40 * k, 28, 115, 37, 31, 36, 'apache', 'tr'],
  ['granite-3.3-2b', 'Granite 3.3 2B', 'Granite', 'IBM', '2025-04-16', 2.53, 2.53, 128 * k, 40, 82, 35, 30, 27, 'apache', 'tw'],
  ['llama-3.2-3b', 'Llama 3.2 3B', 'Llama', 'Meta', '2024-09-25', 3.21, 3.21, 128 * k, 28, 115, 41, 31, 24, 'llama32', 'tw'],
  ['qwen2.5-coder-3b', 'Qwen2.5 Coder 3B', 'Qwen', 'Alibaba', '2024-11-12', 3.09, 3.09, 32 * k, 36, 37, 34, 47, 26, 'qwenResearch', ''],
  ['phi-4-mini', 'Phi-4 mini', 'Phi', 'Microsoft', '2025-02-27', 3.84, 3.84, 128 * k, 32, 131, 46, 42, 41, 'mit', 'tw'],
  ['gemma-3-4b', 'Gemma 3 4B', 'Gemma', 'Google', '2025-03-12', 3.88, 3.88, 128 * k, 34, 28, 52, 38, 33, 'gemma', 'vw'],
  ['qwen3-4b', 'Qwen3 4B', 'Qwen', 'Alibaba', '2025-04-28', 4.02, 4.02, 40 * k, 36, 147, 55, 52, 58, 'apache', 'tr'],
  ['gpt-j-6b', 'GPT-J 6B', 'GPT-J', 'EleutherAI', '2021-06-09', 6.05, 6.05, 2 * k, 28, 459, -1, -1, -1, 'apache', 'x'],
  ['mistral-7b-v0.3', 'Mistral 7B v0.3', 'Mistral', 'Mistral AI', '2024-05-22', 7.25, 7.25, 32 * k, 32, 131, 42, 33, 22, 'apache', 't'],
  ['olmo-2-7b', 'OLMo 2 7B', 'OLMo', 'Ai2', '2024-11-26', 7.3, 7.3, 4 * k, 32, 524, 43, 27, 29, 'apache', ''],
  ['falcon-3-7b', 'Falcon 3 7B', 'Falcon', 'TII', '2024-12-17', 7.46, 7.46, 32 * k, 28, 115, 47, 41, 38, 'falcon', ''],
  ['qwen2.5-vl-7b', 'Qwen2.5 VL 7B', 'Qwen', 'Alibaba', '2025-01-28', 8.29, 8.29, 128 * k, 28, 57, 51, 44, 40, 'apache', 'vw'],
  ['llama-3.1-8b', 'Llama 3.1 8B', 'Llama', 'Meta', '2024-07-23', 8.03, 8.03, 128 * k, 32, 131, 53, 45, 37, 'llama31', 'tw'],
  ['granite-3.3-8b', 'Granite 3.3 8B', 'Granite', 'IBM', '2025-04-16', 8.17, 8.17, 128 * k, 40, 164, 50, 47, 44, 'apache', 'tw'],
  ['deepseek-r1-8b', 'DeepSeek R1 0528 8B', 'DeepSeek', 'DeepSeek', '2025-05-29', 8.19, 8.19, 128 * k, 36, 147, 54, 58, 70, 'mit', 'r'],
  ['qwen3-8b', 'Qwen3 8B', 'Qwen', 'Alibaba', '2025-04-28', 8.19, 8.19, 40 * k, 36, 147, 62, 60, 66, 'apache', 'tr'],
  ['gemma-3-12b', 'Gemma 3 12B', 'Gemma', 'Google', '2025-03-12', 11.77, 11.77, 128 * k, 48, 65, 66, 54, 50, 'gemma', 'vw'],
  ['phi-4', 'Phi-4', 'Phi', 'Microsoft', '2024-12-12', 14.66, 14.66, 16 * k, 40, 205, 63, 62, 64, 'mit', ''],
  ['qwen3-14b', 'Qwen3 14B', 'Qwen', 'Alibaba', '2025-04-28', 14.77, 14.77, 40 * k, 40, 164, 69, 67, 73, 'apache', 'tr'],
  ['gpt-oss-20b', 'gpt-oss 20B', 'gpt-oss', 'OpenAI', '2025-08-05', 20.9, 3.61, 128 * k, 24, 49, 70, 71, 76, 'apache', 'trw'],
  ['mistral-small-3.2', 'Mistral Small 3.2 24B', 'Mistral', 'Mistral AI', '2025-06-20', 23.57, 23.57, 128 * k, 40, 164, 71, 66, 60, 'apache', 'vtw'],
  ['gemma-3-27b', 'Gemma 3 27B', 'Gemma', 'Google', '2025-03-12', 27.01, 27.01, 128 * k, 62, 83, 74, 63, 59, 'gemma', 'vw'],
  ['qwen3-30b-a3b', 'Qwen3 30B A3B', 'Qwen', 'Alibaba', '2025-04-28', 30.53, 3.35, 40 * k, 48, 98, 73, 71, 78, 'apache', 'tr'],
  ['qwen3-coder-30b-a3b', 'Qwen3 Coder 30B A3B', 'Qwen', 'Alibaba', '2025-07-31', 30.53, 3.35, 256 * k, 48, 98, 66, 79, 68, 'apache', 'tw'],
  ['qwen3-32b', 'Qwen3 32B', 'Qwen', 'Alibaba', '2025-04-28', 32.76, 32.76, 40 * k, 64, 262, 75, 74, 81, 'apache', 'tr'],
  ['command-r-35b', 'Command R 35B', 'Command', 'Cohere', '2024-08-30', 32.3, 32.3, 128 * k, 40, 164, 61, 45, 40, 'ccNc', 'tw'],
  ['llama-3.3-70b', 'Llama 3.3 70B', 'Llama', 'Meta', '2024-12-06', 70.55, 70.55, 128 * k, 80, 328, 80, 73, 68, 'llama33', 'tw'],
  ['gpt-oss-120b', 'gpt-oss 120B', 'gpt-oss', 'OpenAI', '2025-08-05', 116.8, 5.13, 128 * k, 36, 74, 82, 82, 87, 'apache', 'trw'],
  ['deepseek-r1', 'DeepSeek R1 0528', 'DeepSeek', 'DeepSeek', '2025-05-28', 671, 37, 128 * k, 61, 70, 90, 88, 93, 'mit', 'rw'],
]

export const known: readonly Known[] = rows.map(
  ([
    id,
    name,
    family,
    publisher,
    released,
    params,
    active,
    context,
    layers,
    kv,
    chat,
    code,
    reasoning,
    licence,
    flags,
  ]) => ({
    ...{ id, name, family, publisher, released, params, active, context, layers, licence, flags },
    kvBytes: kv * 1000,
    quality: [chat, code, reasoning] as const,
  }),
)

/** Bits per weight, and points of quality that are lost. */
const stranger = (part: Partial<Known> & Pick<Known, 'id' | 'name' | 'family' | 'publisher'>): Known => ({
  ...{ released: '2025-07-08', params: 1.28, active: 1.28, context: 64 * k, layers: 30, kvBytes: 61_440 },
  ...{ quality: [-1, -1, -1] as const, licence: 'ccNc' as const, flags: 't' },
  ...part,
})

/** Models that the catalog does not know: Hugging Face has them. */
export const foreign: readonly Known[] = [
  stranger({
    ...{ id: 'hf.co/LGAI-EXAONE/EXAONE-4.0-1.2B-GGUF', name: 'EXAONE 4.0 1.2B', family: 'exaone4' },
    publisher: 'LGAI-EXAONE',
  }),
  stranger({
    ...{ id: 'hf.co/ibm-granite/granite-4.0-h-tiny-GGUF', name: 'Granite 4.0 H Tiny', family: 'granitehybrid' },
    ...{
      publisher: 'ibm-granite',
      params: 6.94,
      active: 1.0,
      context: 128 * k,
      layers: 40,
      licence: 'apache' as const,
    },
  }),
  stranger({
    ...{ id: 'hf.co/utter-project/EuroLLM-9B-Instruct-GGUF', name: 'EuroLLM 9B Instruct', family: 'llama' },
    ...{
      publisher: 'utter-project',
      params: 9.15,
      active: 9.15,
      context: 4 * k,
      layers: 42,
      licence: 'apache' as const,
    },
  }),
]

export const quants: Record<string, readonly [bits: number, loss: number]> = {
  Q2_K: [3.0, 14],
  Q3_K_M: [3.9, 5],
  MXFP4: [4.6, 0],
  Q4_K_M: [4.85, 1.6],
  Q5_K_M: [5.7, 0.7],
  Q8_0: [8.5, 0.1],
  F16: [16, 0],
}

export function quantsOf(model: Known): string[] {
  return Object.keys(quants).filter((q) => (q === 'MXFP4') === (model.family === 'gpt-oss'))
}

export function weights(model: Known, quant: string): number {
  return Math.round(((model.params * 1e9 * (quants[quant]?.[0] ?? 16)) / 8) * 1.01)
}

export function licenceOf(model: Known) {
  return licences[model.licence]
}

function licenceAnswers(model: Known): Answer[] {
  const { name, open, commercial } = licenceOf(model)
  const llama = model.licence.startsWith('llama')
  return [
    {
      question: 'May I use it at work?',
      answer: commercial ? 'Yes, also to earn money.' : 'No. Its licence forbids commercial use.',
    },
    {
      question: 'Is it open source?',
      answer: open
        ? `Yes. ${name} meets the Open Source Definition.`
        : 'No, it is open-weight: the file is published, but its terms limit what you may do.',
    },
    ...(llama
      ? [
          {
            question: 'Is there a limit on users?',
            answer: 'A product with more than 700 million users a month needs Meta’s leave first.',
          },
          {
            question: 'Must I show a name?',
            answer: 'Yes: “Built with Llama”, and a model made from it starts with Llama.',
          },
        ]
      : []),
    ...(open
      ? []
      : [{ question: 'Are some uses forbidden?', answer: 'Yes, its publisher keeps a list of forbidden uses.' }]),
  ]
}

function benchmarksOf(model: Known): Benchmark[] {
  const [chat, code, reasoning] = model.quality
  if (chat < 0) return []
  const variant = 'instruct'
  return [
    { name: 'MMLU', value: Math.min(92, 22 + chat * 0.8), variant: 'base', source: 'Publisher’s report' },
    { name: 'IFEval', value: Math.min(93, 30 + chat * 0.75), variant, source: 'Open LLM Leaderboard' },
    { name: 'HumanEval', value: Math.min(95, 12 + code), variant, source: 'Publisher’s report' },
    { name: 'GSM8K', value: Math.min(97, 20 + reasoning), variant, source: 'Publisher’s report' },
  ]
}

export function catalogModel(model: Known): CatalogModel {
  const runs = !model.flags.includes('x')
  const licence = licenceOf(model)
  const benchmarks = benchmarksOf(model)
  return {
    id: model.id,
    name: model.name,
    family: model.family,
    publisher: model.publisher,
    released: model.released,
    params: model.params * 1e9,
    activeParams: model.active * 1e9,
    context: model.context,
    architecture: model.family.toLowerCase(),
    uses: ['chat', 'code', ...(model.flags.includes('r') ? ['reasoning'] : [])],
    vision: model.flags.includes('v'),
    tools: model.flags.includes('t'),
    thinking: model.flags.includes('r'),
    runs,
    reason: runs ? '' : 'The engine has no support for its architecture.',
    licenceName: licence.name,
    openSource: licence.open,
    commercial: licence.commercial,
    licence: licenceAnswers(model),
    benchmarks,
    warning: benchmarks.length
      ? 'MMLU was measured on the base model, so it does not compare with the other scores.'
      : '',
    quants: quantsOf(model).map((name) => ({
      name,
      bytes: weights(model, name),
      exact: name !== 'Q5_K_M' && name !== 'Q2_K',
      ref: runs ? `${model.id}:${name}` : '',
    })),
    ollama: runs && licence.open ? model.id.replace(/-([\d.]+b.*)$/, ':$1') : '',
    repositories: runs ? [`models/${model.name.replaceAll(' ', '-')}-GGUF`] : [],
    notes:
      model.active < model.params
        ? [`A mixture of experts: all of it must fit in memory, but each token uses only ${model.active}B of it.`]
        : model.flags.includes('v')
          ? ['Looking at pictures takes about 1 GB more.']
          : [],
  }
}

/** Free memory and speed of a machine that advice can be asked for. */
export interface FakeMachine extends Profile {
  ram: number
  gpu: number
  ramSpeed: number
  gpuSpeed: number
}

export const machines: readonly FakeMachine[] = [
  { id: 'laptop-8gb', name: 'Laptop, 8 GB, no graphics card', ram: 5.2e9, gpu: 0, ramSpeed: 34e9, gpuSpeed: 0 },
  { id: 'macbook-16gb', name: 'MacBook, 16 GB', ram: 11.2e9, gpu: 11.2e9, ramSpeed: 120e9, gpuSpeed: 120e9 },
  { id: 'nvidia-8gb', name: 'Laptop, 8 GB NVIDIA, 32 GB', ram: 26e9, gpu: 7.2e9, ramSpeed: 64e9, gpuSpeed: 256e9 },
  { id: 'nvidia-24gb', name: 'Desktop, 24 GB NVIDIA, 64 GB', ram: 56e9, gpu: 23e9, ramSpeed: 76e9, gpuSpeed: 1008e9 },
  {
    id: 'nvidia-2x24gb',
    name: 'Desktop, 2 × 24 GB NVIDIA, 128 GB',
    ram: 118e9,
    gpu: 23e9,
    ramSpeed: 76e9,
    gpuSpeed: 1008e9,
  },
  { id: 'unified-128gb', name: 'Laptop, 128 GB unified', ram: 108e9, gpu: 96e9, ramSpeed: 540e9, gpuSpeed: 540e9 },
]

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
