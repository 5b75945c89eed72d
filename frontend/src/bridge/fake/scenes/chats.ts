import type { Chat, ChatBackup, Message, Problem } from '../../types'
import { day, hour, mainRef, minute, noProblem, type Scene } from './scene'

/** The answers that the stand-in writes, in turn. */
export const answers = [
  'Because `i` is unsigned. When it reaches 0, the next `i--` wraps around to the largest value a `uint` can hold, so `i >= 0` is always true.\n\nTwo ways out:\n\n- Use a signed type: `for i := 10; i >= 0; i--`\n- Or count up and subtract, which keeps the index unsigned:\n\n```go\nfor n := uint(0); n <= 10; n++ {\n    fmt.Println(10 - n)\n}\n```\n',
  'Here is the same in a table:\n\n| Type | After 0 comes | `i >= 0` |\n| --- | --- | --- |\n| `int` | `-1` | ends |\n| `uint` | `18446744073709551615` | never ends |\n\nThe rule: an unsigned number is **never** below zero, so a condition that waits for that waits for ever.\n',
]

const mathAnswer =
  'An **eigenvector** is a direction that a matrix only stretches. For a matrix $A$ it satisfies\n\n$$A\\,v = \\lambda v, \\qquad v \\neq 0$$\n\nwhere $\\lambda$ says how much. You find $\\lambda$ from $\\det(A - \\lambda I) = 0$.\n\n1. Write down the determinant.\n2. Solve for $\\lambda$.\n3. For each, solve $(A - \\lambda I)\\,v = 0$.\n\n> Think of dough under a rolling pin: it grows longest along the pin’s path, and that direction stays the same.\n\n```python\nimport numpy as np\n\nA = np.array([[2, 1], [1, 2]])\nvalues, vectors = np.linalg.eig(A)  # 3 and 1\nprint(values)\n```\n\nMore in the [NumPy manual](https://numpy.org/doc/stable/reference/generated/numpy.linalg.eig.html).\n'

let serial = 0

/** A message with the fields that matter given. */
export function message(part: Partial<Message> & Pick<Message, 'chatId' | 'role' | 'text'>): Message {
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

export function chat(part: Partial<Chat> & Pick<Chat, 'id' | 'title'>): Chat {
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
    topK: -1,
    minP: -1,
    repeatPenalty: -1,
    stop: [],
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

const ended: Problem = {
  code: 'engine_ended',
  severity: 'error',
  title: 'The engine ended while it was writing.',
  hint: 'What it wrote is kept. It is running again; try once more.',
}

export const noRoom: Problem = {
  code: 'no_room',
  severity: 'error',
  title: 'Qwen3 4B needs 5.9 GB of memory (2.5 GB for its weights, 3.1 GB for the context), and 4.2 GB are free.',
  hint: 'Close other programs, choose a shorter context in the chat’s settings, or pick a smaller quant.',
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
  if (scene === 'failed' || scene === 'noroom') {
    const again = message({ chatId, role: 'user', parentId: leaf, text: 'And in Rust?', createdAt: now - minute })
    const broken = message({
      chatId,
      role: 'assistant',
      parentId: again.id,
      text: scene === 'failed' ? 'In Rust a `u32` would not wrap silently: in a debug build, subtracting' : '',
      state: 'failed',
      problem: scene === 'failed' ? ended : noRoom,
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

const arabicAnswer =
  '## لماذا السماء زرقاء؟\n\nيتشتت الضوء *الأزرق* أكثر من **الأحمر** في الغلاف الجوي. هل هذا واضح؟\n\n1. ضوء الشمس يحتوي على كل الألوان.\n2. جزيئات الهواء تشتت الموجات القصيرة (Rayleigh scattering).\n3. Blue light reaches the eye from all sides.\n\n> السماء عند الغروب حمراء، لأن الضوء يقطع طريقا أطول.\n\n| اللون | الطول الموجي | النسبة |\n| --- | --- | ---: |\n| أزرق | 450 nm | 16 |\n| أحمر | 700 nm | 3 |\n\nاكتب `scatter(450)` لتجربة ذلك:\n\n```python\nprint(scatter(450))  # 16\n```\n\nWith *emphasis* in English, and **bold *both*** in one line.\n'

const hebrewAnswer =
  'כן! הנה רשימה:\n\n- שקיעה אדומה, כי האור עובר דרך ארוכה יותר.\n- *הדגשה* ו**הבלטה** בשורה אחת.\n  - פריט פנימי עם Python 3.12.\n\nThe last paragraph is English again.\n'

/** Right-to-left text, alone and mixed. */
function rtlChat(now: number): Chat {
  const chatId = 'r1'
  const turn = (parentId: string, at: number, asked: string, answered: string) => {
    const question = message({ chatId, role: 'user', parentId, text: asked, createdAt: now + at })
    const answer = message({
      ...{ chatId, role: 'assistant', parentId: question.id, text: answered, createdAt: now + at + 1 },
      ...figures,
    })
    return [question, answer] as const
  }
  const first = turn('', -60_000, 'لماذا السماء زرقاء؟\nPlease answer in Arabic.', arabicAnswer)
  const second = turn(first[1].id, -30_000, 'ומה עם שקיעה? תן לי רשימה.', hebrewAnswer)
  const draft = 'وماذا عن الغروب؟ (Rayleigh)'
  const title = 'لماذا السماء زرقاء؟'
  const messages = [...first, ...second]
  return chat({ id: chatId, title, leaf: second[1].id, draft, createdAt: now, updatedAt: now, messages })
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
  if (scene === 'rtl') return [rtlChat(now), math, ...rest]
  return [loopChat(now, scene), math, ...rest]
}

/** The daily copies of a history; the oldest is damaged. */
export function backupsAt(now: number, chats: number): ChatBackup[] {
  const damaged: Problem = {
    ...{ code: 'damaged', severity: 'error', title: 'This backup is damaged.' },
    hint: 'Choose another one.',
  }
  return [0, 1, 2, 5].map((days) => {
    const at = now - days * day - 2 * hour
    return {
      name: `history-${new Date(at).toISOString().slice(0, 10)}.db`,
      ...{ at, bytes: 1_400_000 - 90_000 * days, chats: Math.max(1, chats - days) },
      problem: days === 5 ? damaged : noProblem,
    }
  })
}
