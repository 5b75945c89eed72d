import type {
  About,
  AdapterRow,
  Chat,
  Engine,
  Library,
  Machine,
  Message,
  Model,
  Pick,
  Problem,
  Settings,
} from './types'

/** Situations that the stand-in can be in, chosen by `?scene=`. */
export const scenes = [
  'full',
  'welcome',
  'empty',
  'noengine',
  'failed',
  'streaming',
  'loading',
  'math',
  'gpu',
  'trouble',
  'downloads',
] as const
export type Scene = (typeof scenes)[number]

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

export const noProblem: Problem = { code: '', severity: '', title: '', hint: '' }

export const starterRef = 'smollm2-135m:Q4_1'
export const mainRef = 'qwen3-4b:Q4_K_M'

function model(part: Partial<Model> & Need<Model, 'ref' | 'name'>): Model {
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
    path: `/home/mara/.local/share/weightroom/models/${part.ref}`,
    addedAt: 0,
    lastUsedAt: 0,
    ...part,
  }
}

type Need<T, K extends keyof T> = { [P in K]: T[P] }

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
  const list = none ? [] : models(now)
  return {
    models: list,
    totalBytes: list.reduce((sum, m) => sum + m.bytes, 0),
    freeBytes: scene === 'trouble' ? 1_900_000_000 : 218_400_000_000,
    folder: '/home/mara/.local/share/weightroom/models',
    starter: { ref: starterRef, name: 'SmolLM2 135M', bytes: 98_362_432, installed: !none, available: true },
    adapters: scene === 'downloads' ? [adapter(now)] : [],
  }
}

export function engine(scene: Scene, now: number): Engine {
  const loaded = !['welcome', 'empty', 'noengine', 'loading', 'trouble'].includes(scene)
  return {
    state: scene === 'noengine' ? 'failed' : 'ready',
    version: '0.34.4',
    llamaCpp: 'b10488',
    backends: scene === 'gpu' ? ['cuda', 'cpu'] : ['cpu'],
    networkLock: scene === 'trouble' ? 'app' : 'kernel',
    lockDetail: scene === 'trouble' ? 'User namespaces are switched off on this system.' : '',
    model: loaded ? mainRef : '',
    modelBytes: loaded ? 3_112_000_000 : 0,
    loadProgress: 0,
    expiresAt: loaded ? now + 3 * minute : 0,
    restarts: scene === 'noengine' ? 3 : 0,
    problem:
      scene === 'noengine'
        ? {
            code: 'engine_ended',
            severity: 'error',
            title: 'The engine ended three times in a row.',
            hint: 'Restart it. If it ends again, the log says why.',
          }
        : noProblem,
  }
}

export function machine(scene: Scene, now: number): Machine {
  const e = engine(scene, now)
  return {
    os: 'linux',
    arch: 'amd64',
    host: 'ThinkPad P14s',
    system: 'Debian GNU/Linux 12',
    cpu: {
      model: 'AMD Ryzen 7 PRO 8840HS',
      physicalCores: 8,
      logicalCores: 16,
      features: ['AVX2', 'AVX-512', 'VNNI', 'BF16', 'F16C', 'FMA'],
      limitCores: scene === 'trouble' ? 4 : 0,
    },
    memory: {
      totalBytes: 33_400_000_000,
      availableBytes: scene === 'trouble' ? 2_100_000_000 : 20_400_000_000,
      swapTotalBytes: 8_000_000_000,
      swapFreeBytes: 7_600_000_000,
      limitBytes: scene === 'trouble' ? 8_000_000_000 : 0,
      bandwidthBytesPerSec: scene === 'empty' ? 0 : 61_200_000_000,
      singleCoreBytesPerSec: scene === 'empty' ? 0 : 22_800_000_000,
      bandwidthMeasuredAt: scene === 'empty' ? 0 : now - 2 * hour,
      engineBytes: scene === 'gpu' ? 0 : e.modelBytes,
    },
    gpus:
      scene === 'gpu'
        ? [
            {
              name: 'NVIDIA RTX 4060 Laptop',
              vendor: 'NVIDIA',
              backend: 'CUDA',
              driver: '560.35',
              totalBytes: 8_585_000_000,
              freeBytes: 4_300_000_000,
              freeKnown: true,
              integrated: false,
              sharedBytes: 0,
              note: '',
            },
            {
              name: 'AMD Radeon 780M',
              vendor: 'AMD',
              backend: '',
              driver: '',
              totalBytes: 0,
              freeBytes: 0,
              freeKnown: true,
              integrated: true,
              sharedBytes: 0,
              note: 'Its driver for computing (ROCm) is not installed.',
            },
          ]
        : [],
    disk: { path: '/home/mara/.local/share/weightroom', totalBytes: 512_000_000_000, freeBytes: 218_400_000_000 },
    engine: e,
    container: scene === 'trouble' ? 'podman' : '',
    problems:
      scene === 'trouble'
        ? [
            {
              code: 'disk_low',
              severity: 'warning',
              title: 'The disk is nearly full.',
              hint: 'Remove a model you don’t use, or free space elsewhere.',
            },
            {
              code: 'memory_low',
              severity: 'warning',
              title: 'Only 2.1 GB of memory is free.',
              hint: 'Close other programs before you load a large model.',
            },
          ]
        : scene === 'noengine'
          ? [e.problem]
          : [],
  }
}

export function pick(scene: Scene): Pick {
  return {
    model: 'Qwen3 4B',
    ref: mainRef,
    quant: 'Q4_K_M',
    bytes: 2_497_280_256,
    needBytes: 3_900_000_000,
    fit: scene === 'gpu' ? 'gpu' : 'ram',
    installed: scene !== 'welcome' && scene !== 'empty',
    licenceName: 'Apache-2.0',
    why: ['It needs 3.9 GB with an 8k context; 20.4 GB is free.'],
    canRun: 9,
    known: 12,
  }
}

export function settings(scene: Scene): Settings {
  return {
    theme: 'system',
    defaultModel: '',
    systemPrompt: '',
    temperature: -1,
    contextLength: 8192,
    keepAliveMinutes: 5,
    sendWith: 'enter',
    threads: 0,
    showFigures: true,
    welcomed: scene !== 'welcome',
    speedLimit: 0,
    downloadsAtOnce: 1,
    neverOnline: false,
  }
}

export const about: About = {
  version: '0.1.0',
  dataFolder: '/home/mara/.local/share/weightroom',
  logFile: '/home/mara/.local/share/weightroom/logs/weightroom.log',
  bytesOut: 0,
}

export const engineLog = Array.from(
  { length: 60 },
  (_, i) =>
    [
      `time=09:12:${String(i).padStart(2, '0')}.104 level=INFO msg="server config" backends=cpu`,
      `load_tensors: layer ${i} assigned to device CPU`,
      `llama_context: n_ctx = 8192, n_batch = 512, flash_attn = auto`,
      `slot update_slots: id 0 | prompt done, n_tokens = ${1400 + i}`,
    ][i % 4] ?? '',
).join('\n')

/** The answers that the stand-in writes, in turn. */
export const answers = [
  'Because `i` is unsigned. When it reaches 0, the next `i--` wraps around to the largest value a `uint` can hold, so `i >= 0` is always true.\n\nTwo ways out:\n\n- Use a signed type: `for i := 10; i >= 0; i--`\n- Or count up and subtract, which keeps the index unsigned:\n\n```go\nfor n := uint(0); n <= 10; n++ {\n    fmt.Println(10 - n)\n}\n```\n',
  'Here is the same in a table:\n\n| Type | After 0 comes | `i >= 0` |\n| --- | --- | --- |\n| `int` | `-1` | ends |\n| `uint` | `18446744073709551615` | never ends |\n\nThe rule: an unsigned number is **never** below zero, so a condition that waits for that waits for ever.\n',
]

const mathAnswer =
  'An **eigenvector** is a direction that a matrix only stretches. For a matrix $A$ it satisfies\n\n$$A\\,v = \\lambda v, \\qquad v \\neq 0$$\n\nwhere $\\lambda$ says how much. You find $\\lambda$ from $\\det(A - \\lambda I) = 0$.\n\n1. Write down the determinant.\n2. Solve for $\\lambda$.\n3. For each, solve $(A - \\lambda I)\\,v = 0$.\n\n> Think of dough under a rolling pin: it grows longest along the pin’s path, and that direction stays the same.\n\n```python\nimport numpy as np\n\nA = np.array([[2, 1], [1, 2]])\nvalues, vectors = np.linalg.eig(A)  # 3 and 1\nprint(values)\n```\n\nMore in the [NumPy manual](https://numpy.org/doc/stable/reference/generated/numpy.linalg.eig.html).\n'

let serial = 0

/** A message with the fields that matter given. */
export function message(part: Partial<Message> & Need<Message, 'chatId' | 'role' | 'text'>): Message {
  return {
    id: `m${++serial}`,
    parentId: '',
    thinking: '',
    state: 'done',
    problem: noProblem,
    model: mainRef,
    createdAt: 0,
    promptTokens: 0,
    tokens: 0,
    promptTokensPerSecond: 0,
    tokensPerSecond: 0,
    timeToFirstTokenSeconds: 0,
    loadSeconds: 0,
    thinkingSeconds: 0,
    ...part,
  }
}

export function chat(part: Partial<Chat> & Need<Chat, 'id' | 'title'>): Chat {
  return {
    model: mainRef,
    system: '',
    leaf: '',
    draft: '',
    pinned: false,
    createdAt: 0,
    updatedAt: 0,
    temperature: -1,
    topP: -1,
    seed: -1,
    maxTokens: 0,
    contextLength: 0,
    messages: [],
    ...part,
  }
}

const figures = {
  promptTokens: 1414,
  tokens: 142,
  promptTokensPerSecond: 410.2,
  tokensPerSecond: 24.6,
  timeToFirstTokenSeconds: 0.31,
  loadSeconds: 1.9,
}

function loopChat(now: number, scene: Scene): Chat {
  const at = now - 4 * minute
  const chatId = 'c1'
  const question = message({
    chatId,
    role: 'user',
    text: 'Why does my loop never end?\n\n```go\nfor i := uint(10); i >= 0; i-- {\n    fmt.Println(i)\n}\n```',
    createdAt: at,
  })
  const version = (i: number, body: string) =>
    message({ chatId, role: 'assistant', parentId: question.id, text: body, createdAt: at + i * 1000, ...figures })
  const first = version(1, 'An unsigned counter never gets below zero, so the condition always holds.')
  const second: Message = {
    ...version(2, answers[0] ?? ''),
    thinking:
      'The loop counts down with uint. The condition i >= 0 is always true for unsigned values. Explain the wrap-around and give two fixes.',
    thinkingSeconds: 2.1,
  }
  const third = version(3, 'Use `int`.')
  const all = [question, first, second, third]
  let leaf = second.id
  if (scene === 'failed') {
    const again = message({ chatId, role: 'user', parentId: leaf, text: 'And in Rust?', createdAt: now - minute })
    const broken = message({
      chatId,
      role: 'assistant',
      parentId: again.id,
      text: 'In Rust a `u32` would not wrap silently: in a debug build, subtracting',
      state: 'failed',
      problem: {
        code: 'engine_ended',
        severity: 'error',
        title: 'The engine ended while it was writing.',
        hint: 'What it wrote is kept. It is running again; try once more.',
      },
      createdAt: now - minute + 1,
    })
    all.push(again, broken)
    leaf = broken.id
  }
  return chat({ id: chatId, title: 'Why does my loop never end?', leaf, createdAt: at, updatedAt: at, messages: all })
}

function mathChat(now: number): Chat {
  const question = message({ chatId: 'c7', role: 'user', text: 'Explain eigenvalues to a cook', createdAt: now - day })
  const answer = message({
    chatId: 'c7',
    role: 'assistant',
    parentId: question.id,
    text: mathAnswer,
    createdAt: now - day + 1,
    ...figures,
  })
  return chat({
    id: 'c7',
    title: 'Explain eigenvalues to a cook',
    leaf: answer.id,
    messages: [question, answer],
    createdAt: now - day,
    updatedAt: now - day,
  })
}

function shortChat(id: string, title: string, at: number, pinned = false): Chat {
  const question = message({ chatId: id, role: 'user', text: title, createdAt: at })
  const stopped = id === 'c4'
  const answer = message({
    chatId: id,
    role: 'assistant',
    parentId: question.id,
    text: stopped ? 'Dear landlord, the heating in the flat has' : (answers[1] ?? ''),
    state: stopped ? 'stopped' : 'done',
    createdAt: at + 1,
    ...figures,
  })
  const messages = [question, answer]
  return chat({ id, title, pinned, leaf: answer.id, messages, createdAt: at, updatedAt: at })
}

/** Chats as a person would have them after a few weeks. */
export function chats(scene: Scene, now: number): Chat[] {
  if (scene === 'welcome' || scene === 'empty') return []
  const rest = [
    shortChat('c2', 'House rules for the practice', now - 9 * day, true),
    shortChat('c3', 'Cover letter, second try', now - 12 * day, true),
    shortChat('c4', 'Letter to the landlord', now - 10 * minute),
    shortChat('c5', 'Summary of the 2025 audit', now - 12 * minute),
    shortChat('c6', 'Names for a bakery', now - day - 5 * minute),
    shortChat('c8', 'Packing list, Norway in March', now - day - 20 * minute),
    shortChat('c9', 'SQL: last order per customer', now - 3 * day),
    shortChat('c10', 'Rewrite in plain English', now - 4 * day),
    shortChat('c11', 'Regular expression for dates that may have a very long title indeed', now - 5 * day),
    shortChat('c12', 'Bread at altitude', now - 40 * day),
  ]
  const math = mathChat(now)
  if (scene === 'math') return [{ ...math, updatedAt: now }, loopChat(now, scene), ...rest]
  return [loopChat(now, scene), math, ...rest]
}
