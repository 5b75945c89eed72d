import type { LabComparison, LabModel, LabQuant, LabRow, LabSpeed } from '../../types'
import { noProblem } from './scene'

/** quant: bytes, speed, perplexity, KL divergence, same top token */
export const shape: Record<string, readonly [number, number, number, number, number]> = {
  F16: [270_885_952, 76.2, 9.314, 0, 1],
  Q8_0: [144_811_584, 131.4, 9.331, 0.0041, 0.957],
  Q6_K: [138_382_144, 134.8, 9.362, 0.0093, 0.939],
  Q5_K_M: [112_105_024, 152.9, 9.481, 0.0264, 0.905],
  Q4_K_M: [105_454_144, 166.3, 9.744, 0.0588, 0.861],
  Q3_K_M: [93_510_208, 158.1, 10.62, 0.1502, 0.779],
  Q2_K: [88_202_560, 171.7, 13.02, 0.3894, 0.656],
}

export const models: LabModel[] = [
  ['smollm2-135m:F16', 'SmolLM2 135M', 'F16', true],
  ['smollm2-135m:Q8_0', 'SmolLM2 135M', 'Q8_0', true],
  ['smollm2-135m:Q4_K_M', 'SmolLM2 135M', 'Q4_K_M', false],
].map(([ref, name, quant, precise]) => ({
  ...{ ref: String(ref), name: String(name), quant: String(quant), precise: precise === true },
  family: 'smollm2-135m',
  bytes: shape[String(quant)]?.[0] ?? 0,
  context: 8192,
  parameters: 134_515_008,
}))

export const other: LabModel = {
  ...{ ref: 'qwen3-4b:Q4_K_M', name: 'Qwen3 4B', quant: 'Q4_K_M', precise: false, family: 'qwen3-4b' },
  bytes: 2_497_280_256,
  context: 40_960,
  parameters: 4_022_468_096,
}

export const prompts: { use: string; text: string }[] = [
  { use: 'chat', text: 'What should I look at before I buy a used bicycle?' },
  { use: 'chat', text: 'Explain to a ten-year-old why the sky is blue.' },
  { use: 'writing', text: 'Write the first paragraph of a story about a lighthouse keeper who hates the sea.' },
  { use: 'writing', text: 'Write a polite letter that asks a neighbour to be quieter after ten.' },
  { use: 'coding', text: 'Write a Python function that tells whether a word reads the same backwards.' },
  { use: 'reasoning', text: 'Anna is older than Ben, and Cleo is younger than Ben. Who is the youngest? Say why.' },
  { use: 'summary', text: 'Name three rivers that flow through Germany, with one sentence about each.' },
]

export function quantsFor(installed: readonly LabModel[]): LabQuant[] {
  return Object.entries(shape)
    .filter(([quant]) => quant !== 'F16')
    .map(([quant, [bytes]]) => ({
      ...{ quant, bytes, secondHand: false, matrix: false, refused: '' },
      ref: installed.find((m) => m.family === 'smollm2-135m' && m.quant === quant)?.ref ?? '',
      note: /_K/.test(quant) ? '30 of 272 tensors are too narrow for it and become Q5_0 or Q8_0.' : '',
    }))
}

function speeds(at: readonly number[], median: number, fall: number, spread: number): LabSpeed[] {
  return at.map((tokens, i) => {
    const m = median * fall ** i
    return { tokens, median: m, low: m * (1 - spread), high: m * (1 + spread * 0.8) }
  })
}

export function row(quant: string, kv = 'f16', context = 4096, many = false): LabRow {
  const [bytes, speed, perplexity, kld, same] = shape[quant] ?? [0, 0, 0, 0, 0]
  const reference = quant === 'F16' && kv === 'f16'
  const share = kv === 'f16' ? 1 : kv === 'q8_0' ? 0.53 : 0.28
  const kvBytes = Math.round(23_040 * context * share)
  const loss = kv === 'f16' ? 0 : kv === 'q8_0' ? 0.0019 : 0.038
  const long = [kv === 'f16' ? '' : `${kv} context`, context === 4096 ? '' : `${context / 1024}k`].filter(Boolean)
  return {
    id: `${quant}/${kv}/${context}`,
    label: many && long.length ? `${quant}, ${long.join(', ')}` : quant,
    ref: `smollm2-135m:${quant}`,
    ...{ quant, kv, context, reference, bytes, kvBytes },
    state: 'done',
    problem: noProblem,
    loadSeconds: 0.21 + bytes / 1.1e9,
    peakBytes: Math.round(bytes * 1.12 + kvBytes + 71e6),
    engineBytes: Math.round(bytes * 1.02 + kvBytes + 62e6),
    reads: speeds([128, 512, 2048], speed * 3.4, 0.93, 0.03),
    writes: speeds([0, 1024, 4096], speed, 0.88, 0.028),
    first: 0.26 + 9 / speed,
    perplexity: perplexity * (1 + loss / 4),
    perplexityError: 0.21,
    kld: reference ? 0 : kld + loss,
    kldError: reference ? 0 : (kld + loss) * 0.035,
    kld99: reference ? 0 : (kld + loss) * 11,
    sameTop: reference ? 1 : same - loss * 0.8,
    sameTopError: reference ? 0 : 0.0042,
    joulesPerToken: -1,
    energy: 'This machine has no energy meter that can be read.',
    disturbed: '',
    frontier: true,
    pick: false,
  }
}

/** Marks what nothing else beats in quality, memory and speed at once, and the row that the verdict names. */
export function judged(rows: LabRow[], pick: string): LabRow[] {
  const better = (a: LabRow, b: LabRow) =>
    a.sameTop >= b.sameTop && a.peakBytes <= b.peakBytes && (a.writes[0]?.median ?? 0) >= (b.writes[0]?.median ?? 0)
  return rows.map((r) => ({
    ...r,
    frontier: !rows.some((o) => o.id !== r.id && better(o, r)),
    pick: r.id === pick,
  }))
}

export function comparison(part: Partial<LabComparison>): LabComparison {
  return {
    id: 'lab1',
    title: 'SmolLM2 135M, seven quants',
    state: 'done',
    problem: noProblem,
    reference: 'F16',
    startedAt: 0,
    seconds: 611,
    machine: '2 cores of an AMD EPYC 7763',
    engine: 'Ollama 0.34.4, llama.cpp b10488',
    driver: '',
    text: 'answers of F16 to 12 built-in prompts',
    textTokens: 12_288,
    rounds: 3,
    disturbance: [],
    notes: [
      'Q6_K, Q5_K_M, Q4_K_M, Q3_K_M, Q2_K: 30 of 272 tensors have rows of 576 weights, too narrow for a k-quant; they became Q5_0, Q5_1 or Q8_0.',
    ],
    verdict: {
      title: 'Use Q4_K_M.',
      text: 'It has the same top token as F16 86 times in 100, needs 39% of its file and writes 2.2 times as fast. Below it quality falls off: Q3_K_M saves 12 MB more and loses 8 points.',
      tag: 'measured, ±3%',
    },
    rows: [],
    ...part,
  }
}

/** Two kept comparisons: quants against each other, and quants with a type and a length of the KV cache. */
export function kept(now: number): LabComparison[] {
  const day = 86_400_000
  const rivals = [row('F16', 'f16', 8192), row('Q5_K_M', 'f16', 8192), row('Q5_K_M', 'q8_0', 8192, true)]
  rivals.push(row('Q4_K_M', 'f16', 8192), row('Q4_K_M', 'q8_0', 8192, true), row('Q4_K_M', 'q4_0', 8192, true))
  return [
    comparison({
      startedAt: now - 2 * day,
      rows: judged(
        Object.keys(shape).map((q) => row(q)),
        'Q4_K_M/f16/4096',
      ),
    }),
    comparison({
      ...{ id: 'lab2', title: 'SmolLM2 135M, KV cache', startedAt: now - 5 * day, seconds: 402, notes: [] },
      disturbance: ['Another program used 61% of the processor for 40 seconds.'],
      rows: judged(rivals, '').map((r) => (r.kv === 'q4_0' ? { ...r, disturbed: 'Another program was busy.' } : r)),
      verdict: {
        title: 'No verdict.',
        text: 'The run was disturbed, so the speeds can’t be told apart. Run it again while the machine is idle.',
        tag: 'disturbed',
      },
    }),
  ]
}
