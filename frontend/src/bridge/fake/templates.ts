import type { LibraryService } from '../bridge'
import type { Model, TemplateFamily } from '../types'
import { detailsOf } from './scenes/others'
import { fail, type FakeWorld } from './world'

const chatml = `{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
`

const families: readonly TemplateFamily[] = [
  { id: 'chatml', name: 'ChatML', text: chatml, fits: 'markers' },
  { id: 'vicuna', name: 'Vicuna', text: 'USER: {{ .Prompt }}\nASSISTANT:{{ .Response }}', fits: 'text' },
  { id: 'gemma', name: 'Gemma', text: '<start_of_turn>user\n{{ .Prompt }}<end_of_turn>\n{{ .Response }}', fits: 'no' },
]

/** What a model has when no other template is chosen for it. */
type Own = Pick<Model, 'template' | 'problem' | 'caution' | 'wantsTemplate'>

const sound: Own = { template: true, problem: '', caution: '', wantsTemplate: false }

/** The choice of a chat template for a model on the stand-in's disk. */
export function templatesOf(
  world: FakeWorld,
  get: (ref: string) => Model,
): Pick<LibraryService, 'details' | 'templates' | 'setTemplate'> {
  const chosen = new Map<string, { name: string; text: string; own: Own }>()

  const textOf = (name: string, text: string) => {
    const family = families.find((f) => f.id === name)
    if (family) return family.text
    if (name !== 'custom') {
      throw fail('not_found', `There is no chat template called ${name}.`, 'Choose one of: chatml, vicuna, gemma.')
    }
    if (/\.(Prompt|Content)/.test(text)) return text
    throw fail(
      'invalid',
      'The engine can’t use this chat template: it leaves out what the user says.',
      'Mend it, or choose a family’s.',
    )
  }
  const patch = (ref: string, part: Own) => {
    world.setModels(world.library.models.map((m) => (m.ref === ref ? { ...m, ...part } : m)))
    world.events.changed('library:changed', ref)
  }

  return {
    details: async (ref) => {
      const now = chosen.get(ref)
      const details = detailsOf(get(ref))
      if (!now) return details
      const templateNote = now.own.template
        ? 'It was chosen here, instead of the model’s own.'
        : 'It was chosen here: the file has none.'
      return { ...details, template: now.text, templateFrom: 'chosen', templateNote }
    },
    templates: async (ref) => {
      const now = chosen.get(get(ref).ref)
      return { ref, chosen: now?.name ?? '', text: now?.text ?? '', families: [...families] }
    },
    setTemplate: async (ref, name, text) => {
      const model = get(ref)
      const { template, problem, caution, wantsTemplate } = model
      const own = chosen.get(ref)?.own ?? { template, problem, caution, wantsTemplate }
      if (!name) {
        chosen.delete(ref)
        patch(ref, own)
        return ''
      }
      chosen.set(ref, { name, text: textOf(name, text), own })
      patch(ref, sound)
      return name === 'custom' && text.includes('ne .Role "system"')
        ? 'This template leaves out the system prompt.'
        : ''
    },
  }
}
