import type { Bridge } from '../bridge'
import type { ChatEnd, Message } from '../types'
import { must, rejects, type Clause } from './clause'

function ended(bridge: Bridge, chatId: string): Promise<ChatEnd> {
  return new Promise((resolve) => {
    const off = bridge.on('chat:finished', (end) => {
      if (end.chatId !== chatId) return
      off()
      resolve(end)
    })
  })
}

/** What the chats rely on. The library needs at least one model; chats that this makes are purged. */
export function chatsContract(bridge: Bridge): Clause[] {
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
            topK: 20,
            minP: 0.05,
            repeatPenalty: 1.1,
            stop: ['END', '---'],
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
          const { maxTopP, maxTemperature, seed } = await bridge.settings.limits()
          await rejects(bridge.chats.setOptions(id, { ...options, topP: maxTopP + 0.1 }), 'top-p')
          await rejects(bridge.chats.setOptions(id, { ...options, temperature: maxTemperature + 0.1 }), 'temperature')
          await rejects(bridge.chats.setOptions(id, { ...options, seed: seed.most + 1 }), 'seed')
          must((await bridge.chats.get(id)).topP === chat.topP, 'nothing of it is stored')
          must(
            Object.entries(options).every(([key, value]) => String(Reflect.get(chat, key)) === String(value)),
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
      name: 'a chat is started with its options and its first message, and a failure leaves no empty chat',
      run: async () => {
        const model = (await bridge.library.get()).models.at(-1)
        must(model !== undefined, 'the library has a model')
        const options = {
          ...{ system: 'Be brief.', temperature: 0, topP: -1, topK: -1, minP: -1, repeatPenalty: -1, stop: [] },
          ...{ seed: 7, maxTokens: 8, contextLength: 2048 },
        }
        const over = new Set<string>()
        const off = bridge.on('chat:finished', (end) => over.add(end.chatId))
        const { user, answer } = await bridge.chats.start(model.ref, options, 'Hello')
        const id = user.chatId
        try {
          must(user.text === 'Hello' && user.parentId === '' && answer.parentId === user.id, 'message and answer')
          const chat = await bridge.chats.get(id)
          must(chat.model === model.ref && chat.messages.length === 2, 'both are stored, with the model')
          must(
            Object.entries(options).every(([key, value]) => String(Reflect.get(chat, key)) === String(value)),
            'and the options',
          )
          while (!over.has(id)) await new Promise((resolve) => setTimeout(resolve, 20))
        } finally {
          off()
          await bridge.chats.stop(id)
          await bridge.chats.delete(id)
          await bridge.chats.purge(id)
        }
        const before = (await bridge.chats.list()).length
        await rejects(bridge.chats.start('no such model', options, 'Hello'), 'an unknown model')
        must((await bridge.chats.list()).length === before, 'no chat is left of it')
      },
    },
    {
      name: 'a sent message takes the draft with it',
      run: () =>
        inChat(async (id) => {
          await bridge.chats.saveDraft(id, 'Hel')
          const end = ended(bridge, id)
          await bridge.chats.send(id, '', 'Hello')
          must((await bridge.chats.get(id)).draft === '', 'no draft is left')
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
          const again = await bridge.chats.regenerate(id, first.answer.id, '')
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
      name: 'another model can be tried for one answer, and an unknown one is refused',
      run: () =>
        inChat(async (id, model) => {
          let end = ended(bridge, id)
          const { answer } = await bridge.chats.send(id, '', 'Hello')
          await end
          end = ended(bridge, id)
          const again = await bridge.chats.regenerate(id, answer.id, model)
          await end
          must(again.answer.model === model, 'that model wrote it')
          await rejects(bridge.chats.regenerate(id, answer.id, 'no such model'), 'an unknown model')
        }),
    },
    {
      name: 'a model that was refused is loaded anyway: the answer is a sibling, and what was said stays',
      run: () =>
        inChat(async (id) => {
          // Some models never stop by themselves.
          await bridge.chats.setOptions(id, {
            ...{ system: '', temperature: 0, topP: -1, topK: -1, minP: -1, repeatPenalty: -1, stop: [] },
            ...{ seed: 7, maxTokens: 8, contextLength: 2048 },
          })
          let end = ended(bridge, id)
          const { user, answer } = await bridge.chats.send(id, '', 'Hello')
          await end
          end = ended(bridge, id)
          const again = await bridge.chats.loadAnyway(id, answer.id)
          await end
          must(again.answer.parentId === user.id && again.answer.id !== answer.id, 'a sibling answer')
          must((await bridge.chats.get(id)).messages.length === 3, 'all three are there')
          await rejects(bridge.chats.loadAnyway(id, 'nothing'), 'an unknown answer')
        }),
    },
    {
      name: 'a stopped answer goes on where it ended',
      run: () =>
        inChat(async (id) => {
          const begun = new Promise<void>((resolve) => {
            const off = bridge.on('chat:delta', (d) => {
              if (d.chatId !== id || !d.text) return
              off()
              resolve()
            })
          })
          await bridge.chats.setOptions(id, {
            ...{ system: '', temperature: 0, topP: -1, topK: -1, minP: -1, repeatPenalty: -1, stop: [] },
            ...{ seed: 7, maxTokens: 48, contextLength: 2048 },
          })
          let end = ended(bridge, id)
          const { user, answer } = await bridge.chats.send(id, '', 'Tell a long story')
          await begun
          await bridge.chats.stop(id)
          await end
          const stopped = await bridge.chats.message(id, answer.id)
          must(stopped.promptTokens > 0 && stopped.tokens > 0, 'its prompt and its words are counted')
          const offsets: number[] = []
          const off = bridge.on('chat:delta', (d) => {
            if (d.chatId === id && d.text) offsets.push(d.offset)
          })
          end = ended(bridge, id)
          const on = await bridge.chats.continue(id, answer.id)
          must(
            on.user.id === user.id && on.answer.id === answer.id && on.answer.text === stopped.text,
            'the same answer',
          )
          await end
          off()
          const whole = await bridge.chats.message(id, answer.id)
          must(whole.text.startsWith(stopped.text) && whole.state === 'done', 'its words are kept')
          must(whole.promptTokens === stopped.promptTokens, 'and so is what was asked')
          must(offsets.length === 0 || offsets[0] === stopped.text.length, 'deltas follow them')
          await rejects(bridge.chats.continue(id, user.id), 'a message of one’s own')
        }),
    },
    {
      name: 'chats are answered one after another, and the second hears which is first',
      run: () =>
        inChat((first) =>
          inChat(async (second) => {
            const behind = new Promise<string>((resolve) => {
              const off = bridge.on('chat:phase', (p) => {
                if (p.chatId !== second || p.phase !== 'waiting') return
                off()
                resolve(p.behind)
              })
            })
            const ends = [ended(bridge, first), ended(bridge, second)]
            await bridge.chats.send(first, '', 'Count to ten thousand')
            await bridge.chats.send(second, '', 'Hello')
            must((await behind) === first, 'it waits for the first')
            await bridge.chats.stop(first)
            const [a, b] = await Promise.all(ends)
            must(a?.state === 'stopped' && b?.state === 'done', 'and is answered then')
          }),
        ),
    },
    {
      name: 'a model’s defaults are numbers, and say which of them it brings',
      run: () =>
        inChat(async (_, model) => {
          const d = await bridge.chats.defaults(model)
          must(d.temperature >= 0 && d.topP > 0 && d.topK >= 0 && d.minP >= 0 && d.repeatPenalty > 0, 'numbers')
          must(
            d.fromModel.every((name) => name in d),
            'names of its fields',
          )
          await rejects(bridge.chats.defaults('no such model'), 'an unknown model')
        }),
    },
    {
      name: 'a preset is kept by its name, replaced and deleted; those of the app stay',
      run: async () => {
        const name = 'Contract preset'
        const before = await bridge.chats.presets()
        must(before.filter((p) => p.builtIn).length >= 3, 'some come with the app')
        const options = {
          ...{ system: 'Be brief.', temperature: 0, topP: -1, topK: -1, minP: -1, repeatPenalty: -1, stop: ['END'] },
          ...{ seed: 7, maxTokens: 8, contextLength: 2048 },
        }
        await bridge.chats.savePreset(name, { ...options, seed: 1 })
        const saved = (await bridge.chats.savePreset(name, options)).filter((p) => p.name === name)
        must(saved.length === 1 && JSON.stringify(saved[0]?.options.stop) === '["END"]', 'kept once')
        must(saved[0]?.options.seed === 7 && !saved[0].builtIn, 'as it was last')
        await rejects(bridge.chats.savePreset(before[0]?.name ?? '', options), 'the name of one of the app')
        must((await bridge.chats.deletePreset(name)).length === before.length, 'gone')
      },
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
      name: 'a chat in the trash says when it is deleted for good, and emptying the trash does that at once',
      run: async () => {
        const kept = await bridge.chats.create('')
        const { id } = await bridge.chats.create('')
        await bridge.chats.delete(id)
        const gone = (await bridge.chats.trash()).find((c) => c.id === id)
        must(gone !== undefined && gone.purgeAt > gone.deletedAt, 'it says when')
        must((await bridge.chats.list()).find((c) => c.id === kept.id)?.purgeAt === 0, 'others are not deleted')
        await bridge.chats.emptyTrash()
        must((await bridge.chats.trash()).length === 0, 'nothing is left in it')
        await rejects(bridge.chats.get(id), 'gone')
        must((await bridge.chats.get(kept.id)).id === kept.id, 'the others are here')
        await bridge.chats.delete(kept.id)
        await bridge.chats.purge(kept.id)
      },
    },
    {
      name: 'a backup brings back what is missing or in the trash, and one that is not there is a sentence',
      run: async () => {
        for (const backup of (await bridge.chats.backups()).slice(0, 1)) {
          must(
            backup.name !== '' && backup.at > 0 && backup.bytes > 0 && backup.problem.code === '',
            'it says what it is',
          )
          const before = (await bridge.chats.list()).length
          const { chats, back } = await bridge.chats.restoreBackup(backup.name)
          must((await bridge.chats.list()).length === before + chats + back, 'what it brings is listed')
          const again = await bridge.chats.restoreBackup(backup.name)
          must(again.chats === 0 && again.back === 0, 'a second time it brings nothing')
        }
        await rejects(bridge.chats.restoreBackup('../history.db'), 'no such backup')
      },
    },
    {
      name: 'search finds a chat by its title',
      run: () =>
        inChat(async (id) => {
          await bridge.chats.rename(id, 'Xylophone repairs')
          const found = (await bridge.chats.search('xylophone')).find((f) => f.chat.id === id)
          must(found?.messageId === '', 'found, and no message of it')
        }),
    },
    {
      name: 'search finds the words of a message in their place, in any order and case',
      run: () =>
        inChat(async (id) => {
          const end = ended(bridge, id)
          const { user } = await bridge.chats.send(id, '', 'Where do\nquokkas graze?')
          await end
          const found = (await bridge.chats.search('GRAZE quokkas')).find((f) => f.chat.id === id)
          must(found?.messageId === user.id, 'the message')
          must(found.before + found.match + found.after === 'Where do quokkas graze?', 'its text on one line')
          must(found.match === 'quokkas', 'the word that comes first')
          must(
            (await bridge.chats.search('quokkas wombats')).every((f) => f.chat.id !== id),
            'every word is needed',
          )
        }),
    },
    {
      name: 'a call that fails says a sentence and a code',
      run: () => rejects(bridge.chats.get('no such chat'), 'rejected with code and message'),
    },
  ]
}
