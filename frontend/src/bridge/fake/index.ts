import type { Bridge } from '../bridge'
import { chatsOf } from './chats'
import { discoverOf } from './discover'
import { downloadsOf } from './downloads'
import { labOf } from './lab'
import { libraryOf } from './library'
import { machineOf } from './machine'
import { noProblem } from './scenes/scene'
import { about, limits } from './scenes/settings'
import { copied, FakeWorld, type FakeOptions } from './world'

/** A whole window in memory, so that the page runs in a plain browser and in tests. */
export function fakeBridge(options: FakeOptions = {}): Bridge {
  const world = new FakeWorld(options)
  const { service, look } = discoverOf(world)
  const library = libraryOf(world)
  return {
    chats: chatsOf(world),
    library: copied(library),
    machine: copied(machineOf(world)),
    discover: copied(service),
    downloads: copied(downloadsOf(world, look)),
    lab: copied<Bridge['lab']>(labOf(world)),
    settings: copied<Bridge['settings']>({
      get: async () => world.settings,
      set: async (value) => (world.settings = value),
      limits: async () => limits,
      about: async () => ({ ...about, bytesOut: world.ledger.bytesOut }),
      startup: async () => ({ problem: noProblem, notice: noProblem }),
      openLink: async () => undefined,
      copy: async (text) => {
        await navigator.clipboard.writeText(text).catch(() => undefined)
      },
    }),
    tasks: copied<Bridge['tasks']>({ cancel: (id) => library.cancelTask(id) }),
    on: (event, handler) => world.events.on(event, handler),
  }
}
