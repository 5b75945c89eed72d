import type { Bridge } from '../bridge'
import type { TaskEnd } from '../types'
import { must, rejects, type Clause } from './clause'

function finished(bridge: Bridge, id: string): Promise<TaskEnd> {
  return new Promise((resolve) => {
    const off = bridge.on('task:finished', (end) => {
      if (end.id !== id) return
      off()
      resolve(end)
    })
  })
}

/** What the lab's page relies on. The library needs at least two models; what this makes is deleted. */
export function labContract(bridge: Bridge): Clause[] {
  const two = async () => {
    const { models } = await bridge.lab.setup()
    must(models.length > 1, 'two models can be compared')
    return models.slice(0, 2).map((m) => m.ref)
  }
  return [
    {
      name: 'lab: what can be compared is in the library, and sizes of what can be made are foretold',
      run: async () => {
        const { models, kv, contexts, rounds } = await bridge.lab.setup()
        must(kv.includes('f16') && contexts.length > 1 && rounds > 0, 'types, lengths and rounds')
        const precise = models.find((m) => m.precise)
        if (!precise) return
        for (const q of await bridge.lab.quants(precise.ref)) {
          must(q.refused !== '' || (q.bytes > 0 && q.bytes < precise.bytes * 2), `${q.quant} has a size or a reason`)
        }
      },
    },
    {
      name: 'lab: kept comparisons can be read, and have one reference each',
      run: async () => {
        for (const { id } of await bridge.lab.comparisons()) {
          const c = await bridge.lab.comparison(id)
          must(c.rows.filter((r) => r.reference).length === 1, 'one reference')
          must(new Set(c.rows.map((r) => r.id)).size === c.rows.length, 'rows have names of their own')
          must(
            c.rows.every((r) => r.sameTop <= 1 && (r.kld >= 0 || r.kld === -1)),
            'shares and divergences',
          )
        }
        await rejects(bridge.lab.comparison('no such comparison'), 'an unknown one')
        await bridge.lab.rough('no such comparison') // nothing, as for one that has ended
      },
    },
    {
      name: 'lab: a blind test tells nothing before its end and everything after it',
      run: async () => {
        const refs = await two()
        const { id } = await bridge.lab.startBlind({ refs, use: 'chat', tokens: 16 })
        try {
          const task = await bridge.lab.askBlind(id, 'Say hello.')
          await finished(bridge, task.id)
          const asked = await bridge.lab.blind(id)
          must(asked.answers.length === 2 && asked.prompt === 'Say hello.', 'two answers')
          must(asked.roundSeconds > 0 && asked.ahead > 0, 'how long the next answers take, by these')
          must(asked.votes.length === 0 && asked.tallies.length === 0 && asked.winner === '', 'nothing told')
          const voted = await bridge.lab.voteBlind(id, -1)
          must(voted.rounds === 1 && voted.ties === 1 && voted.answers.length === 0, 'a tie')
          const told = await bridge.lab.endBlind(id)
          must(told.state === 'ended' && told.tallies.length === 2 && told.verdict !== '', 'told at the end')
          must([...(told.votes[0]?.order ?? [])].sort().join() === [...refs].sort().join(), 'which was which')
          await rejects(bridge.lab.voteBlind(id, 0), 'no vote after the end')
        } finally {
          await bridge.lab.forgetBlind(id)
        }
        await rejects(bridge.lab.blind(id), 'gone')
      },
    },
    {
      name: 'lab: a prompt goes to two models, and their answers add up',
      run: async () => {
        const refs = await two()
        let gaps = 0
        const texts = ['', '']
        const ended = new Promise<void>((resolve) => {
          const off = bridge.on('side:delta', (d) => {
            if (d.column < 0) {
              off()
              resolve()
              return
            }
            if (d.offset !== texts[d.column]?.length) gaps++
            texts[d.column] = (texts[d.column] ?? '') + d.text
          })
        })
        const begun = await bridge.lab.sideBySide({ refs, prompt: 'Say hello.', system: '', seed: 7, tokens: 16 })
        must(begun.seed === 7 && (begun.atOnce || begun.reason !== ''), 'at once, or why not')
        await ended
        const run = await bridge.lab.side(begun.id)
        must(!run.running, 'it has ended')
        must(gaps > 0 || run.columns.every((c, i) => c.text === texts[i]), 'the same text')
        must(
          run.columns.every((c) => c.state === 'done' && c.tokens > 0),
          'with figures',
        )
        const ask = { prompt: 'x', system: '', seed: -1, tokens: 1 }
        await rejects(bridge.lab.sideBySide({ ...ask, refs: refs.slice(1) }), 'one model')
        await rejects(bridge.lab.sideBySide({ ...ask, refs, prompt: ' ' }), 'no prompt')
      },
    },
  ]
}
