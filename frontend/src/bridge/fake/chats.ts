import type { ChatsService } from '../bridge'
import type { AddedChats, ChatPreset, ChatSummary, FoundChat, Message } from '../types'
import { writeAnswer } from './answer'
import { backupsAt, chat, message } from './scenes/chats'
import { defaults } from './scenes/presets'
import { day, noProblem } from './scenes/scene'
import { limits } from './scenes/settings'
import { copied, fail, type FakeWorld } from './world'

/** The chats in the stand-in’s memory. */
export function chatsOf(world: FakeWorld): ChatsService {
  const add = (chatId: string, part: Partial<Message>): Message => {
    const made = message({ chatId, role: 'user', text: '', createdAt: world.now(), ...part })
    const chat = world.chat(chatId)
    chat.messages = [...chat.messages, made]
    return made
  }
  const begin = (chatId: string, user: Message, ref = '') => {
    const model = ref || world.chat(chatId).model
    if (!world.library.models.some((m) => m.ref === model)) {
      throw fail('no_model', 'This chat has no model.', 'Choose one above, or add one in the library.')
    }
    const answer = add(chatId, { role: 'assistant', parentId: user.id, state: 'streaming', model })
    world.patch(chatId, { leaf: answer.id, updatedAt: world.now() })
    void writeAnswer(world, answer)
    return { user, answer }
  }
  const create = (model: string): ChatSummary => {
    const now = world.now()
    const id = `n${now.toString(36)}${world.chats.size}`
    const made = chat({ id, title: 'New chat', model, createdAt: now, updatedAt: now })
    world.chats.set(id, made)
    world.events.changed('chats:changed', id)
    return world.summary(made)
  }
  const backups = world.scene === 'empty' ? [] : backupsAt(world.now(), world.chats.size)
  /** Adds one chat, the first time, and takes all out of the trash. */
  const added = (from: string, title: string): AddedChats => {
    const known = world.list(false).length
    const back = world.trash.size
    world.trash.clear()
    world.events.changed('chats:changed', '')
    const is = [...world.chats.values()].some((c) => c.title === title)
    if (!is) world.patch(create('').id, { title, updatedAt: world.now() - 3 * day })
    return { from, chats: is ? 0 : 1, back, known, messages: is ? 0 : 2 }
  }
  const send = (chatId: string, parentId: string, text: string) => {
    const first = world.chat(chatId).messages.length === 0
    if (first) world.patch(chatId, { title: text.split('\n')[0]?.slice(0, 60) ?? 'New chat' })
    world.patch(chatId, { draft: '' })
    return begin(chatId, add(chatId, { parentId, text }))
  }
  return copied<ChatsService>({
    list: async () => world.list(false),
    trash: async () => world.list(true),
    get: async (id) => world.chat(id),
    message: async (chatId, id) => world.message(chatId, id),
    create: async (model) => create(model),
    start: async (model, options, text) => {
      const { id } = create(model)
      try {
        world.patch(id, options)
        return send(id, '', text)
      } catch (reason) {
        world.chats.delete(id)
        throw reason
      }
    },
    rename: async (id, title) => world.patch(id, { title }),
    setPinned: async (id, pinned) => world.patch(id, { pinned }),
    setModel: async (id, model) => world.patch(id, { model }),
    setOptions: async (id, options) => {
      const { topP, temperature, seed } = options
      if (topP > limits.maxTopP || temperature > limits.maxTemperature || seed > limits.seed.most) {
        throw fail('invalid', 'This can’t be chosen.', 'Choose another.')
      }
      world.patch(id, options)
    },
    setLeaf: async (id, leaf) => world.patch(id, { leaf }),
    saveDraft: async (id, draft) => {
      world.chats.set(id, { ...world.chat(id), draft })
    },
    delete: async (id) => {
      world.chat(id)
      world.trash.set(id, world.now())
      world.events.changed('chats:changed', id)
    },
    restore: async (id) => {
      world.trash.delete(id)
      world.events.changed('chats:changed', id)
    },
    purge: async (id) => {
      world.chats.delete(id)
      world.trash.delete(id)
      world.events.changed('chats:changed', id)
    },
    emptyTrash: async () => {
      for (const id of world.trash.keys()) world.chats.delete(id)
      world.trash.clear()
      world.events.changed('chats:changed', '')
    },
    exportAll: async () => '/home/mara/Documents/weightroom-chats.json',
    importFile: async () => added('/home/mara/Documents/weightroom-chats.json', 'An imported chat'),
    backups: async () => backups,
    restoreBackup: async (name) => {
      if (backups.find((b) => b.name === name)?.problem.code !== '') {
        throw fail('not_found', 'There is no such backup.', 'Choose another one.')
      }
      return added(name, 'A chat of the backup')
    },
    send: async (chatId, parentId, text) => send(chatId, parentId, text),
    regenerate: async (chatId, answerId, model) =>
      begin(chatId, world.message(chatId, world.message(chatId, answerId).parentId), model),
    loadAnyway: async (chatId, answerId) =>
      begin(chatId, world.message(chatId, world.message(chatId, answerId).parentId)),
    continue: async (chatId, answerId) => {
      const old = world.message(chatId, answerId)
      if (old.role !== 'assistant' || world.chat(chatId).leaf !== answerId) {
        throw fail(
          'invalid',
          'Only the last answer of a chat can be continued.',
          'Press Regenerate for another answer.',
        )
      }
      const answer = world.patchMessage(chatId, answerId, { state: 'streaming', problem: noProblem })
      void writeAnswer(world, answer)
      return { user: world.message(chatId, old.parentId), answer }
    },
    defaults: async (model) => {
      if (!world.library.models.some((m) => m.ref === model)) {
        throw fail('not_found', 'This model is not in the library.', 'Choose another one.')
      }
      return defaults(model)
    },
    presets: async () => world.presets,
    savePreset: async (name, options) => {
      const wanted = name.trim()
      const same = (p: ChatPreset) => p.name.toLowerCase() === wanted.toLowerCase()
      if (!wanted || world.presets.some((p) => p.builtIn && same(p))) {
        throw fail('invalid', 'The preset comes with the app.', 'Choose another name.')
      }
      world.presets = [...world.presets.filter((p) => !same(p)), { name: wanted, builtIn: false, options }]
      return world.presets
    },
    deletePreset: async (name) => {
      world.presets = world.presets.filter((p) => p.builtIn || p.name !== name)
      return world.presets
    },
    edit: async (chatId, id, text) =>
      begin(chatId, add(chatId, { parentId: world.message(chatId, id).parentId, text })),
    stop: async (chatId) => {
      world.stopped.add(chatId)
    },
    export: async (id, format) => `/home/mara/Documents/${world.chat(id).title}.${format === 'json' ? 'json' : 'md'}`,
    search: async (query) => {
      const words = query.toLowerCase().split(/\s+/).filter(Boolean)
      const holds = (text: string) => words.length > 0 && words.every((w) => text.toLowerCase().includes(w))
      const place = (c: ChatSummary): FoundChat | undefined => {
        const message = world.chat(c.id).messages.findLast((m) => holds(m.text))
        if (!message) return holds(c.title) ? { chat: c, messageId: '', before: '', match: '', after: '' } : undefined
        const text = message.text.replace(/\s+/g, ' ')
        const at = Math.min(...words.map((w) => text.toLowerCase().indexOf(w)))
        const end = at + (words.find((w) => text.toLowerCase().startsWith(w, at))?.length ?? 0)
        return {
          ...{ chat: c, messageId: message.id, before: text.slice(Math.max(0, at - 40), at) },
          ...{ match: text.slice(at, end), after: text.slice(end, end + 120) },
        }
      }
      const found = world.list(false).flatMap((c) => place(c) ?? [])
      return [...found.filter((f) => holds(f.chat.title)), ...found.filter((f) => !holds(f.chat.title))]
    },
  })
}
