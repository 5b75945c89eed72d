import type { Bridge } from '../bridge'
import { chatsOf } from './chats'
import { chatAsk, discoverOf } from './discover'
import { downloadsOf } from './downloads'
import { labOf } from './lab'
import { libraryOf } from './library'
import { machineOf } from './machine'
import { noProblem } from './scenes/scene'
import { about, limits } from './scenes/settings'
import type { Settings } from '../types'
import { copied, fail, FakeWorld, type FakeOptions } from './world'

/** A whole window in memory, so that the page runs in a plain browser and in tests. */
export function fakeBridge(options: FakeOptions = {}): Bridge {
  const world = new FakeWorld(options)
  const { service, look } = discoverOf(world)
  return {
    chats: chatsOf(world),
    library: copied(libraryOf(world)),
    machine: copied(machineOf(world, () => service.advise(chatAsk))),
    discover: copied(service),
    downloads: copied(downloadsOf(world, look)),
    lab: copied<Bridge['lab']>(labOf(world)),
    settings: copied<Bridge['settings']>({
      get: async () => world.settings,
      set: async (value) => {
        refuse(value)
        return (world.settings = value)
      },
      limits: async () => limits,
      about: async () => ({ ...about, bytesOut: world.ledger.bytesOut }),
      startup: async () => ({
        problem: noProblem,
        notice: noProblem,
        again: false,
        kept: world.kept,
        stored: { ...world.stored },
      }),
      openLink: async () => undefined,
      openData: async () => undefined,
      openAppLog: async () => undefined,
      copy: async (text) => {
        await navigator.clipboard.writeText(text).catch(() => undefined)
      },
    }),
    tasks: copied<Bridge['tasks']>({
      list: async () => [...world.tasks.values()],
      cancel: async (id) => {
        world.cancelled.add(id)
      },
    }),
    page: copied<Bridge['page']>({
      alive: async () => undefined,
      handedOver: async () => undefined,
      keep: async (state) => {
        world.kept = state
      },
      store: async (name, text) => {
        if (!/^[a-zA-Z]{1,32}$/.test(name)) throw fail('invalid', 'Texts are kept under short words.', 'Use letters.')
        world.stored[name] = text
      },
    }),
    on: (event, handler) => world.events.on(event, handler),
  }
}

/** Throws when a number is beyond the limits. */
function refuse(settings: Settings): void {
  for (const name of ['contextLength', 'keepAliveMinutes', 'downloadsAtOnce', 'threads', 'textSize'] as const) {
    const { least, most } = limits[name]
    if (settings[name] < least || settings[name] > most)
      throw fail('invalid', 'This can’t be chosen.', 'Choose another.')
  }
  const { temperature } = settings
  if (temperature !== -1 && (temperature < 0 || temperature > limits.maxTemperature)) {
    throw fail('invalid', 'This temperature can’t be chosen.', 'Choose another.')
  }
}
