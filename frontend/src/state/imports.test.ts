import { describe, expect, it } from 'vitest'
import { fakeBridge } from '../bridge/fake'
import { App } from './app'

const file = '/home/mara/Downloads/granite-3.3-2b-Q8_0.gguf'

async function started(scene: 'full' | 'trouble' = 'full') {
  const app = new App(fakeBridge({ scene, step: 0 }))
  await app.start()
  return app
}

describe('an import', () => {
  it('opens its form with what was chosen, named after its header and not after its file', async () => {
    const app = await started()
    await app.imports.choose()
    expect(app.imports.items).toMatchObject([{ name: 'Phi 4 mini instruct', problem: '', file: { quant: 'Q4_K_M' } }])
  })

  it('closes its form when the model is there, under the name that was given', async () => {
    const app = await started()
    await app.imports.look([file])
    app.imports.rename(file, 'Granite')
    await app.imports.start()
    expect(app.imports.open).toBe(false)
    expect(app.library.models.map((m) => m.name)).toContain('Granite')
    expect(app.toasts.items.at(-1)?.text).toContain('Granite')
  })

  it('keeps what went wrong at its file and tells it nowhere else', async () => {
    const app = await started()
    await app.imports.look(['/home/mara/broken.gguf'])
    expect(app.imports.items[0]?.problem).toContain('1.8 MB')
    expect(app.imports.ready).toHaveLength(0)
    await app.imports.look([file, '/home/mara/notes.txt'])
    await app.imports.start()
    expect(app.imports.items.map((item) => item.state)).toEqual(['done', 'waiting'])
    expect(app.imports.open).toBe(true)
    expect(app.toasts.items.filter((toast) => toast.tone === 'error')).toEqual([])
  })

  it('of a file that looks like a model says so, compares it, and says what it is', async () => {
    const app = await started()
    const model = app.library.models.find((m) => m.source !== 'starter')
    if (!model) throw new Error('no model')
    const copy = `/media/stick/${model.name.replaceAll(' ', '-')}-${model.quant}.gguf`
    await app.imports.look([copy])
    const [item] = app.imports.items
    if (!item) throw new Error('nothing was looked at')
    expect([app.imports.here(item), app.imports.like(item)]).toEqual(['', model.ref])
    expect(app.imports.ready).toHaveLength(1)
    await app.imports.start()
    expect(app.toasts.items.at(-1)?.text).toContain('the same as')
    await app.imports.look([copy.replace('/media/', '/retrained/')])
    await app.imports.start()
    expect(app.toasts.items.at(-1)?.text).not.toContain('the same as')
    expect(app.library.models.filter((m) => m.name === model.name)).toHaveLength(2)
  })

  it('of a copy and a new file counts what was added alone, and is finished when a damaged one is left', async () => {
    const app = await started()
    const model = app.library.models.find((m) => m.source !== 'starter')
    if (!model) throw new Error('no model')
    const copy = `/media/stick/${model.name.replaceAll(' ', '-')}-${model.quant}.gguf`
    await app.imports.look([copy, file, '/home/mara/broken.gguf'])
    expect(app.imports.finished).toBe(false)
    await app.imports.start()
    expect(app.imports.items.map((item) => item.state)).toEqual(['same', 'done', 'waiting'])
    expect(app.toasts.items.at(-1)?.text).toBe('1 model was added to your library. 1 was there already.')
    expect([app.imports.open, app.imports.finished]).toEqual([true, true])
  })

  it('of what is here already is off, unless that is damaged', async () => {
    const app = await started('trouble')
    const model = app.library.models.find((m) => m.source !== 'starter')
    await app.imports.look([model?.path ?? ''])
    await app.models.verify('')
    const damaged = app.library.damaged[0]
    expect(damaged).toBeDefined()
    expect(app.library.damageOf(damaged?.ref ?? '')).toBe(damaged)
  })
})

describe('the form of an import', () => {
  it('takes more files that are dropped, beside those and the names that are in it', async () => {
    const app = await started()
    await app.imports.look([file])
    app.imports.rename(file, 'Mine')
    await app.imports.look(['/home/mara/broken.gguf', '/home/mara/other-Q8_0.gguf'], true)
    expect(app.imports.items.map((item) => item.file.path)).toEqual([
      file,
      '/home/mara/broken.gguf',
      '/home/mara/other-Q8_0.gguf',
    ])
    expect(app.imports.items[0]?.name).toBe('Mine')
    expect(app.imports.good).toHaveLength(2)
    await app.imports.look(['/home/mara/broken.gguf'], true)
    expect(app.imports.items).toHaveLength(3)
    await app.imports.look(['/home/mara/broken.gguf'])
    expect(app.imports.items).toHaveLength(1)
    expect(app.imports.good).toHaveLength(0)
  })

  it('takes what is dropped while files are copied, and stays open for it', async () => {
    const app = await started()
    await app.imports.look([file])
    const all = app.imports.start()
    await app.imports.look(['/home/mara/other-Q8_0.gguf'], true)
    await all
    expect(app.imports.open).toBe(true)
    expect(app.imports.ready.map((item) => item.file.path)).toEqual(['/home/mara/other-Q8_0.gguf'])
  })

  it('can be put away while files are copied, and comes back when one fails', async () => {
    const app = await started()
    await app.imports.look([file, '/home/mara/other-Q8_0.gguf'])
    const all = app.imports.start()
    app.imports.close()
    expect(app.imports.open).toBe(false)
    await all
    expect(app.imports.open).toBe(false)
    expect(app.library.models.some((m) => m.name === 'other')).toBe(true)
    await app.imports.look([file.replace('Q8_0', 'Q6_K'), '/home/mara/note.txt'])
    const some = app.imports.start()
    app.imports.close()
    await some
    expect(app.imports.open).toBe(true)
  })
})

describe('a model', () => {
  it('that is large or came by download is removed after a question alone, and comes back with Undo', async () => {
    const app = await started()
    const large = app.library.models.find((m) => m.source === 'pull' || m.bytes > 1e9)
    const small = app.library.models.find((m) => m.source !== 'pull' && m.bytes < 1e9)
    if (!large || !small) throw new Error('no such models')
    const no = app.models.remove(large)
    expect(app.dialogs.question?.body).toContain('To have it again')
    app.dialogs.answer(false)
    await no
    expect(app.library.find(large.ref)).toBeDefined()
    const yes = app.models.remove(large)
    app.dialogs.answer(true)
    await yes
    expect(app.library.find(large.ref)).toBeUndefined()
    app.toasts.items.at(-1)?.action?.run()
    expect(app.library.find(large.ref)).toBeDefined()
    await app.models.remove(small)
    expect(app.dialogs.question).toBeNull()
    expect(app.library.find(small.ref)).toBeUndefined()
  })

  it('is renamed with an undo, and its reference stays', async () => {
    const app = await started()
    const model = app.library.models[0]
    if (!model) throw new Error('no model')
    await app.models.rename(model, 'My best one')
    expect(app.library.find(model.ref)?.name).toBe('My best one')
    app.toasts.items.at(-1)?.action?.run()
    await expect.poll(() => app.library.find(model.ref)?.name).toBe(model.name)
  })

  it('that is damaged is told of on the Library page and not in a notice over it', async () => {
    const app = await started('trouble')
    app.go('library')
    await app.models.verify('')
    expect(app.library.damaged).toHaveLength(1)
    expect(app.toasts.items).toEqual([])
    app.go('machine')
    await app.models.verify('')
    expect(app.toasts.items.at(-1)?.hint).toContain('Library page')
  })

  it('without a chat template says so until one is chosen, which can be undone', async () => {
    const app = await started('full')
    const odd = app.library.models.find((m) => m.wantsTemplate)
    if (!odd) throw new Error('no model without a template')
    expect(app.library.cautioned(odd.ref)?.caution).toContain('no chat template')
    const before = await app.library.templates(odd.ref)
    await app.models.chooseTemplate(odd, before, 'vicuna', '')
    expect(app.library.cautioned(odd.ref)).toBeUndefined()
    expect((await app.library.templates(odd.ref)).chosen).toBe('vicuna')
    expect(app.toasts.items.at(-1)?.text).toContain('Vicuna')
    app.toasts.items.at(-1)?.action?.run()
    await expect.poll(() => app.library.cautioned(odd.ref)?.ref).toBe(odd.ref)
    app.library.heard(odd.ref)
    expect(app.library.cautioned(odd.ref)).toBeUndefined()
  })

  it('keeps its chat template when the engine can’t use the text of a person', async () => {
    const app = await started('full')
    const model = app.library.models[0]
    if (!model) throw new Error('no model')
    const before = await app.library.templates(model.ref)
    expect(await app.models.tryTemplate(model, before, '{{ range .Messages }}')).toContain('can’t use')
    expect((await app.library.templates(model.ref)).chosen).toBe('')
    expect(await app.models.tryTemplate(model, before, '{{ .Prompt }}{{ .Response }}')).toBe('')
    expect((await app.library.templates(model.ref)).chosen).toBe('custom')
  })

  it('whose chat template has a fault can be run when another one is chosen', async () => {
    const app = await started('trouble')
    const bad = app.library.models.find((m) => m.problem)
    if (!bad) throw new Error('no model with a problem')
    expect(app.library.cautioned(bad.ref)?.problem).toContain('has a fault')
    await app.models.chooseTemplate(bad, await app.library.templates(bad.ref), 'gemma', '')
    expect(app.library.find(bad.ref)).toMatchObject({ problem: '', wantsTemplate: false })
  })
})
