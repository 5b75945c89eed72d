import type { LibraryService } from '../bridge'
import type { Model, OtherModel, Problem, TaskEnd, VerifyReport } from '../types'
import { starterModel } from './scenes/library'
import { apps } from './scenes/others'
import { noProblem, starterRef } from './scenes/scene'
import { templatesOf } from './templates'
import { fail, type FakeWorld } from './world'

const cancelledProblem: Problem = { code: 'cancelled', severity: 'info', title: 'Cancelled.', hint: '' }

const damagedFile = 'This file is not complete: 1.8 MB of its 2.5 GB are missing.'

const gone = (ref: string) =>
  fail('not_found', `There is no model “${ref}” in the library.`, 'It may have been removed.')

/** What a header might call the model in a file. */
function titleOf(path: string): string {
  const stem = (path.split('/').pop() ?? '').replace(/\.gguf$/i, '').replace(/:.*$/, '')
  return stem.replace(/[-_.](I?Q\d\w*|B?F\d+)$/i, '').replace(/[-_]/g, ' ')
}

/** What the stand-in says of a file. */
function fileAt(path: string, models: readonly Model[]): OtherModel {
  const name = titleOf(path)
  const quant = /(I?Q\d\w*|B?F\d+)\.gguf$/i.exec(path)?.[1] ?? ''
  const installed = models.find((m) => m.path === path || (m.name === name && m.quant === quant))?.ref ?? ''
  const problem = !path.endsWith('.gguf')
    ? 'This file is not a GGUF model, whatever its name ends in. Choose another file.'
    : path.includes('broken')
      ? `${damagedFile} Download it again from where you got it.`
      : ''
  const bytes = path.includes('broken') ? 2_489_000_000 : 2_491_874_272
  const alike = installed !== '' && !models.some((m) => m.path === path)
  return { path, name, quant, bytes, installed, alike, problem, keeps: '', copies: true, adapter: false }
}

/** The models on the stand-in's disk. */
export function libraryOf(world: FakeWorld): LibraryService {
  const { cancelled } = world
  let serial = 0
  let found = apps
  let report: VerifyReport = { models: 0, at: 0, bad: [] }

  const task = (kind: TaskEnd['kind'], total: number, done: () => [result: string, problem: Problem]) => {
    const id = `t${++serial}`
    void run(id, kind, total, done)
    return { id }
  }
  const run = async (
    id: string,
    kind: TaskEnd['kind'],
    total: number,
    done: () => [result: string, problem: Problem],
  ) => {
    const steps = 20
    world.report({ id, kind, done: 0, total, label: 'Checking' })
    for (let i = 0; i <= steps; i++) {
      await world.wait(4)
      if (cancelled.has(id)) {
        world.ended({ id, kind, result: '', problem: cancelledProblem })
        return
      }
      const label = kind === 'import' && i >= 4 ? 'Copying' : 'Checking'
      world.report({ id, kind, done: (total * i) / steps, total, label })
    }
    const [result, problem] = done()
    world.events.changed('library:changed', result)
    world.ended({ id, kind, result, problem })
  }
  const add = (model: Partial<Model> & Pick<Model, 'ref' | 'name'>): [string, Problem] => [
    world.addModel(model),
    noProblem,
  ]
  const get = (ref: string) => {
    const model = world.library.models.find((m) => m.ref === ref)
    if (!model) throw gone(ref)
    return model
  }

  return {
    get: async () => world.library,
    memory: async () =>
      world.library.models
        .filter((m) => m.parameters > 0)
        .map(({ ref, bytes, contextLength, capable }) => {
          const context = Math.min(world.settings.contextLength, contextLength || Infinity)
          const planned = world.plans.has(`${ref}:${context}:f16`)
          return {
            ref,
            bytes: Math.round(bytes * 1.08 + context * 70_000),
            context,
            planned,
            sees: capable.includes('vision') ? 851_000_000 : 0,
          }
        }),
    chooseFile: async () => world.chosenFile,
    dropped: async () => world.dropped.splice(0),
    look: async (paths) => paths.map((path) => fileAt(path, world.library.models)),
    import: async (path, name) => {
      const file = fileAt(path, world.library.models)
      const broken = file.problem || world.broken.has(path)
      return task('import', file.bytes || 1, () => {
        if (broken) return ['', { code: 'truncated', severity: 'error', title: file.problem || damagedFile, hint: '' }]
        const { quant, bytes } = file
        const other = file.alike && path.includes('/retrained/') ? '-2' : ''
        const ref = (!other && file.installed) || `${file.name.toLowerCase().replaceAll(' ', '-')}${other}:${quant}`
        report = { ...report, bad: report.bad.filter((d) => d.ref !== ref) }
        return add({ ref, name: name || file.name, quant, bytes, source: 'import', path, addedAt: world.now() })
      })
    },
    rename: async (ref, name) => {
      const now = name.trim().replace(/\s+/g, ' ') || titleOf(get(ref).path)
      world.setModels(world.library.models.map((m) => (m.ref === ref ? { ...m, name: now } : m)))
      if (!world.library.models.some((m) => m.ref === ref)) throw gone(ref)
      world.events.changed('library:changed', ref)
      return now
    },
    installStarter: async () => task('starter', 98_362_432, () => add(starterModel(world.now()))),
    remove: async (ref) => {
      const freed = world.library.models.find((m) => m.ref === ref)?.bytes ?? 0
      world.setModels(world.library.models.filter((m) => m.ref !== ref))
      const adapters = world.library.adapters.filter((a) => a.ref !== ref)
      world.library = { ...world.library, adapters }
      if (world.engine.model === ref) world.setEngine({ model: '', modelBytes: 0, expiresAt: 0 })
      world.events.changed('library:changed', ref)
      return freed
    },
    reveal: async () => undefined,
    ...templatesOf(world, get),
    chooseFolder: async () => '/media/mara/Stick/models',
    verify: async (ref) => {
      const models = ref ? [get(ref)] : world.library.models
      return task(
        'verify',
        models.reduce((sum, m) => sum + m.bytes, 0),
        () => {
          const rotten = world.scene === 'trouble' && models.find((m) => m.ref !== starterRef)
          const reason = 'Its bytes are not what they were when it came.'
          report = {
            ...{ models: models.length, at: world.now() },
            bad: rotten ? [{ ref: rotten.ref, reason, repairable: true }] : [],
          }
          return ['', noProblem]
        },
      )
    },
    verifyReport: async () => report,
    repair: async (ref) => {
      const model = get(ref)
      return task('repair', model.bytes, () => {
        report = { ...report, bad: report.bad.filter((b) => b.ref !== ref) }
        return [ref, noProblem]
      })
    },
    attach: async (base, adapter) => {
      const model = get(base)
      const change = world.library.adapters.find((a) => a.ref === adapter)
      if (!change) throw fail('not_found', 'This adapter is gone.', 'Choose another one.')
      const ref = `${model.ref.split(':')[0] ?? model.ref}-${change.name.toLowerCase().replaceAll(' ', '-')}:${model.quant}`
      world.addModel({ ...model, ref, name: `${model.name} with ${change.name}`, source: 'derived', lastUsedAt: 0 })
      world.events.changed('library:changed', ref)
      return ref
    },
    others: async (folder) => {
      await world.wait(10)
      if (world.scene === 'empty' && !folder) return []
      const looks = (m: OtherModel): OtherModel => {
        const like = world.library.models.find((own) => own.name === m.name && own.quant === m.quant)
        return m.installed || !like ? m : { ...m, installed: like.ref, alike: true }
      }
      if (folder) return [{ name: '', folder, models: [] }]
      return found.map((a) => ({ ...a, models: a.models.map(looks) }))
    },
    adopt: async (path) => {
      const model = found.flatMap((a) => a.models).find((m) => m.path === path)
      if (!model || model.problem) throw fail('unsupported', 'This file can’t be used.', 'Choose another one.')
      const ref = `${model.name.toLowerCase().replaceAll(' ', '-')}:${model.quant}`
      return task('adopt', model.bytes, () => {
        found = found.map((a) => ({
          ...a,
          models: a.models.map((m) => (m.path === path ? { ...m, installed: ref } : m)),
        }))
        if (world.library.models.some((m) => m.ref === ref)) return [ref, noProblem]
        const { name, quant, bytes } = model
        return add({ ref, name, quant, bytes, source: 'adopted', path, addedAt: world.now() })
      })
    },
    move: async (folder) =>
      task('move', world.library.totalBytes, () => {
        world.library = { ...world.library, folder }
        return [folder, noProblem]
      }),
    exportBundle: async (ref, folder) => {
      const model = get(ref)
      return task('export', model.bytes, () => [`${folder}/${model.ref.replace(':', '-')}`, noProblem])
    },
  }
}
