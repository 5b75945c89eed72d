import type { Message, Problem } from '../types'
import { answers } from './scenes/chats'
import { noProblem } from './scenes/scene'
import type { FakeWorld } from './world'

/** What the engine says of every prompt. */
const promptTokens = 1414

const crashed: Problem = {
  code: 'engine_ended',
  severity: 'error',
  title: 'The engine ended while it was writing.',
  hint: 'What it wrote is kept. It is running again; try once more.',
}

/** Writes an answer as the engine would: start, load, read, write, and one ending. */
export async function writeAnswer(world: FakeWorld, answer: Message): Promise<void> {
  const { id, chatId } = answer
  const { events } = world
  world.stopped.delete(chatId)
  const finish = (change: Partial<Message>) => {
    world.patchMessage(chatId, id, change)
    world.line = world.line.filter((c) => c !== chatId)
    events.emit('chat:finished', { id, chatId, state: change.state ?? 'done' })
    events.changed('chats:changed', chatId)
  }

  await world.wait()
  // One answer at a time, in the order in which they were asked for.
  world.line.push(chatId)
  try {
    for (let behind = world.line[0]; behind !== undefined && behind !== chatId; behind = world.line[0]) {
      events.emit('chat:phase', { id, chatId, phase: 'waiting', progress: -1, behind })
      while (world.line[0] === behind && !world.stopped.has(chatId)) await world.wait()
      if (world.stopped.has(chatId)) return finish({ state: 'stopped' })
    }
    await write(world, answer, finish)
  } finally {
    world.line = world.line.filter((c) => c !== chatId)
  }
}

/** Writes an answer whose turn it is. */
async function write(world: FakeWorld, answer: Message, finish: (change: Partial<Message>) => void): Promise<void> {
  const { id, chatId } = answer
  const { events } = world
  if (world.scene === 'noengine') {
    finish({ state: 'failed', problem: { ...world.engine.problem, title: 'The engine is not running.' } })
    return
  }
  if (world.engine.model !== answer.model) {
    world.setEngine({ state: 'loading', loadProgress: 0 })
    const slow = world.scene === 'loading' ? 60 : 3
    for (let progress = 0; progress < 1; progress += 0.06) {
      events.emit('chat:phase', { id, chatId, phase: 'loading', progress, behind: '' })
      world.setEngine({ loadProgress: progress })
      await world.wait(slow)
      if (world.stopped.has(chatId)) {
        world.setEngine({ state: 'ready' })
        return finish({ state: 'stopped' })
      }
    }
    const bytes = world.library.models.find((m) => m.ref === answer.model)?.bytes ?? 0
    world.setEngine({ state: 'ready', model: answer.model, modelBytes: bytes * 1.25, expiresAt: world.now() + 300_000 })
  }
  events.emit('chat:phase', { id, chatId, phase: 'reading', progress: -1, behind: '' })
  await world.wait(8)
  events.emit('chat:phase', { id, chatId, phase: 'writing', progress: -1, behind: '' })

  const full = answers[world.answers++ % answers.length] ?? ''
  const pieces = full.match(/[\s\S]{1,6}/g) ?? []
  let text = answer.text
  let { tokens } = answer
  for (const piece of pieces) {
    if (world.stopped.has(chatId)) return finish({ state: 'stopped', text })
    events.emit('chat:delta', { id, chatId, offset: text.length, text: piece, thinking: '', thinkingOffset: 0 })
    text += piece
    world.patchMessage(chatId, id, { text, tokens: ++tokens, promptTokens })
    await world.wait(world.scene === 'streaming' ? 4 : 1)
    if (world.scene === 'failed' && text.length - answer.text.length > full.length / 2) {
      return finish({ state: 'failed', problem: crashed })
    }
  }
  finish({
    state: 'done',
    problem: noProblem,
    promptTokens,
    tokens: 142,
    promptTokensPerSecond: 410.2,
    tokensPerSecond: 24.6,
    timeToFirstTokenSeconds: 0.31,
    loadSeconds: 1.9,
  })
}
