import { describe, expect, it } from 'vitest'
import type { Bridge } from '../bridge/bridge'
import { fakeBridge } from '../bridge/fake'
import { noProblem, type Scene } from '../bridge/fake/scenes/scene'
import type { Download } from '../bridge/types'
import { AnyModelState, isAddress } from './anymodel.svelte'
import { DownloadsState } from './downloads.svelte'
import { LibraryState } from './library.svelte'
import { mustAsk } from './models'

async function opened(scene: Scene = 'full', step = 0) {
  const bridge = fakeBridge({ scene, step })
  const state = new DownloadsState(bridge.downloads)
  bridge.on('download:progress', (data) => state.apply({ name: 'download:progress', data }))
  bridge.on('download:finished', (data) => state.apply({ name: 'download:finished', data }))
  await state.refresh()
  return { bridge, state }
}

const ended = (bridge: Bridge) => new Promise<Download>((resolve) => bridge.on('download:finished', resolve))

describe('a download', () => {
  it('comes into the library with its progress, which never runs backwards', async () => {
    const { bridge, state } = await opened()
    const shares: number[] = []
    bridge.on('download:progress', (d) => shares.push(d.done))
    const end = ended(bridge)
    const begun = await state.start('qwen3-8b:Q4_K_M', false)
    expect(state.of('qwen3-8b:Q4_K_M')?.id).toBe(begun.id)
    const done = await end
    expect(done.state).toBe('done')
    expect(shares.length).toBeGreaterThan(2)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(state.open).toEqual([])
    expect(state.done.map((d) => d.id)).toEqual([begun.id])
    expect((await bridge.library.get()).models.some((m) => m.ref === done.model)).toBe(true)
    expect((await bridge.downloads.ledger()).count).toBe(1)
  })

  it('is asked about first, and a licence of its own must be accepted before it begins', async () => {
    const { bridge, state } = await opened()
    const offer = await state.ask('llama-3.2-3b:Q4_K_M', false)
    expect(offer?.mustAccept).toBe(true)
    expect(state.asked?.state).toBe('known')
    await expect(state.start('llama-3.2-3b:Q4_K_M', false)).rejects.toThrow('accepted')
    await state.start('llama-3.2-3b:Q4_K_M', true)
    expect((await bridge.downloads.offer('llama-3.2-1b:Q4_K_M')).licenceName).toContain('Llama 3.2')
    expect((await bridge.downloads.offer('llama-3.2-1b:Q4_K_M')).mustAccept, 'one yes counts for all').toBe(false)
  })

  it('that the source does not have says why in the dialog, also when it was asked for quietly', async () => {
    const { state } = await opened()
    expect(await state.ask('no-such-model:Q4_0', true)).toBeNull()
    expect(state.asked).toMatchObject({ state: 'failed', ref: 'no-such-model:Q4_0' })
    expect(state.asking('no-such-model:Q4_0')).toBe(false)
  })

  it('waits its turn, and is moved, paused and resumed', async () => {
    const { state } = await opened('downloads', 1000)
    expect(state.active.map((d) => d.state)).toEqual(['running', 'queued'])
    expect(state.failed.length).toBe(1)
    expect(state.share).toBeGreaterThan(0)
    await state.pause('w1')
    expect(state.find('w1')?.state).toBe('paused')
    await state.move('w3', -1)
    expect(state.open.map((d) => d.id).slice(0, 3)).toEqual(['w1', 'w3', 'w2'])
    await state.move('w1', -1)
    expect(state.open[0]?.id).toBe('w1')
    await state.resume('w1')
    expect(['queued', 'running']).toContain(state.find('w1')?.state)
  })

  it('that was cancelled leaves the list at once, comes back with Undo, and is deleted later without', async () => {
    const { bridge, state } = await opened('downloads', 1000)
    await state.cancel('w1', 20)
    await state.refresh()
    expect(state.open.some((d) => d.id === 'w1')).toBe(false)
    expect((await bridge.downloads.list()).find((d) => d.id === 'w1')?.state).toBe('paused')
    await state.keep('w1', true)
    await new Promise((r) => setTimeout(r, 40))
    expect(state.open.some((d) => d.id === 'w1')).toBe(true)
    await state.cancel('w1', 5)
    await new Promise((r) => setTimeout(r, 40))
    expect((await bridge.downloads.list()).some((d) => d.id === 'w1')).toBe(false)
  })

  it('is not moved back by a report that was overtaken', async () => {
    const { bridge, state } = await opened('downloads', 1000)
    const now = (await bridge.downloads.list())[0]
    if (!now) throw new Error('no download')
    state.apply({ name: 'download:progress', data: { ...now, seq: 9, done: 900_000_000 } })
    state.apply({ name: 'download:progress', data: { ...now, seq: 8, done: 1 } })
    expect(state.find(now.id)?.done).toBe(900_000_000)
  })

  it('begins without a question only where nothing is left to decide', async () => {
    const { bridge } = await opened()
    const ask = async (ref: string) => mustAsk(await bridge.downloads.offer(ref))
    expect(await ask('qwen3-4b:Q8_0')).toBe(false)
    expect(await ask('hf.co/ibm-granite/granite-4.0-h-tiny-GGUF')).toBe(true)
    expect(await ask('llama-3.2-3b:Q4_K_M')).toBe(true)
    expect(await ask('hf.co/utter-project/EuroLLM-9B-Instruct-GGUF:Q4_K_M')).toBe(true)
  })
})

describe('any other model', () => {
  it('is searched for only when asked, and looked at by its header', async () => {
    const bridge = fakeBridge({ step: 0 })
    const state = new AnyModelState(bridge.downloads)
    expect((await bridge.downloads.ledger()).count).toBe(0)
    await state.ask('granite')
    expect(state.search).toMatchObject({ state: 'known', query: 'granite' })
    const found = await state.look('hf.co/ibm-granite/granite-4.0-h-tiny-GGUF')
    expect(found?.choice.memory.totalBytes).toBeGreaterThan(0)
    expect(found?.headerBytes).toBeLessThan(20e6)
    expect(state.find(found?.model.id ?? '', 'Q4_K_M')).toBe(found)
    expect(state.find(found?.model.id ?? '', 'Q8_0'), 'another file has another header').toBeUndefined()
    const plan = await bridge.discover.fit({ id: found?.model.id ?? '', quant: 'Q4_K_M', context: 4096, kv: 'f16' })
    expect(plan.memory.totalBytes).toBeGreaterThan(0)
    expect((await bridge.downloads.ledger()).count).toBe(2)
  })

  it('that can’t be had leaves a sentence', async () => {
    const state = new AnyModelState(fakeBridge({ step: 0 }).downloads)
    expect(await state.look('hf.co/nobody/nothing')).toBeNull()
    expect(state.failureOf('hf.co/nobody/nothing')?.message).toContain('Nothing was found')
  })

  it.each([
    ['https://huggingface.co/Qwen/Qwen3-4B-GGUF', true],
    ['hf.co/Qwen/Qwen3-4B-GGUF:Q4_K_M', true],
    ['Qwen/Qwen3-4B-GGUF', true],
    ['llama3.1:8b', true],
    ['127.0.0.1:5000/library/tiny:q8', true],
    ['qwen coder', false],
    ['gemma', false],
    ['what is this: a search', false],
    ['', false],
  ])('takes %j for an address: %s', (words, address) => {
    expect(isAddress(words)).toBe(address)
  })
})

describe('a removed model', () => {
  it('leaves the lists at once, comes back with Undo, and is gone later without', async () => {
    const bridge = fakeBridge({ step: 0 })
    const library = new LibraryState(bridge.library)
    await library.refresh()
    const ref = library.models[0]?.ref ?? ''
    let freed = 0
    const remove = (ms: number) =>
      library.remove(
        ref,
        (n) => (freed = n),
        () => undefined,
        ms,
      )
    remove(20)
    expect(library.find(ref)).toBeUndefined()
    library.keep(ref)
    await new Promise((r) => setTimeout(r, 40))
    expect(library.find(ref)).toBeDefined()
    expect(freed).toBe(0)
    remove(5)
    await new Promise((r) => setTimeout(r, 40))
    expect(library.find(ref)).toBeUndefined()
    expect(freed).toBeGreaterThan(0)
  })

  it('that can’t be removed stays', async () => {
    const bridge = fakeBridge({ step: 0 })
    const refused = { ...bridge.library, remove: () => Promise.reject(new Error('in use')) }
    const library = new LibraryState(Object.assign(Object.create(bridge.library) as typeof bridge.library, refused))
    await library.refresh()
    const ref = library.models[0]?.ref ?? ''
    let reason: unknown
    library.remove(
      ref,
      () => undefined,
      (r) => (reason = r),
      1,
    )
    await new Promise((r) => setTimeout(r, 30))
    expect(library.find(ref)).toBeDefined()
    expect(reason).toBeInstanceOf(Error)
  })
})

describe('models of other apps', () => {
  it('are found, used here, and then marked', async () => {
    const bridge = fakeBridge({ step: 0 })
    const library = new LibraryState(bridge.library)
    await library.findOthers()
    if (library.others.state !== 'known') throw new Error('not found')
    const first = library.others.apps[0]?.models[0]
    if (!first) throw new Error('none')
    const end = new Promise((resolve) => bridge.on('task:finished', resolve))
    await library.adopt(first.path)
    expect(await end).toMatchObject({ kind: 'adopt', problem: noProblem })
    await library.findOthers()
    expect(library.others.apps[0]?.models[0]?.installed).not.toBe('')
  })

  it('that only look like one of the library are not said to be in it before they were compared', async () => {
    const bridge = fakeBridge({ step: 0 })
    const library = new LibraryState(bridge.library)
    await library.refresh()
    const found = async () => {
      await library.findOthers()
      if (library.others.state !== 'known') throw new Error('not found')
      const like = library.others.apps.flatMap((a) => a.models).find((m) => m.name === 'Qwen3 4B')
      if (!like) throw new Error('none')
      return like
    }
    const like = await found()
    expect([library.hasFile(like), library.likeFile(like)]).toEqual(['', 'qwen3-4b:Q4_K_M'])
    const end = new Promise((resolve) => bridge.on('task:finished', resolve))
    await library.adopt(like.path)
    await end
    const same = await found()
    expect([library.hasFile(same), library.likeFile(same)]).toEqual(['qwen3-4b:Q4_K_M', ''])
  })
})
