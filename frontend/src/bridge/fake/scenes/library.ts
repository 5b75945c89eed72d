import type { AdapterRow, Library, Model } from '../../types'
import { day, mainRef, minute, starterRef, type Scene } from './scene'

function model(part: Partial<Model> & Pick<Model, 'ref' | 'name'>): Model {
  return {
    quant: 'Q4_K_M',
    family: 'llama',
    architecture: 'llama',
    parameters: 0,
    bytes: 0,
    contextLength: 8192,
    digest: 'sha256:0f3c',
    licenceName: 'Apache-2.0',
    openSource: true,
    source: 'import',
    capable: ['chat'],
    template: true,
    problem: '',
    caution: '',
    wantsTemplate: false,
    path: `/home/mara/.local/share/weightroom/models/${part.ref}`,
    addedAt: 0,
    lastUsedAt: 0,
    ...part,
  }
}

export function starterModel(now: number): Model {
  return model({
    ref: starterRef,
    name: 'SmolLM2 135M',
    quant: 'Q4_1',
    parameters: 134_515_008,
    bytes: 98_362_432,
    source: 'starter',
    addedAt: now - 9 * day,
    lastUsedAt: now - 2 * day,
  })
}

/** A model whose chat template the engine can’t use. */
function faulty(one: Model): Model {
  if (!one.ref.startsWith('gemma')) return one
  const problem =
    'The chat template of Gemma 3 4B has a fault, so that the engine can’t chat with it. Choose a chat template for it in its details on the Library page, or get another conversion of this model.'
  return { ...one, problem, wantsTemplate: true }
}

export function models(now: number): Model[] {
  return [
    model({
      ref: mainRef,
      name: 'Qwen3 4B',
      family: 'qwen3',
      architecture: 'qwen3',
      parameters: 4_022_468_096,
      bytes: 2_497_280_256,
      contextLength: 40_960,
      capable: ['chat', 'thinking', 'tools'],
      addedAt: now - 6 * day,
      lastUsedAt: now - 4 * minute,
    }),
    model({
      ref: 'gemma-3-4b:Q5_K_M',
      name: 'Gemma 3 4B',
      quant: 'Q5_K_M',
      family: 'gemma3',
      parameters: 3_880_099_328,
      bytes: 2_829_697_024,
      contextLength: 131_072,
      licenceName: 'Gemma terms',
      openSource: false,
      addedAt: now - 5 * day,
      lastUsedAt: now - day,
    }),
    starterModel(now),
    model({
      ref: 'my-notes-lora:F16',
      name: 'Notes, second try',
      quant: 'F16',
      parameters: 134_515_008,
      bytes: 271_000_000,
      contextLength: 2000,
      licenceName: '',
      openSource: false,
      template: false,
      caution:
        'Notes, second try has no chat template, so messages are marked the way of ChatML, whose markers its vocabulary has. If its answers are garbled, choose another chat template in its details on the Library page.',
      wantsTemplate: true,
      addedAt: now - 3 * day,
    }),
  ]
}

function adapter(now: number): AdapterRow {
  return {
    ref: 'support-tone:F16',
    name: 'Support tone',
    base: 'qwen3',
    bytes: 33_030_144,
    addedAt: now - 2 * day,
  }
}

export function library(scene: Scene, now: number): Library {
  const none = scene === 'empty' || scene === 'welcome'
  const list = none ? [] : scene === 'trouble' ? models(now).map(faulty) : models(now)
  return {
    models: list,
    totalBytes: list.reduce((sum, m) => sum + m.bytes, 0),
    freeBytes: scene === 'trouble' ? 1_900_000_000 : 218_400_000_000,
    folder: '/home/mara/.local/share/weightroom/models',
    starter: { ref: starterRef, name: 'SmolLM2 135M', bytes: 98_362_432, installed: !none, available: true },
    adapters: scene === 'downloads' ? [adapter(now)] : [],
  }
}
