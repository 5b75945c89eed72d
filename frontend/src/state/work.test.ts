import { describe, expect, it } from 'vitest'
import { fakeBridge } from '../bridge/fake'
import { text } from '../text'
import { App } from './app'
import { workOf } from './work'

async function started(scene: 'full' | 'downloads') {
  const app = new App(fakeBridge({ scene, step: 0 }))
  await app.start()
  return app
}

describe('what is online', () => {
  it('is known while a search is on its way, and is nothing before and after', async () => {
    const app = await started('full')
    const seen: string[][] = []
    app.bridge.on('network:changed', () => seen.push(app.downloads.online.open.map((o) => `${o.kind} ${o.of}`)))
    expect(app.downloads.online.open).toEqual([])
    await app.bridge.downloads.search('granite')
    expect(seen).toEqual([['search granite'], []])
  })

  it('is the download that runs, from the start of the page on', async () => {
    const app = await started('downloads')
    await app.downloads.loadOnline()
    expect(app.downloads.online.open.map((o) => o.kind)).toContain('download')
  })
})

describe('what is at work', () => {
  it('is every task and every download, each with a name and a way to stop it', async () => {
    const app = await started('downloads')
    await app.bridge.discover.testDrive({ id: 'qwen3-4b', quant: 'Q4_K_M', context: 8192, kv: 'f16' })
    await app.tasks.load()
    await app.downloads.refresh()
    const all = workOf(app, app)
    expect(all.some((w) => w.name.startsWith('Test drive: '))).toBe(true)
    expect(all.some((w) => w.name.startsWith('Downloading: '))).toBe(true)
    for (const work of all) expect(work.stop?.label, work.name).toContain(work.name)
    for (const work of all) expect(Object.values(text.rail.works)).toContain(work.word)
    for (const word of Object.values(text.rail.works)) expect(word, 'has room in the rail').toMatch(/^\w{4,8}$/)
  })

  it('says what it waits for', async () => {
    const app = await started('full')
    const about = { seq: 1, done: 0, total: 10, label: '', of: 'Qwen3 0.6B', left: -1, startedAt: 0 } as const
    app.tasks.apply({ name: 'task:progress', data: { id: 'f', kind: 'fit', waits: 'mains', ...about } })
    expect(workOf(app, app)[0]?.waits).toBe('Waiting until the computer is plugged in.')
    app.tasks.apply({ name: 'task:progress', data: { id: 'f', kind: 'fit', waits: '', ...about, seq: 2 } })
    expect(workOf(app, app)[0]?.waits).toBe('')
    app.tasks.apply({ name: 'task:progress', data: { id: 'f', kind: 'fit', waits: 'mains', ...about } })
    expect(workOf(app, app)[0]?.waits, 'a report that was overtaken').toBe('')
  })
})
