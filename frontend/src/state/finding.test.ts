import { describe, expect, it, vi } from 'vitest'
import type { Bridge } from '../bridge/bridge'
import { fakeBridge } from '../bridge/fake'
import { chat, message } from '../bridge/fake/scenes/chats'
import type { Chat, ChatSummary, FoundChat, Message } from '../bridge/types'
import { groupChats, linesOf } from '../lib/groups'
import { App } from './app'
import { Conversation } from './conversation.svelte'
import { Finding } from './finding.svelte'

/** A chat of two versions: each answer after the first message has its own way on. */
function tree(): Chat {
  const say = (id: string, parentId: string, text: string, part: Partial<Message> = {}) =>
    message({
      id,
      chatId: 'c',
      parentId,
      text,
      role: Number(id) % 2 ? 'user' : 'assistant',
      createdAt: Number(id),
      ...part,
    })
  return chat({
    ...{ id: 'c', title: 'Lighthouses', leaf: '4' },
    messages: [
      say('1', '', 'Where is the lamp?'),
      say('2', '1', 'The **lamp** is up. [Lamp](https://example.org/lamp)', { model: 'a' }),
      say('3', '2', 'Who lights it?'),
      say('4', '3', 'The keeper of the lamp.', { model: 'b' }),
      say('6', '1', 'It fell into the sea.', { model: 'a' }),
    ],
  })
}

function opened(): { conversation: Conversation; finding: Finding } {
  const conversation = new Conversation({ setLeaf: () => Promise.resolve() } as unknown as Bridge['chats'])
  conversation.show(tree())
  return { conversation, finding: new Finding(conversation) }
}

describe('finding in a chat', () => {
  it('looks through every message shown, drawn or not, without its addresses', () => {
    const { finding } = opened()
    finding.begin()
    finding.look('LAMP')
    expect(finding.matches.map((m) => [m.messageId, m.nth])).toEqual([['1', 0], ['2', 0], ['2', 1], ['4', 0]]) // prettier-ignore
    expect(finding.target).toMatchObject({ messageId: '1', words: ['LAMP'] })
  })

  it('begins where one reads, goes on and back, and round at the ends', () => {
    const { finding } = opened()
    finding.reading = () => '3'
    finding.begin()
    finding.look('lamp')
    expect(finding.at).toBe(3)
    finding.step(1)
    expect(finding.target?.messageId).toBe('1')
    finding.step(-1)
    expect(finding.target?.messageId).toBe('4')
  })

  it('marks nothing once it is closed, and nothing for an empty field', () => {
    const { finding } = opened()
    finding.begin()
    finding.look('  ')
    expect(finding.words).toEqual([])
    finding.look('lamp')
    expect(finding.words).toEqual(['lamp'])
    finding.close()
    expect(finding.words).toEqual([])
  })

  it('marks the words of a search in the chat that it led to, and in no other', () => {
    const { conversation, finding } = opened()
    finding.lead('4', 'lamp keeper')
    expect(finding.words).toEqual(['lamp', 'keeper'])
    expect(finding.target?.messageId).toBe('4')
    conversation.startNew('', {})
    expect(finding.words).toEqual([])
  })
})

describe('a chat on screen', () => {
  it('keeps its list of messages while an answer grows', () => {
    const { conversation } = opened()
    const answer = message({ id: '8', chatId: 'c', parentId: '5', role: 'assistant', text: '', state: 'streaming' })
    conversation.show({ ...tree(), leaf: '8', messages: [...tree().messages, message({ id: '5', chatId: 'c', parentId: '4', role: 'user', text: 'And?' }), answer] }) // prettier-ignore
    const before = conversation.ids
    const delta = { id: '8', chatId: 'c', seq: 1, offset: 0, text: 'On', thinking: '', thinkingOffset: 0 }
    conversation.apply({ name: 'chat:delta', data: delta })
    expect(conversation.ids).toEqual(before)
    expect(conversation.message('8')?.text).toBe('On')
    expect(conversation.streaming?.id).toBe('8')
  })

  it('says which model wrote each answer where there was more than one', async () => {
    const { conversation } = opened()
    expect(conversation.mixed).toBe(true)
    await conversation.choose('6')
    expect(conversation.mixed).toBe(false)
  })

  it('shows the version that holds a message that a search has found', async () => {
    const { conversation } = opened()
    await conversation.reach('6')
    expect(conversation.ids).toEqual(['1', '6'])
    await conversation.reach('1')
    expect(conversation.ids).toEqual(['1', '6'])
  })
})

describe('the app', () => {
  async function started(bridge: Bridge): Promise<App> {
    const app = new App(bridge)
    await app.start()
    await vi.waitFor(() => expect(app.chat.loading).toBe(false))
    return app
  }

  it('opens the chat that was open, and not the one that changed last', async () => {
    const bridge = fakeBridge({ step: 0 })
    const app = await started(bridge)
    const other = app.chats.list[3]?.id ?? ''
    expect(app.chat.id).not.toBe(other)
    await app.chatting.open(other)
    await app.chatting.store()
    expect((await started(bridge)).chat.id).toBe(other)
  })

  it('opens a new chat where a new one was open, and the newest where that chat is gone', async () => {
    const bridge = fakeBridge({ step: 0 })
    await bridge.page.store('openChat', '')
    expect((await started(bridge)).chat.isNew).toBe(true)
    await bridge.page.store('openChat', 'gone')
    const app = await started(bridge)
    expect(app.chat.id).toBe(app.chats.list[0]?.id)
  })

  it('goes to the message that a search has found, and marks the words', async () => {
    const app = await started(fakeBridge({ step: 0 }))
    await app.chats.search('loop')
    const hit = app.chats.results.find((f) => f.messageId)
    expect(hit?.match.toLowerCase()).toBe('loop')
    await app.chatting.open(hit?.chat.id ?? '', { messageId: hit?.messageId ?? '', query: 'loop' })
    expect(app.chat.id).toBe(hit?.chat.id)
    expect(app.finding.target?.messageId).toBe(hit?.messageId)
    expect(app.finding.words).toEqual(['loop'])
  })
})

describe('the list of chats', () => {
  const summary = (id: string, part: Partial<ChatSummary> = {}): ChatSummary => ({
    ...{ id, title: id, model: '', pinned: false, streaming: false },
    ...{ createdAt: 0, updatedAt: 0, deletedAt: 0, purgeAt: 0 },
    ...part,
  })

  it('has each chat’s place in its group, and the heading before it', () => {
    const chats = [summary('a', { pinned: true }), summary('b', { updatedAt: 2 }), summary('c', { updatedAt: 1 })]
    const lines = linesOf(groupChats(chats, Date.UTC(2026, 0, 1)))
    expect(lines.map((l) => (l.chat ? [l.key, l.at, l.of] : l.group))).toEqual([
      'pinned',
      ['a', 1, 1],
      lines[2]?.group,
      ['b', 1, 2],
      ['c', 2, 2],
    ])
  })

  it('brings what a search has found to its line', () => {
    const hit: FoundChat = { chat: summary('a'), messageId: 'm', before: '', match: 'x', after: '' }
    const lines = linesOf([{ key: 'found', label: 'Found', chats: [summary('a'), summary('b')] }], [hit])
    expect(lines.map((l) => (l.chat ? l.hit : undefined))).toEqual([undefined, hit, undefined])
  })
})
