import { describe, expect, it } from 'vitest'
import sizes from '../../../backend/testdata/bytes.json?raw'
import { message } from '../bridge/fake/scenes/chats'
import type { ChatSummary } from '../bridge/types'
import { ago, bytes, context, percent, roughly, seconds, speed, until } from './format'
import { groupChats, linesOf, sectionsOf } from './groups'
import { display, matches, sends } from './keys'
import { branch, newestLeaf, siblings } from './tree'

describe('figures', () => {
  it.each([
    [0.2, '1 s'],
    [7.6, '8 s'],
    [42, '40 s'],
    [57, '1 min'],
    [170, '3 min'],
  ])('a length of %d seconds is roughly %s', (n, words) => {
    expect(roughly(n)).toBe(words)
  })

  it.each([
    [0, '0 B'],
    [-5, '0 B'],
    [999, '999 B'],
    [98_362_432, '98.4 MB'],
    [999_950_000, '1.0 GB'],
    [2_497_280_256, '2.5 GB'],
    [218_400_000_000, '218 GB'],
    [NaN, '0 B'],
  ])('%d bytes read %s', (n, words) => expect(bytes(n)).toBe(words))

  // Commands and logs write sizes in Go: both sides read this list.
  it.each(JSON.parse(sizes) as { bytes: number; words: string }[])(
    '$bytes bytes read $words everywhere',
    ({ bytes: n, words }) => expect(bytes(n)).toBe(words),
  )

  it.each([
    [0.31, '0.31 s'],
    [2.1, '2.1 s'],
    [42.4, '42 s'],
    [59.7, '1 min 0 s'],
    [185, '3 min 5 s'],
  ])('%d seconds read %s', (n, words) => expect(seconds(n)).toBe(words))

  it('speeds, shares and context lengths are short', () => {
    expect([
      speed(24.62),
      speed(469.3),
      percent(0.426),
      percent(7),
      context(8192),
      context(2000),
      context(128_000),
    ]).toEqual(['24.6', '469', '43%', '100%', '8k', '2,000', '128,000'])
  })

  it('times are told in words', () => {
    const now = new Date(2026, 10, 23, 15, 0).getTime()
    expect(ago(now - 30_000, now)).toBe('just now')
    expect(ago(now - 60_000, now)).toBe('1 minute ago')
    expect(ago(new Date(2026, 10, 23, 9, 0).getTime(), now)).toBe('6 hours ago')
    expect(ago(new Date(2026, 10, 22, 23, 0).getTime(), now)).toBe('yesterday')
    expect(ago(new Date(2026, 9, 2).getTime(), now)).toBe('2 Oct 2026')
    expect(until(now + 180_000, now)).toBe('in 3 minutes')
    expect(until(now - 1, now)).toBe('in less than a minute')
  })
})

describe('the chat list', () => {
  const chat = (id: string, updatedAt: number, pinned = false): ChatSummary => ({
    ...{ id, title: id, model: '', createdAt: 0, deletedAt: 0, purgeAt: 0, streaming: false },
    updatedAt,
    pinned,
  })

  it('is grouped by day, then by month, pinned chats first', () => {
    const now = new Date(2026, 10, 23, 1, 0).getTime()
    const at = (month: number, day: number, hour = 12) => new Date(2026, month, day, hour).getTime()
    const groups = groupChats(
      [
        chat('old', at(9, 2)),
        chat('pin', at(1, 1), true),
        chat('now', now),
        chat('late', at(10, 22, 23)),
        chat('week', at(10, 17)),
        chat('month', at(10, 16)),
      ],
      now,
    )
    expect(groups.map((g) => [g.label, ...g.chats.map((c) => c.id)])).toEqual([
      ['Pinned', 'pin'],
      ['Today', 'now'],
      ['Yesterday', 'late'],
      ['This week', 'week'],
      ['November 2026', 'month'],
      ['October 2026', 'old'],
    ])
  })

  it('is drawn in the sections of the lines in view, whose first heading may be above them', () => {
    const group = (key: string, ...ids: string[]) => ({ key, label: key, chats: ids.map((id) => chat(id, 0)) })
    const lines = linesOf([group('today', 'a', 'b'), group('week', 'c')])
    expect(sectionsOf(lines.slice(2)).map((s) => [s.label, s.heading, ...s.chats.map((c) => c.chat.id)])).toEqual([
      ['today', false, 'b'],
      ['week', true, 'c'],
    ])
    expect(sectionsOf(lines)[0]).toMatchObject({
      heading: true,
      chats: [
        { at: 1, of: 2 },
        { at: 2, of: 2 },
      ],
    })
    expect(sectionsOf([])).toEqual([])
  })
})

describe('the tree of messages', () => {
  const at = (id: string, parentId: string, role: 'user' | 'assistant', createdAt: number) =>
    message({ id, parentId, role, createdAt, chatId: 'c', text: id })
  const all = [
    at('q', '', 'user', 1),
    at('a1', 'q', 'assistant', 2),
    at('a2', 'q', 'assistant', 3),
    at('q2', 'a1', 'user', 4),
    at('b', 'q2', 'assistant', 5),
  ]
  const map = new Map(all.map((m) => [m.id, m]))
  const [, a1] = all

  it('has a branch from the root to a leaf', () => {
    expect(branch(map, 'b').map((m) => m.id)).toEqual(['q', 'a1', 'q2', 'b'])
    expect(branch(map, 'gone')).toEqual([])
  })

  it('ends a walk at a cycle', () => {
    const loop = new Map([
      ['x', at('x', 'y', 'user', 1)],
      ['y', at('y', 'x', 'assistant', 2)],
    ])
    expect(branch(loop, 'x')).toHaveLength(2)
  })

  it('knows the versions of a message, oldest first, and the newest leaf of each', () => {
    if (!a1) throw new Error('no a1')
    expect(siblings(all, a1).map((m) => m.id)).toEqual(['a1', 'a2'])
    expect([newestLeaf(all, 'a1'), newestLeaf(all, 'a2'), newestLeaf(all, 'q')]).toEqual(['b', 'a2', 'a2'])
  })
})

describe('shortcuts', () => {
  const press = (key: string, more = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    altKey: false,
    ...more,
  })

  it.each([
    ['Mod+K', press('k', { ctrlKey: true }), true],
    ['Mod+K', press('K', { ctrlKey: true, shiftKey: true }), false],
    ['Mod+K', press('k'), false],
    ['Mod+K', press('k', { ctrlKey: true, altKey: true }), false],
    ['/', press('/', { shiftKey: true }), true],
    ['/', press('/', { ctrlKey: true }), false],
    ['F2', press('F2'), true],
    ['Mod+1', press('1', { ctrlKey: true }), true],
  ])('%s', (keys, event, hit) => expect(matches(keys, event, false)).toBe(hit))

  it.each<['enter' | 'ctrl-enter', object, boolean]>([
    ['enter', {}, true],
    ['enter', { shiftKey: true }, false],
    ['enter', { isComposing: true }, false],
    ['enter', { ctrlKey: true }, true],
    ['ctrl-enter', {}, false],
    ['ctrl-enter', { ctrlKey: true }, true],
    ['ctrl-enter', { metaKey: true }, true],
  ])('with %s as the setting, Enter with %o sends: %s', (sendWith, more, sent) => {
    expect(sends(sendWith, { ...press('Enter'), isComposing: false, ...more })).toBe(sent)
  })

  it('use Command on a Mac', () => {
    expect(matches('Mod+K', press('k', { metaKey: true }), true)).toBe(true)
    expect(matches('Mod+K', press('k', { ctrlKey: true }), true)).toBe(false)
    expect(display('Mod+K', true)).toEqual(['⌘', 'K'])
    expect(display('Mod+Enter', false)).toEqual(['Ctrl', '⏎'])
  })
})
