import type { Bridge } from '../bridge'
import { must, type Clause } from './clause'

/** What is said of connections and of work in the background. Nothing of it goes online. */
export function workContract(bridge: Bridge): Clause[] {
  return [
    {
      name: 'work is listed from its beginning to its end, and told of before the call that began it returns',
      run: async () => {
        const told = new Set<string>()
        const ended = new Set<string>()
        let far = 0
        const off = [
          bridge.on('task:progress', (task) => {
            told.add(task.id)
            if (task.kind === 'bandwidth' && task.total > 0) far = Math.max(far, task.done / task.total)
          }),
          bridge.on('task:finished', (task) => ended.add(task.id)),
        ]
        try {
          const { id } = await bridge.machine.measureBandwidth()
          const listed = (await bridge.tasks.list()).find((t) => t.id === id)
          must(listed !== undefined || ended.has(id), 'it is listed')
          must(told.has(id), 'and told of')
          if (listed) {
            must(listed.kind === 'bandwidth' && listed.waits === '' && listed.startedAt > 0, 'with what it is')
          }
          while (!ended.has(id)) await new Promise((resolve) => setTimeout(resolve, 20))
          must(!(await bridge.tasks.list()).some((t) => t.id === id), 'and not after its end')
          must(far > 0 && far <= 1, 'how far it is is said on the way')
        } finally {
          for (const end of off) end()
        }
      },
    },
    {
      name: 'what is online can be read without going online, and what was sent is what the ledger says',
      run: async () => {
        const online = await bridge.downloads.online()
        must(Array.isArray(online.open), 'it is a list')
        must(
          online.open.every((o) => o.connections > 0 && o.host !== ''),
          'each with its host',
        )
        must(online.bytesOut === (await bridge.downloads.ledger()).bytesOut || online.open.length > 0, 'the same bytes')
      },
    },
  ]
}
