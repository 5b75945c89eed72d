import type { Model, ModelDetails, OtherApp } from '../../types'

/** Models of other apps on the stand-in's machine. */
export const apps: readonly OtherApp[] = [
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
      ['Qwen3-4B-Q4_K_M.gguf', 'Qwen3 4B', 'Q4_K_M', 2_497_280_256, '', true],
      ['old/ggml-model.bin', 'ggml-model.bin', '', 3_900_000_000, 'It is in the old GGML format.', false],
    ],
  },
].map(({ name, folder, models }) => ({
  ...{ name, folder },
  models: (models as [string, string, string, number, string, boolean][]).map(
    ([file, title, quant, bytes, problem, shared]) => ({
      ...{ path: `${folder}/${file}`, name: title, quant, bytes, problem },
      installed: '',
      alike: false,
      keeps: shared && !problem ? 'Both names mean one file, so it takes no further space.' : '',
      copies: !shared && !problem,
      adapter: false,
    }),
  ),
}))

/** What the drawer of a model shows. */
export function detailsOf(model: Model): ModelDetails {
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
