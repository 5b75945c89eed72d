// @vitest-environment jsdom
import { flushSync, mount, unmount } from 'svelte'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { answerClosing } from './closing'
import type { Bridge } from './bridge/bridge'
import { fakeBridge } from './bridge/fake'
import TitleField from './features/chat/TitleField.svelte'
import { App } from './state/app'
import TextArea from './ui/TextArea.svelte'

const waits = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A key that comes now, and when it was pressed. */
function key(pressed: number) {
  const event = new KeyboardEvent('keydown')
  Object.defineProperty(event, 'timeStamp', { value: pressed })
  window.dispatchEvent(event)
}

/** A page on a bridge, and the closing of its window, which resolves when the page has handed over. */
async function page(bridge: Bridge = fakeBridge({ step: 0 })) {
  let ask: () => void = () => undefined
  let handed: () => void = () => undefined
  const alive = vi.fn(() => Promise.resolve())
  const app = new App(bridge)
  await app.start()
  await vi.waitFor(() => expect(app.ui.ready && !app.chat.loading).toBe(true))
  answerClosing(
    {
      on: (event, handler) => {
        if (event === 'page:closing') ask = () => (handler as (data: object) => void)({ seq: 1 })
        return () => undefined
      },
      page: { ...bridge.page, alive, handedOver: () => Promise.resolve(handed()) },
    },
    app,
  )
  const close = () => {
    const over = new Promise<void>((resolve) => (handed = resolve))
    ask()
    return over
  }
  return { app, bridge, close, alive }
}

afterEach(() => {
  document.body.replaceChildren()
  localStorage.clear()
})

describe('a window that is closed', () => {
  it('waits until the draft is stored, however slow storing is', async () => {
    const bridge = fakeBridge({ step: 0 })
    const stored = vi.fn<(id: string, draft: string) => void>()
    const saveDraft = async (id: string, draft: string) => {
      await waits(200)
      stored(id, draft)
    }
    const { app, close } = await page({ ...bridge, chats: { ...bridge.chats, saveDraft } })
    await app.chatting.open(app.chats.list[0]?.id ?? '')
    app.chatting.write('the last words')
    await close()
    expect(stored.mock.calls).toEqual([[app.chat.id, 'the last words']])
  })

  it('waits until a field is saved, also when that is under way already or fails', async () => {
    const { close } = await page()
    const saved: string[] = []
    const onsave = async (words: string) => {
      await waits(100)
      saved.push(words)
      throw new Error('refused')
    }
    const field = mount(TextArea, { target: document.body, props: { value: '', onsave } })
    flushSync()
    const element = document.querySelector('textarea')
    if (!element) throw new Error('there is no field')
    element.value = 'Be brief.'
    element.dispatchEvent(new Event('input', { bubbles: true }))
    await close()
    expect(saved).toEqual(['Be brief.'])
    await unmount(field)
  })

  it('takes the keys that still come, however far the page is behind with them, and says that it lives', async () => {
    const { alive, app, bridge, close } = await page()
    await app.chatting.open(app.chats.list[0]?.id ?? '')
    const pressed = performance.now()
    key(pressed)
    const over = close()
    let words = ''
    for (let n = 0; n < 20; n++) {
      await waits(80)
      key(pressed)
      app.chatting.write((words += `${n} `))
      expect(alive.mock.calls.length, 'signs of life').toBeGreaterThan(n / 2)
    }
    await over
    expect((await bridge.chats.get(app.chat.id)).draft).toBe(words)
  })

  it('is not held by a key that is held down', async () => {
    const { close } = await page()
    key(performance.now())
    const held = setInterval(() => key(performance.now()), 40)
    const began = Date.now()
    await close()
    clearInterval(held)
    expect(Date.now() - began).toBeLessThan(200)
  })

  it('takes the keys of a display whose clock is another', async () => {
    const { app, bridge, close } = await page()
    await app.chatting.open(app.chats.list[0]?.id ?? '')
    key(performance.now() + 1e6)
    const over = close()
    await waits(90)
    key(performance.now() + 1e6)
    app.chatting.write('late')
    await over
    expect((await bridge.chats.get(app.chat.id)).draft).toBe('late')
  })

  it('goes at once when nobody has typed', async () => {
    const { close } = await page()
    const began = Date.now()
    await close()
    expect(Date.now() - began).toBeLessThan(100)
  })

  it('stores a title that is being typed', async () => {
    const { close } = await page()
    const stored: boolean[] = []
    const ondone = async () => {
      await waits(100)
      stored.push(true)
    }
    const field = mount(TitleField, { target: document.body, props: { value: 'half', title: 'whole', ondone } })
    flushSync()
    await vi.waitFor(() => expect(document.activeElement).toBe(document.querySelector('input')))
    await close()
    expect(stored).toEqual([true])
    await unmount(field)
  })

  it('keeps a long draft of a new chat, and the message that was being edited for when its chat is open again', async () => {
    const { app, bridge, close } = await page()
    const long = 'word '.repeat(10_000)
    app.chatting.begin()
    app.chatting.write(long)
    await close()
    expect((await page(bridge)).app.chat.draft).toBe(long)

    const id = app.chats.list[1]?.id ?? ''
    await app.chatting.open(id)
    const message = app.chat.ids[0] ?? ''
    app.ui.edit(message, 'half an edit')
    await close()
    const next = (await page(bridge)).app
    await vi.waitFor(() => expect(next.ui).toMatchObject({ editing: message, edited: 'half an edit' }))
    await next.kept.flush()
    expect((await page(bridge)).app.ui.editing).toBe('')
  })

  it('keeps the messages that are being edited when another chat is opened, one for each chat', async () => {
    const { app, bridge, close } = await page()
    const [first, second] = app.chats.list.map((chat) => chat.id)
    if (!first || !second) throw new Error('too few chats')
    await app.chatting.open(first)
    const one = app.chat.ids[0] ?? ''
    app.ui.edit(one, 'half of the first')
    await app.chatting.open(second)
    expect(app.ui.editing).toBe('')
    const two = app.chat.ids[0] ?? ''
    app.ui.edit(two, 'half of the second')
    app.chatting.begin()
    expect(app.ui.editing).toBe('')
    await app.chatting.open(first)
    expect(app.ui).toMatchObject({ editing: one, edited: 'half of the first' })
    await close()
    const next = (await page(bridge)).app
    await vi.waitFor(() => expect(next.ui).toMatchObject({ editing: one, edited: 'half of the first' }))
    await next.chatting.open(second)
    expect(next.ui).toMatchObject({ editing: two, edited: 'half of the second' })
    next.ui.closeEditor()
    await next.chatting.open(first)
    await next.chatting.open(second)
    expect(next.ui.editing).toBe('')
  })
})
