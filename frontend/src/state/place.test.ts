import { describe, expect, it, vi } from 'vitest'
import { fakeBridge } from '../bridge/fake'
import type { Bridge } from '../bridge/bridge'
import { App } from './app'
import { readPlace } from './place.svelte'

/** A page on a bridge, once it has begun. Its place is kept as the frame's effect keeps it. */
async function page(bridge: Bridge): Promise<App> {
  const app = new App(bridge)
  await app.start()
  await vi.waitFor(() => expect(app.ui.ready && !app.chat.loading).toBe(true))
  return app
}

/** Takes the page away after its last change was kept. */
async function ends(app: App): Promise<void> {
  app.places.watch()
  await new Promise((resolve) => setTimeout(resolve, 300))
}

describe('a page that is loaded again', () => {
  it('begins with the chat, the draft, and the message and title that were being typed', async () => {
    const bridge = fakeBridge({ step: 0 })
    const before = await page(bridge)
    const other = before.chats.list[2]?.id ?? ''
    await before.chatting.open(other)
    before.chatting.write('half a thought')
    before.ui.edit('some', 'half an edit')
    before.ui.rename(other, 'half a title')
    before.ui.chatSettingsOpen = true
    await ends(before)

    const after = await page(bridge)
    await vi.waitFor(() => expect(after.chat.draft).toBe('half a thought'))
    expect(after.chat.id).toBe(other)
    expect(after.ui).toMatchObject({ page: 'chat', editing: 'some', edited: 'half an edit', renamed: 'half a title' })
    expect(after.ui.chatSettingsOpen).toBe(true)
  })

  it('has the title above the chat that was being typed there', async () => {
    const bridge = fakeBridge({ step: 0 })
    const before = await page(bridge)
    await before.chatting.open(before.chats.list[2]?.id ?? '')
    before.ui.rename(before.chat.id, 'half a title', 'header')
    await ends(before)
    const after = await page(bridge)
    await vi.waitFor(() => expect(after.ui.renamed).toBe('half a title'))
    expect(after.ui).toMatchObject({ renaming: after.chat.id, renamingAt: 'header' })
  })

  it('has what lay over it and what was typed there', async () => {
    const bridge = fakeBridge({ step: 0 })
    const before = await page(bridge)
    const model = before.library.models[1]
    if (!model) throw new Error('there is no model')
    before.go('library')
    Object.assign(before.dialogs, { palette: true, sought: 'half a word', naming: true, named: 'llama3' })
    before.library.beginRename(model)
    before.library.renamed = 'half a name'
    Object.assign(before.side, { prompt: 'half a prompt', refs: [model.ref] })
    Object.assign(before.tuning, { naming: true, name: 'half a preset' })
    before.anyModel.words = 'half an address'
    before.blind.own = 'half a task'
    before.finding.begin()
    before.finding.look('lighthouse')
    await before.chats.search('cat')
    await ends(before)

    const after = await page(bridge)
    await vi.waitFor(() => expect(after.library.renamed).toBe('half a name'))
    expect(after.library.renaming).toBe(model.ref)
    expect(after.dialogs).toMatchObject({ palette: true, sought: 'half a word', naming: true, named: 'llama3' })
    expect(after.side).toMatchObject({ prompt: 'half a prompt', refs: [model.ref] })
    expect(after.tuning).toMatchObject({ naming: true, name: 'half a preset' })
    expect([after.anyModel.words, after.blind.own]).toEqual(['half an address', 'half a task'])
    expect([after.finding.open, after.finding.query, after.chats.query]).toEqual([true, 'lighthouse', 'cat'])
  })

  it('has the files that were to be imported, by the names they were given', async () => {
    const bridge = fakeBridge({ step: 0 })
    const before = await page(bridge)
    await before.imports.choose()
    const [item] = before.imports.items
    before.imports.rename(item?.file.path ?? '', 'half a name')
    await ends(before)
    const after = await page(bridge)
    await vi.waitFor(() => expect(after.imports.items[0]?.name).toBe('half a name'))
    expect(after.imports.items[0]?.file.path).toBe(item?.file.path)
  })

  it('begins on the page that was open, with the new chat that was begun behind it', async () => {
    const bridge = fakeBridge({ step: 0 })
    const before = await page(bridge)
    before.chatting.begin()
    before.chatting.write('not sent yet')
    before.go('machine')
    await ends(before)

    const after = await page(bridge)
    await vi.waitFor(() => expect(after.chat.draft).toBe('not sent yet'))
    expect(after.ui.page).toBe('machine')
    expect(after.chat.isNew).toBe(true)
    expect(after.chat.model).toBe(before.chat.model)
  })

  it('stays where a person went before it was known where to begin', async () => {
    const bridge = fakeBridge({ step: 0 })
    const before = await page(bridge)
    before.go('lab')
    await ends(before)
    const after = new App(bridge)
    const started = after.start()
    after.go('chat')
    await started
    expect(after.ui.page).toBe('chat')
  })

  it('never brings back as a draft what was sent', async () => {
    const bridge = fakeBridge({ step: 0 })
    const app = await page(bridge)
    app.chatting.write('a question')
    await ends(app)
    void app.chatting.send('a question')
    app.places.watch()
    await Promise.resolve()
    expect(readPlace((await bridge.settings.startup()).kept)?.draft).toBe('')
  })

  it('keeps nothing before it has begun, so that a second end in a row loses nothing', async () => {
    const bridge = fakeBridge({ step: 0 })
    await bridge.page.keep('{"page":"chat","chat":"","draft":"half"}')
    const app = new App(bridge)
    app.places.watch()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await bridge.settings.startup()).kept).toContain('half')
  })

  it('says that it had stopped', async () => {
    const bridge = fakeBridge({ step: 0 })
    const startup = async () => ({ ...(await bridge.settings.startup()), again: true })
    const app = await page({ ...bridge, settings: { ...bridge.settings, startup } })
    expect(app.toasts.items.map((t) => t.text)).toContain(
      'The page had stopped and was loaded again. Your chats and drafts are here.',
    )
  })

  it.each(['', 'nonsense', '[]', 'null', '{"page":"chat"}', '{"page":"chat","chat":""}'])(
    'begins as at a first start when %j was kept',
    (kept) => {
      expect(readPlace(kept)).toBeNull()
    },
  )
})
