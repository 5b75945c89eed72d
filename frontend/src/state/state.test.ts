import { describe, expect, it } from 'vitest'
import type { Bridge } from '../bridge/bridge'
import { fakeBridge } from '../bridge/fake'
import { chat, message } from '../bridge/fake/scenes/chats'
import type { ChatDelta, Message } from '../bridge/types'
import { matches } from '../lib/keys'
import { App } from './app'
import { commands, shortcuts } from './commands'
import { Conversation } from './conversation.svelte'
import { applyDelta, newer } from './delta'
import { Sequence } from './sequence'
import { SettingsState } from './settings.svelte'
import { Tasks } from './tasks.svelte'

const answer = (part: Partial<Message> = {}) =>
  message({ id: 'a', chatId: 'c', role: 'assistant', parentId: 'q', text: '', state: 'streaming', ...part })
const delta = (offset: number, text: string, thinking = '', thinkingOffset = 0): ChatDelta => ({
  ...{ id: 'a', chatId: 'c', seq: 1 },
  offset,
  text,
  thinking,
  thinkingOffset,
})

describe('a delta', () => {
  it.each([
    ['follows', 'Hel', delta(3, 'lo'), 'Hello'],
    ['overlaps', 'Hello', delta(3, 'lo there'), 'Hello there'],
    ['counts UTF-16 units', '👍', delta(2, '!'), '👍!'],
  ])('that %s makes the text grow', (_, text, d, grown) => {
    expect(applyDelta(answer({ text }), d)).toMatchObject({ kind: 'grown', message: { text: grown } })
  })

  it('that is known already changes nothing', () => {
    expect(applyDelta(answer({ text: 'Hello' }), delta(0, 'Hel')).kind).toBe('known')
  })

  it('after missing text is a gap', () => {
    expect(applyDelta(answer({ text: 'Hel' }), delta(5, '!')).kind).toBe('gap')
  })

  it('after the end changes nothing', () => {
    expect(applyDelta(answer({ text: 'Hel', state: 'stopped' }), delta(3, 'lo')).kind).toBe('known')
  })

  it('after missing thinking is a gap', () => {
    expect(applyDelta(answer({ thinking: 'Hm' }), delta(0, '', '?', 5)).kind).toBe('gap')
  })

  it('may carry thinking alone', () => {
    expect(applyDelta(answer(), delta(0, '', 'Hm'))).toMatchObject({ kind: 'grown', message: { thinking: 'Hm' } })
  })
})

describe('of two states of an answer', () => {
  it('an ended one wins, then the longer', () => {
    const short = answer({ text: 'He' })
    const long = answer({ text: 'Hello' })
    const done = answer({ text: 'H', state: 'done' })
    expect(newer(undefined, short)).toBe(short)
    expect(newer(long, short)).toBe(long)
    expect(newer(short, long)).toBe(long)
    expect(newer(done, long)).toBe(done)
    expect(newer(long, done)).toBe(done)
  })
})

describe('the conversation', () => {
  const shown = (stored: Message, bridge: Bridge = fakeBridge({ step: 0 })) => {
    const conversation = new Conversation(bridge.chats)
    const question = message({ id: 'q', chatId: 'c', role: 'user', text: 'Hi' })
    conversation.show(chat({ id: 'c', title: 'Hi', leaf: 'a', messages: [question, stored] }))
    return conversation
  }

  it('asks for the message when a delta leaves a gap', () => {
    const conversation = shown(answer({ text: 'Hel' }))
    expect(conversation.apply({ name: 'chat:delta', data: delta(9, '!') })).toEqual({ chatId: 'c', messageId: 'a' })
  })

  it('puts deltas that come while it fetches on top of what it fetched', async () => {
    let give: (m: Message) => void = () => undefined
    const base = fakeBridge({ step: 0 })
    const chats: Bridge['chats'] = { ...base.chats, message: () => new Promise((resolve) => (give = resolve)) }
    const conversation = shown(answer({ text: 'Hel' }), { ...base, chats })
    const fetching = conversation.fetch({ chatId: 'c', messageId: 'a' })
    expect(conversation.apply({ name: 'chat:delta', data: delta(8, 'there') })).toBeNull()
    give(answer({ text: 'Hello, t' }))
    await fetching
    expect(conversation.streaming?.text).toBe('Hello, tthere')
  })

  it('ignores events of other chats', () => {
    const conversation = shown(answer({ text: 'Hel' }))
    expect(conversation.apply({ name: 'chat:delta', data: { ...delta(3, 'lo'), chatId: 'other' } })).toBeNull()
    expect(conversation.streaming?.text).toBe('Hel')
  })

  it('fetches the stored answer when it has ended, and forgets its phase', () => {
    const conversation = shown(answer())
    const phase = { id: 'a', chatId: 'c', seq: 1, phase: 'loading', progress: 0.4, behind: '' } as const
    conversation.apply({ name: 'chat:phase', data: phase })
    expect(conversation.phaseOf('a')?.progress).toBe(0.4)
    const end = { id: 'a', chatId: 'c', seq: 2, state: 'done' } as const
    expect(conversation.apply({ name: 'chat:finished', data: end })).toMatchObject({ messageId: 'a', ended: 'done' })
    expect(conversation.phaseOf('a')).toBeUndefined()
  })

  it('stores a new chat with its first message, and gives the text back when that fails', async () => {
    const bridge = fakeBridge({ step: 0 })
    const conversation = new Conversation(bridge.chats)
    conversation.startNew('no-such-model', { system: 'Be brief.' })
    conversation.write('Hello')
    await expect(conversation.send('Hello')).rejects.toThrow('no model')
    expect(conversation.draft).toBe('Hello')
    await conversation.setModel((await bridge.library.get()).models[0]?.ref ?? '')
    const id = await conversation.send('Hello')
    expect(conversation.shown.map((m) => m.role)).toEqual(['user', 'assistant'])
    expect((await bridge.chats.get(id)).system).toBe('Be brief.')
  })

  it('saves a draft within half a second and when another chat is opened', async () => {
    const bridge = fakeBridge({ step: 0 })
    const conversation = new Conversation(bridge.chats)
    await conversation.open('c2')
    conversation.write('half a thought')
    await conversation.open('c3')
    expect((await bridge.chats.get('c2')).draft).toBe('half a thought')
    conversation.write('another')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect((await bridge.chats.get('c3')).draft).toBe('another')
  })

  it('keeps a long text beside what is typed: it is changed, taken away, brought back, and sent with it', async () => {
    const bridge = fakeBridge({ step: 0 })
    const app = new App(bridge)
    await app.start()
    await app.chatting.open('c2')
    const { chat, chatting, toasts } = app
    const long = 'word '.repeat(4000)
    chatting.write({ typed: 'Sum it up.' })
    chatting.paste(long)
    expect(chat.written).toEqual({ typed: 'Sum it up.', pasted: long })
    expect(chat.draft).toBe(`Sum it up.\n\n${long}`)
    chatting.unpaste()
    expect(chat.draft).toBe('Sum it up.')
    if (toasts.undoable) toasts.act(toasts.undoable)
    expect(chat.written.pasted).toBe(long)
    await chatting.open('c3')
    expect(chat.draft).toBe('')
    await chatting.open('c2')
    expect(chat.written).toEqual({ typed: 'Sum it up.', pasted: long })
    chatting.unfold()
    await chat.reload()
    expect(chat.written).toEqual({ typed: `Sum it up.\n\n${long}`, pasted: '' })
    await chatting.send(chat.draft.trim())
    expect(chat.shown.findLast((m) => m.role === 'user')?.text).toBe(`Sum it up.\n\n${long}`.trim())
    expect(chat.draft).toBe('')
  })

  it('takes the answer to the last chat opened, not to the slowest', async () => {
    const bridge = fakeBridge({ step: 0 })
    const conversation = new Conversation(bridge.chats)
    await Promise.all([conversation.open('c2'), conversation.open('c3')])
    expect(conversation.id).toBe('c3')
  })

  it('takes the words of an answer that is gone on with, and leaves it as it was when that fails', async () => {
    const stopped = answer({ text: 'Once', state: 'stopped' })
    const bridge = fakeBridge().chats
    const conversation = new Conversation({
      ...bridge,
      continue: () => {
        conversation.apply({ name: 'chat:delta', data: delta(4, ' upon') })
        return Promise.reject(new Error('no model'))
      },
    })
    conversation.show(chat({ id: 'c', title: '', leaf: 'a', messages: [stopped] }))
    const going = conversation.continue('a')
    expect(conversation.streaming?.text).toBe('Once upon')
    await expect(going).rejects.toThrow('no model')
    expect(conversation.shown[0]).toEqual(stopped)
  })

  it('loads a model that was refused for its memory, beside the refusal', async () => {
    const conversation = new Conversation(fakeBridge({ scene: 'noroom', step: 0 }).chats)
    await conversation.open('c1')
    const refused = conversation.shown.at(-1)
    expect(refused?.problem.code).toBe('no_room')
    await conversation.loadAnyway(refused?.id ?? '')
    expect(conversation.shown.at(-1)).toMatchObject({ parentId: refused?.parentId, state: 'streaming' })
    expect(conversation.shown.at(-1)?.id).not.toBe(refused?.id)
  })

  it('keeps what an answer waits for while another chat is open', () => {
    const conversation = new Conversation(fakeBridge().chats)
    const phase = { id: 'a', chatId: 'other', seq: 1, phase: 'waiting' as const, progress: -1, behind: 'c' }
    conversation.apply({ name: 'chat:phase', data: phase })
    conversation.show(chat({ id: 'other', title: '', leaf: 'a', messages: [answer({ chatId: 'other' })] }))
    expect(conversation.phaseOf('a')?.behind).toBe('c')
  })

  it('shows the branch that is chosen', async () => {
    const conversation = new Conversation(fakeBridge({ step: 0 }).chats)
    await conversation.open('c1')
    const last = conversation.shown.at(-1)
    if (!last) throw new Error('no messages')
    const versions = conversation.versionsOf(last)
    expect(versions).toHaveLength(3)
    await conversation.choose(versions[0]?.id ?? '')
    expect(conversation.shown.at(-1)?.id).toBe(versions[0]?.id)
  })
})

describe('the numbers of events', () => {
  it('tell when some were missed', () => {
    const sequence = new Sequence()
    expect([7, 8, 10, 9, 11].map((n) => sequence.missed(n))).toEqual([false, false, true, false, false])
  })
})

describe('tasks', () => {
  const problem = { code: '', severity: '', title: '', hint: '' } as const
  const end = { id: 't', seq: 2, kind: 'import', result: 'r', problem } as const

  it('resolve with their ending, also when it came before the call returned', async () => {
    const tasks = new Tasks(fakeBridge().tasks)
    tasks.apply({ name: 'task:finished', data: end })
    expect((await tasks.run('import', () => Promise.resolve({ id: 't' }))).result).toBe('r')
    const running = tasks.run('import', () => Promise.resolve({ id: 'u' }))
    await Promise.resolve()
    const about = { label: 'Copying', of: '', waits: '', left: -1, startedAt: 0 } as const
    const report = { id: 'u', seq: 3, kind: 'import', done: 1, total: 2, ...about } as const
    tasks.apply({ name: 'task:progress', data: report })
    expect(tasks.of('import')?.done).toBe(1)
    tasks.apply({ name: 'task:finished', data: { ...end, id: 'u' } })
    expect((await running).id).toBe('u')
    expect(tasks.running).toEqual([])
  })
})

describe('text size', () => {
  it('goes up and down in steps by keys, not beyond the limits, and back to its own', async () => {
    const settings = new SettingsState(fakeBridge({ step: 0 }).settings)
    await settings.load()
    for (const [step, size] of [
      [1, 110],
      [1, 125],
      [-1, 110],
      [0, 100],
      [-1, 90],
      [-1, 80],
      [-1, 80],
    ] as const) {
      await settings.zoom(step)
      expect(settings.value.textSize).toBe(size)
    }
  })
})

describe('shortcuts', () => {
  it.each([
    ['Mod+Plus', { key: '+', shiftKey: true }, true],
    ['Mod+Plus', { key: '=' }, true],
    ['Mod+Minus', { key: '-' }, true],
    ['Mod+0', { key: '0' }, true],
    ['Mod+0', { key: '1' }, false],
  ])('%s is met by %o: %s', (keys, press, met) => {
    const event = { ctrlKey: true, metaKey: false, shiftKey: false, altKey: false, ...press }
    expect(matches(keys, event, false)).toBe(met)
  })

  it('are all on the sheet, each once', () => {
    const app = new App(fakeBridge({ step: 0 }))
    const rows = shortcuts(app).flatMap((group) => group.rows)
    const listed = rows.map((row) => row.keys)
    for (const { id, keys } of commands(app)) if (keys) expect(listed, id).toContain(keys)
    expect(new Set(rows.map((row) => row.label)).size).toBe(rows.length)
  })

  it('differ from each other', () => {
    const keys = commands(new App(fakeBridge({ step: 0 }))).flatMap((c) => c.keys || [])
    expect(new Set(keys).size).toBe(keys.length)
  })
})
