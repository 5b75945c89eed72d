import type { LabService } from '../bridge'
import { toBridgeError } from '../failure'
import type { Adapter, LabModel, SideColumn, SideRun } from '../types'
import { noProblem } from './scenes/scene'
import { fail, type FakeWorld } from './world'

type SidePart = Pick<
  LabService,
  'sideBySide' | 'side' | 'stopSide' | 'adapters' | 'addAdapter' | 'removeAdapter' | 'attach'
>

const texts = [
  'A lighthouse keeper lives by the clock. At dusk she climbs the ninety-one steps, trims the lamp and writes the hour in her book. The sea does not care, and she has never forgiven it for that.',
  'A lighthouse keeper lives by the clock. At dusk she climbs the hundred steps, lights the lamp and notes the hour in her book. The sea does not care, and she likes it for that.',
  'The keeper of the lighthouse hates the sea. At dusk she climbs the ninety-one steps, trims the lamp and writes the hour in her book.',
  'Once there was a lighthouse. In it lived a keeper. She hated the sea, and the sea hated her.',
]

/** Side by side and adapters of the stand-in. */
export function sideOf(world: FakeWorld, installed: LabModel[]): SidePart {
  const runs = new Map<string, SideRun>()
  const stopped = new Set<string>()
  const none = world.scene === 'empty' || world.scene === 'welcome'
  let adapters: Adapter[] = none
    ? []
    : [{ id: 'pirate', name: 'Pirate', architecture: 'llama', bytes: 4_890_112, rank: 8, alpha: 16 }]
  let serial = 0

  const find = (id: string): SideRun => {
    const found = runs.get(id)
    if (!found) throw fail('not_found', 'These answers are no longer here.', 'Send the prompt again.')
    return found
  }

  const patch = (id: string, column: number, change: Partial<SideColumn>) => {
    const run = find(id)
    const columns = run.columns.map((c, i) => (i === column ? { ...c, ...change } : c))
    runs.set(id, { ...run, columns })
  }

  const write = async (id: string, column: number) => {
    const words = (texts[column] ?? '').split(/(?<= )/)
    const say = (state: SideColumn['state'], offset: number, text: string) =>
      world.events.emit('side:delta', { id, column, state, offset, text })
    patch(id, column, { state: 'loading' })
    say('loading', 0, '')
    await world.wait(8)
    try {
      world.checkMemory(find(id).columns[column]?.ref ?? '')
    } catch (reason) {
      const { code, message, hint } = toBridgeError(reason)
      patch(id, column, { state: 'failed', problem: { code, severity: 'error', title: message, hint } })
      return say('failed', 0, '')
    }
    let text = ''
    for (const word of words) {
      if (stopped.has(id)) break
      const before = text.length
      text += word
      patch(id, column, { state: 'writing', text })
      say('writing', before, word)
      await world.wait(2)
    }
    const speed = 131 - column * 17
    const figures = { tokens: words.length, tokensPerSecond: speed, timeToFirstTokenSeconds: 0.2 + column * 0.1 }
    const state = stopped.has(id) ? 'stopped' : 'done'
    patch(id, column, { state, loadSeconds: 0.3, ...figures })
    say(state, text.length, '')
  }

  const go = async (id: string) => {
    for (let i = 0; i < find(id).columns.length; i++) await write(id, i)
    runs.set(id, { ...find(id), running: false })
    world.events.emit('side:delta', { id, column: -1, state: 'done', offset: 0, text: '' })
  }

  return {
    sideBySide: async (ask) => {
      if (ask.refs.length < 2 || ask.refs.length > 4) {
        throw fail('invalid', 'Side by side needs two to four models.', 'Choose some more, or fewer.')
      }
      if (!ask.prompt.trim()) throw fail('invalid', 'There is no prompt.', 'Write one.')
      const id = `side${++serial}`
      const columns = ask.refs.map((ref): SideColumn => {
        const model = installed.find((m) => m.ref === ref)
        return {
          ...{ ref, name: model?.name ?? ref, quant: model?.quant ?? '', state: 'waiting', text: '', thinking: '' },
          ...{ problem: noProblem, tokens: 0, tokensPerSecond: 0, timeToFirstTokenSeconds: 0, loadSeconds: 0 },
        }
      })
      const reason = 'One after another: together they need 5.1 GB, and 3.9 GB are free.'
      runs.set(id, { id, prompt: ask.prompt, seed: 7, atOnce: false, reason, running: true, columns })
      void go(id)
      return find(id)
    },
    side: async (id) => find(id),
    stopSide: async (id) => {
      stopped.add(id)
    },
    adapters: async () => adapters,
    addAdapter: async () => {
      const added = { id: 'sonnets', name: 'Sonnets', architecture: 'llama', bytes: 9_780_224, rank: 16, alpha: 16 }
      adapters = [...adapters.filter((a) => a.id !== added.id), added]
      return added
    },
    removeAdapter: async (id) => {
      adapters = adapters.filter((a) => a.id !== id)
    },
    attach: async (base, uses) => {
      const model = installed.find((m) => m.ref === base)
      if (!model) throw fail('not_found', 'The model is not in the library.', 'Choose another one.')
      const words = uses.map((u) => `${u.id}-${u.scale}`).join('-')
      const [name = '', quant = ''] = base.split(':')
      const ref = `${name}-with-${words}:${quant}`
      const shown = `${model.name} with ${uses.map((u) => adapters.find((a) => a.id === u.id)?.name ?? u.id).join(', ')}`
      if (!installed.some((m) => m.ref === ref)) installed.push({ ...model, ref, name: shown })
      const known = world.library.models
      const first = known[0]
      if (first && !known.some((m) => m.ref === ref)) {
        world.library = { ...world.library, models: [...known, { ...first, ref, name: shown, quant }] }
        world.events.changed('library:changed', ref)
      }
      return ref
    },
  }
}
