import type { CatalogModel } from '../../types'
import { catalog } from '../catalog'

/** A model that the catalog does not have, of the shape of one that it has. */
function external(like: string, part: Pick<CatalogModel, 'id' | 'name' | 'family' | 'publisher' | 'params'>) {
  const base = catalog.find((m) => m.id === like)
  if (!base) throw new Error(`${like} is not recorded`)
  const quants = base.quants.map((q) => ({
    ...q,
    bytes: Math.round((q.bytes * part.params) / base.params),
    ref: `${part.id}:${q.name}`,
  }))
  const model: CatalogModel = {
    ...base,
    ...{ ollama: '', repositories: [], notes: [], benchmarks: [], warning: '', activeParams: part.params },
    ...part,
    quants,
  }
  return { like, model }
}

/** Models that Hugging Face has, each with the one of the catalog whose figures it is shown with. */
const externals = [
  external('llama-3.2-1b', {
    ...{ id: 'hf.co/LGAI-EXAONE/EXAONE-4.0-1.2B-GGUF', name: 'EXAONE 4.0 1.2B', family: 'exaone4' },
    ...{ publisher: 'LGAI-EXAONE', params: 1.28e9 },
  }),
  external('granite-3.3-8b', {
    ...{ id: 'hf.co/ibm-granite/granite-4.0-h-tiny-GGUF', name: 'Granite 4.0 H Tiny', family: 'granitehybrid' },
    ...{ publisher: 'ibm-granite', params: 6.94e9 },
  }),
  external('qwen3-8b', {
    ...{ id: 'hf.co/utter-project/EuroLLM-9B-Instruct-GGUF', name: 'EuroLLM 9B Instruct', family: 'llama' },
    ...{ publisher: 'utter-project', params: 9.15e9 },
  }),
]

/** A model of the catalog, or one that Hugging Face has. */
export function modelOf(id: string): CatalogModel | undefined {
  return catalog.find((m) => m.id === id) ?? externals.find((e) => e.model.id === id)?.model
}

/** The model of the catalog whose figures a model is shown with. */
export function likeOf(id: string): string {
  return externals.find((e) => e.model.id === id)?.like ?? id
}
