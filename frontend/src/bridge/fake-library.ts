import type { LibraryService } from './bridge'
import { fail, type FakeWorld } from './fake'
import { noProblem, starterModel, starterRef } from './fake-data'
import type { Model, ModelDetails, OtherApp, Problem, TaskEnd, VerifyReport } from './types'

const cancelledProblem: Problem = { code: 'cancelled', severity: 'info', title: 'Cancelled.', hint: '' }

/** Models of other apps on the stand-in's machine. */
const apps: readonly OtherApp[] = [
  {
    name: 'Ollama',
    folder: '/home/mara/.ollama/models',
    models: [
      ['llama3.2:latest', 'Llama 3.2 3B', 'Q4_K_M', 2_019_377_696, '', true],
      ['nomic-embed-text:latest', 'Nomic Embed Text 1.5', 'F16', 274_290_656, '', true],
    ],
  },
  {
    name: 'LM Studio',
    folder: '/home/mara/.lmstudio/models',
    models: [
      ['Mistral-7B-Instruct-v0.3-Q4_K_M.gguf', 'Mistral 7B Instruct v0.3', 'Q4_K_M', 4_372_811_936, '', false],
      ['old/ggml-model.bin', 'ggml-model.bin', '', 3_900_000_000, 'It is in the old GGML format.', false],
    ],
  },
].map(({ name, folder, models }) => ({
  ...{ name, folder },
  models: (models as [string, string, string, number, string, boolean][]).map(
    ([file, title, quant, bytes, problem, shared]) => ({
      ...{ path: `${folder}/${file}`, name: title, quant, bytes, problem },
      installed: '',
      keeps: shared && !problem ? 'Both names mean one file, so it takes no further space.' : '',
      copies: !shared && !problem,
      adapter: false,
    }),
  ),
}))

function detailsOf(model: Model): ModelDetails {
  const share = (type: string, tensors: number, part: number) => ({
    ...{ type, tensors },
    bytes: model.bytes * part,
    params: model.parameters * part,
  })
  const mixed = model.quant.includes('_K_')
  return {
    ...{ ref: model.ref, layers: 36, embedding: 2560, vocabulary: 151_936, experts: 0, expertsUsed: 0 },
    bitsPerWeight: model.parameters > 0 ? (model.bytes * 8) / model.parameters : 0,
    mix: mixed
      ? [share('Q4_K', 216, 0.71), share('Q6_K', 37, 0.285), share('F32', 145, 0.005)]
      : [share(model.quant, 210, 0.97), share('F32', 61, 0.03)],
    template: model.template
      ? "{%- for message in messages %}\n  {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}\n{%- endfor %}"
      : '',
    templateFrom: model.template ? 'file' : '',
    templateNote: model.template ? 'It is the one its publisher gives.' : '',
    licence: model.licenceName
      ? [{ question: 'May I use it commercially?', answer: model.openSource ? 'Yes.' : 'Yes, with conditions.' }]
      : [],
    licenceText: model.openSource ? 'Apache License\nVersion 2.0, January 2004\n…' : '',
    origin:
      model.source === 'pull'
        ? model.ref
        : model.source === 'starter'
          ? 'Came with the app'
          : `/home/mara/Downloads/${model.name}.gguf`,
    files: [
      { kind: 'model', path: model.path, bytes: model.bytes - 7_000, digest: model.digest, shared: false },
      {
        kind: 'template',
        path: '/home/mara/.local/share/weightroom/models/blobs/sha256-966d',
        bytes: 1_600,
        digest: 'sha256:966d',
        shared: true,
      },
      {
        kind: 'licence',
        path: '/home/mara/.local/share/weightroom/models/blobs/sha256-f02d',
        bytes: 5_400,
        digest: 'sha256:f02d',
        shared: false,
      },
    ],
    freesBytes: model.bytes - 1_600,
    verifiedAt: 0,
    notes: [],
  }
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
    for (let i = 0; i <= steps; i++) {
      await world.wait(4)
      if (cancelled.has(id)) {
        world.events.emit('task:finished', { id, kind, result: '', problem: cancelledProblem })
        return
      }
      const label = kind === 'import' && i >= 4 ? 'Copying' : 'Checking'
      world.events.emit('task:progress', { id, kind, done: (total * i) / steps, total, label })
    }
    const [result, problem] = done()
    world.events.changed('library:changed', result)
    world.events.emit('task:finished', { id, kind, result, problem })
  }
  const add = (model: Partial<Model> & Pick<Model, 'ref' | 'name'>): [string, Problem] => [
    world.addModel(model),
    noProblem,
  ]
  const get = (ref: string) => {
    const model = world.library.models.find((m) => m.ref === ref)
    if (!model) throw fail('not_found', `There is no model “${ref}” in the library.`, 'It may have been removed.')
    return model
  }

  return {
    get: async () => world.library,
    chooseFile: async () => '/home/mara/Downloads/Phi-4-mini-instruct-Q4_K_M.gguf',
    import: async (path, name) => {
      const refused: Problem = {
        ...{ code: 'not_gguf', severity: 'error', title: 'This file is not a GGUF model.' },
        hint: 'Choose a file whose name ends in .gguf.',
      }
      const bytes = 2_491_874_272
      return task('import', bytes, () =>
        path.endsWith('.gguf')
          ? add({ ref: `${name}:Q4_K_M`, name, quant: 'Q4_K_M', bytes, source: 'import', addedAt: world.now() })
          : ['', refused],
      )
    },
    installStarter: async () => task('starter', 98_362_432, () => add(starterModel(world.now()))),
    cancelTask: async (id) => {
      cancelled.add(id)
    },
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
    details: async (ref) => detailsOf(get(ref)),
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
      return folder ? [{ name: '', folder, models: [] }] : [...found]
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
    importBundle: async () =>
      task('import', 1_100_000_000, () =>
        add({ ref: 'granite-3.3-2b:Q4_K_M', name: 'Granite 3.3 2B', bytes: 1_545_000_000, addedAt: world.now() }),
      ),
  }
}
