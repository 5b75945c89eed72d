import type { Bridge } from './bridge'
import { labContract } from './lab-contract'
import type { Ask, ChatEnd, Message } from './types'

/** One thing that every bridge must do. It throws when the bridge does not. */
export interface Clause {
  name: string
  run(): Promise<void>
}

export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

export async function rejects(call: Promise<unknown>, what: string): Promise<void> {
  const reason: unknown = await call.then(
    () => undefined,
    (r: unknown) => r,
  )
  must(reason instanceof Error && 'code' in reason && reason.message !== '', what)
}

function ended(bridge: Bridge, chatId: string): Promise<ChatEnd> {
  return new Promise((resolve) => {
    const off = bridge.on('chat:finished', (end) => {
      if (end.chatId !== chatId) return
      off()
      resolve(end)
    })
  })
}

/** What the page relies on. `bridge` needs at least one model in its library; chats that this makes are purged. */
export function contract(bridge: Bridge): Clause[] {
  const inChat = async (run: (id: string, model: string) => Promise<void>) => {
    const model = (await bridge.library.get()).models.at(-1)
    must(model !== undefined, 'the library has a model')
    const { id } = await bridge.chats.create(model.ref)
    try {
      await run(id, model.ref)
    } finally {
      await bridge.chats.stop(id).catch(() => undefined)
      await bridge.chats.delete(id).catch(() => undefined)
      await bridge.chats.purge(id).catch(() => undefined)
    }
  }

  return [
    {
      name: 'a created chat is listed, is empty and holds its model',
      run: () =>
        inChat(async (id, model) => {
          must(
            (await bridge.chats.list()).some((c) => c.id === id),
            'the list holds it',
          )
          const chat = await bridge.chats.get(id)
          must(chat.messages.length === 0 && chat.leaf === '' && chat.model === model, 'it is empty')
        }),
    },
    {
      name: 'title, pin, draft and options are there when the chat is fetched again',
      run: () =>
        inChat(async (id) => {
          const options = {
            system: 'Be brief.',
            temperature: 0.5,
            topP: 0.9,
            seed: 7,
            maxTokens: 64,
            contextLength: 2048,
          }
          await bridge.chats.rename(id, 'A title')
          await bridge.chats.setPinned(id, true)
          await bridge.chats.saveDraft(id, 'half a thought')
          await bridge.chats.setOptions(id, options)
          const chat = await bridge.chats.get(id)
          must(chat.title === 'A title' && chat.pinned && chat.draft === 'half a thought', 'title, pin and draft')
          must(
            Object.entries(options).every(([key, value]) => Reflect.get(chat, key) === value),
            'options',
          )
        }),
    },
    {
      name: 'a sent message is stored with its answer before the call returns',
      run: () =>
        inChat(async (id) => {
          const end = ended(bridge, id)
          const { user, answer } = await bridge.chats.send(id, '', 'Hello')
          must(user.role === 'user' && user.text === 'Hello' && user.parentId === '', 'the message')
          must(answer.role === 'assistant' && answer.parentId === user.id, 'its answer')
          must((await bridge.chats.get(id)).messages.length === 2, 'both are stored')
          await end
        }),
    },
    {
      name: 'deltas add up to the stored text, and it is stored when the ending comes',
      run: () =>
        inChat(async (id) => {
          let text = ''
          let gap = false as boolean
          const off = bridge.on('chat:delta', (d) => {
            if (d.chatId !== id) return
            gap ||= d.offset !== text.length
            text += d.text
          })
          const end = ended(bridge, id)
          const { answer } = await bridge.chats.send(id, '', 'Hello')
          const { state } = await end
          off()
          const stored: Message = await bridge.chats.message(id, answer.id)
          must(stored.state === state && state === 'done', `ended as done, not ${state}`)
          must(gap || stored.text === text, 'the same text')
          must(stored.tokens > 0 && stored.tokensPerSecond > 0, 'with its figures')
        }),
    },
    {
      name: 'a stopped answer ends as stopped',
      run: () =>
        inChat(async (id) => {
          const end = ended(bridge, id)
          const { answer } = await bridge.chats.send(id, '', 'Count to ten thousand')
          await bridge.chats.stop(id)
          must((await end).state === 'stopped', 'the event says so')
          must((await bridge.chats.message(id, answer.id)).state === 'stopped', 'and so does the store')
        }),
    },
    {
      name: 'regenerate adds a sibling answer, edit a sibling message, and nothing is overwritten',
      run: () =>
        inChat(async (id) => {
          let end = ended(bridge, id)
          const first = await bridge.chats.send(id, '', 'Hello')
          await end
          end = ended(bridge, id)
          const again = await bridge.chats.regenerate(id, first.answer.id)
          await end
          must(again.answer.parentId === first.user.id && again.answer.id !== first.answer.id, 'a sibling answer')
          end = ended(bridge, id)
          const edited = await bridge.chats.edit(id, first.user.id, 'Good morning')
          await end
          must(edited.user.parentId === first.user.parentId && edited.user.text === 'Good morning', 'a sibling message')
          const chat = await bridge.chats.get(id)
          must(chat.messages.length === 5 && chat.leaf === edited.answer.id, 'all five are there')
          await bridge.chats.setLeaf(id, first.answer.id)
          must((await bridge.chats.get(id)).leaf === first.answer.id, 'the branch can be chosen')
        }),
    },
    {
      name: 'a deleted chat waits in the trash, comes back, and is gone when purged',
      run: async () => {
        const { id } = await bridge.chats.create('')
        await bridge.chats.delete(id)
        must(!(await bridge.chats.list()).some((c) => c.id === id), 'not in the list')
        must(
          (await bridge.chats.trash()).some((c) => c.id === id && c.deletedAt > 0),
          'in the trash',
        )
        await bridge.chats.restore(id)
        must(
          (await bridge.chats.list()).some((c) => c.id === id && c.deletedAt === 0),
          'back in the list',
        )
        await bridge.chats.delete(id)
        await bridge.chats.purge(id)
        await rejects(bridge.chats.get(id), 'gone')
      },
    },
    {
      name: 'search finds a chat by its title',
      run: () =>
        inChat(async (id) => {
          await bridge.chats.rename(id, 'Xylophone repairs')
          must(
            (await bridge.chats.search('xylophone')).some((c) => c.id === id),
            'found',
          )
        }),
    },
    {
      name: 'a call that fails says a sentence and a code',
      run: () => rejects(bridge.chats.get('no such chat'), 'rejected with code and message'),
    },
    {
      name: 'settings are returned as stored',
      run: async () => {
        const before = await bridge.settings.get()
        const stored = await bridge.settings.set({ ...before, showFigures: !before.showFigures })
        must(stored.showFigures !== before.showFigures, 'the answer is what was stored')
        must((await bridge.settings.get()).showFigures === stored.showFigures, 'and it stays')
        await bridge.settings.set(before)
      },
    },
    {
      name: 'machine, engine, recommendation and log can be read',
      run: async () => {
        const machine = await bridge.machine.detect()
        must(machine.memory.totalBytes > 0 && machine.cpu.logicalCores > 0, 'memory and cores')
        must(Array.isArray(machine.gpus) && Array.isArray(machine.problems), 'lists are never null')
        must((await bridge.machine.engine()).version !== '', 'the engine has a version')
        must((await bridge.machine.recommend()).known > 0, 'some models are known')
        must(typeof (await bridge.machine.engineLog()) === 'string', 'the log is text')
      },
    },
    {
      name: 'advice judges each model once, the best first, and names the machine',
      run: async () => {
        const advice = await bridge.discover.advise(anyAsk)
        must(advice.machineName !== '' && advice.ramFreeBytes > 0, 'the machine')
        must(advice.choices.length > 0 && advice.considered >= advice.choices.length, 'some models fit')
        const ids = [...advice.choices, ...advice.rejected].map((c) => c.id)
        must(new Set(ids).size === ids.length, 'each model once')
        must(advice.choices.filter((c) => c.best).length === 1 && advice.choices[0]?.best === true, 'the best is first')
        must(
          advice.choices.every((c) => c.fit !== 'no' && c.tokensPerSecond > 0 && c.memory.totalBytes > 0),
          'what fits has a speed and a size',
        )
        must(
          advice.choices.some((c) => c.frontier),
          'some are not beaten',
        )
        must(
          advice.rejected.every((r) => r.reason !== '' && Array.isArray(r.remedies)),
          'what is left out says why',
        )
      },
    },
    {
      name: 'a longer context, less memory and a higher wish never let more models in',
      run: async () => {
        const all = (await bridge.discover.advise(anyAsk)).choices.length
        for (const change of [
          { context: 65_536 },
          { freeBytes: 2e9 },
          { minSpeed: 60 },
          { licence: 'openSource' },
        ] as const) {
          const { choices } = await bridge.discover.advise({ ...anyAsk, ...change })
          must(choices.length <= all, `not more with ${JSON.stringify(change)}`)
        }
        const open = await bridge.discover.advise({ ...anyAsk, licence: 'openSource' })
        must(
          open.choices.every((c) => c.openSource),
          'open source alone when asked for',
        )
      },
    },
    {
      name: 'advice can be asked for each known machine, and not for an unknown one',
      run: async () => {
        const profiles = await bridge.discover.profiles()
        must(profiles.length > 0, 'some machines are known')
        for (const { id } of profiles) await bridge.discover.advise({ ...anyAsk, machine: id })
        await rejects(bridge.discover.advise({ ...anyAsk, machine: 'no such machine' }), 'an unknown machine')
      },
    },
    {
      name: 'every model that is judged is in the catalog, with its sizes and its licence in words',
      run: async () => {
        const models = await bridge.discover.models()
        const byId = new Map(models.map((m) => [m.id, m]))
        const advice = await bridge.discover.advise(anyAsk)
        for (const { id, quant } of advice.choices) {
          const model = byId.get(id)
          must(model?.runs === true, `${id} is there and runs`)
          must(
            model.quants.some((q) => q.name === quant && q.bytes > 0),
            `${id} can be had in ${quant}`,
          )
          must(model.licence.length > 0, `${id} has its licence in words`)
        }
        must(
          models.every((m) => m.runs || m.reason !== ''),
          'what does not run says why',
        )
        const first = models[0]
        must(first !== undefined && (await bridge.discover.model(first.id)).name === first.name, 'one can be fetched')
        await rejects(bridge.discover.model('no such model'), 'an unknown model')
      },
    },
    {
      name: 'sums: half the bits take half the memory, the defaults can be reckoned with, prices carry their date',
      run: async () => {
        const bits = await bridge.discover.bits(70e9)
        const of = (n: number) => bits.find((row) => row.bits === n)?.bytes ?? 0
        must(of(16) === 140e9 && of(8) === 70e9, '70B: 140 GB and 70 GB')
        const ask = await bridge.discover.sumsDefaults()
        const answer = await bridge.discover.sums(ask)
        const own = answer.electricityPerMonth + answer.hardwarePerMonth
        must(answer.apiPerMonth > 0 && Math.abs(answer.ownPerMonth - own) < 0.01, 'own is electricity and hardware')
        const prices = await bridge.discover.prices()
        must(
          prices.length > 0 && prices.every((p) => /^\d{4}-\d{2}/.test(p.date) && p.source !== ''),
          'dates and sources',
        )
      },
    },
    {
      name: 'every model of the library has details that add up',
      run: async () => {
        for (const model of (await bridge.library.get()).models) {
          const details = await bridge.library.details(model.ref)
          must(details.ref === model.ref && details.files.length > 0, 'its files')
          must(
            details.mix.length > 0 && details.mix.every((m, i) => m.bytes <= (details.mix[i - 1]?.bytes ?? Infinity)),
            'its types, most bytes first',
          )
          must(details.freesBytes > 0 && details.freesBytes <= model.bytes, 'what removing it frees')
          must((details.template !== '') === (details.templateFrom !== ''), 'where its template is from')
        }
        await rejects(bridge.library.details('no such model'), 'an unknown model')
      },
    },
    {
      name: 'the list of downloads, the token, the last check and the ledger can be read without going online',
      run: async () => {
        must(Array.isArray(await bridge.downloads.list()), 'the list is never null')
        const token = await bridge.downloads.token()
        must(token.set === (token.place !== ''), 'a kept token has a place')
        must(Array.isArray((await bridge.library.verifyReport()).bad), 'what is damaged is a list')
        const ledger = await bridge.machine.ledger()
        must(ledger.count >= ledger.connections.length, 'all connections are counted')
      },
    },
    {
      name: 'a download that is not there can be neither paused nor resumed nor cancelled',
      run: async () => {
        await rejects(bridge.downloads.pause('no such download'), 'pause')
        await rejects(bridge.downloads.resume('no such download'), 'resume')
        await rejects(bridge.downloads.cancel('no such download'), 'cancel')
      },
    },
    {
      name: 'who wants nothing to go online gets a sentence in place of a connection',
      run: async () => {
        const before = await bridge.settings.get()
        const { count } = await bridge.machine.ledger()
        await bridge.settings.set({ ...before, neverOnline: true })
        await rejects(bridge.downloads.offer('qwen3-4b:Q4_K_M'), 'an offer')
        await rejects(bridge.downloads.start('qwen3-4b:Q4_K_M', true), 'a download')
        await rejects(bridge.downloads.search('qwen'), 'a search')
        await rejects(bridge.downloads.look('hf.co/OWNER/REPO'), 'a look')
        await bridge.settings.set(before)
        must((await bridge.machine.ledger()).count === count, 'nothing was connected')
      },
    },
    ...labContract(bridge),
  ]
}

const anyAsk: Ask = {
  use: 'chat',
  context: 4096,
  kv: 'f16',
  minSpeed: 0,
  freeBytes: 0,
  licence: 'any',
  machine: '',
}
