import { BridgeError, type Bridge, type ChatsService } from './bridge'
import * as data from './fake-data'
import { noProblem, type Scene } from './fake-data'
import { FakeEvents } from './fake-events'
import { writeAnswer } from './fake-answer'
import { discoverOf } from './fake-discover'
import { downloads, downloadsOf, ledger } from './fake-downloads'
import { labOf } from './fake-lab'
import { libraryOf } from './fake-library'
import type { Chat, ChatSummary, Download, Engine, Ledger, Library, Machine, Message, Model, Settings } from './types'

export interface FakeOptions {
  scene?: Scene
  /** Milliseconds per step of anything that takes time. */
  step?: number
  now?: () => number
}

/** Everything the stand-in holds: the same nouns as the window's, in memory. */
export class FakeWorld {
  readonly events = new FakeEvents()
  readonly chats: Map<string, Chat>
  readonly trash = new Map<string, number>()
  readonly step: number
  readonly scene: Scene
  readonly now: () => number
  readonly stopped = new Set<string>()
  library: Library
  machine: Machine
  engine: Engine
  settings: Settings
  downloads: Download[]
  ledger: Ledger
  answers = 0
  readonly cancelled = new Set<string>()

  constructor(options: FakeOptions) {
    this.scene = options.scene ?? 'full'
    this.step = options.step ?? 33
    this.now = options.now ?? Date.now
    const now = this.now()
    this.chats = new Map(data.chats(this.scene, now).map((c) => [c.id, c]))
    this.library = data.library(this.scene, now)
    this.machine = data.machine(this.scene, now)
    this.engine = data.engine(this.scene, now)
    this.settings = data.settings(this.scene)
    this.downloads = downloads(this.scene, now)
    this.ledger = ledger(this.scene, now)
  }

  chat(id: string): Chat {
    const chat = this.chats.get(id)
    if (!chat) throw fail('not_found', 'This chat is gone.', 'Choose another one.')
    return chat
  }

  message(chatId: string, id: string): Message {
    const found = this.chat(chatId).messages.find((m) => m.id === id)
    if (!found) throw fail('not_found', 'This message is gone.', 'Open the chat again.')
    return found
  }

  patchMessage(chatId: string, id: string, change: Partial<Message>): Message {
    const chat = this.chat(chatId)
    const next = { ...this.message(chatId, id), ...change }
    chat.messages = chat.messages.map((m) => (m.id === id ? next : m))
    return next
  }

  patch(id: string, change: Partial<Chat>): void {
    this.chats.set(id, { ...this.chat(id), ...change })
    this.events.changed('chats:changed', id)
  }

  setEngine(change: Partial<Engine>): void {
    this.engine = { ...this.engine, ...change }
    this.machine = {
      ...this.machine,
      engine: this.engine,
      memory: { ...this.machine.memory, engineBytes: this.engine.modelBytes },
    }
    this.events.changed('engine:changed', '')
  }

  setModels(models: Model[]): void {
    const starter = { ...this.library.starter, installed: models.some((m) => m.ref === data.starterRef) }
    const totalBytes = models.reduce((sum, m) => sum + m.bytes, 0)
    this.library = { ...this.library, models, starter, totalBytes }
  }

  /** Adds a model, or replaces the one of the same reference, and gives that. */
  addModel(part: Partial<Model> & Pick<Model, 'ref' | 'name'>): string {
    const rest = this.library.models.filter((m) => m.ref !== part.ref)
    this.setModels([...rest, { ...data.starterModel(this.now()), lastUsedAt: 0, ...part }])
    return part.ref
  }

  /** Writes a connection into the ledger. */
  connect(why: string, host: string, bytesIn: number, bytesOut: number): void {
    const at = this.now()
    this.ledger = {
      connections: [{ at, why, host, bytesIn, bytesOut, failed: false }, ...this.ledger.connections],
      count: this.ledger.count + 1,
      bytesIn: this.ledger.bytesIn + bytesIn,
      bytesOut: this.ledger.bytesOut + bytesOut,
    }
  }

  wait(steps = 1): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.step * steps))
  }

  summary(chat: Chat): ChatSummary {
    const { id, title, model, pinned, createdAt, updatedAt } = chat
    const streaming = chat.messages.some((m) => m.state === 'streaming')
    return { id, title, model, pinned, createdAt, updatedAt, deletedAt: this.trash.get(id) ?? 0, streaming }
  }

  list(inTrash: boolean): ChatSummary[] {
    return [...this.chats.values()]
      .map((c) => this.summary(c))
      .filter((c) => c.deletedAt > 0 === inTrash)
      .sort((a, b) => b.updatedAt - a.updatedAt)
  }
}

export function fail(code: string, message: string, hint: string): BridgeError {
  return new BridgeError({ code, message, hint })
}

/** Copies what crosses, as the real bridge does, so that no one shares an object with the other side. */
function copied<T extends object>(service: T): T {
  return new Proxy(service, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        await Promise.resolve()
        return structuredClone(await (method as (...a: unknown[]) => unknown)(...structuredClone(args)))
      }
    },
  })
}

function chatsOf(world: FakeWorld): ChatsService {
  const add = (chatId: string, part: Partial<Message>): Message => {
    const made = data.message({ chatId, role: 'user', text: '', createdAt: world.now(), ...part })
    const chat = world.chat(chatId)
    chat.messages = [...chat.messages, made]
    return made
  }
  const begin = (chatId: string, user: Message) => {
    const chat = world.chat(chatId)
    if (!world.library.models.some((m) => m.ref === chat.model)) {
      throw fail('no_model', 'This chat has no model.', 'Choose one above, or add one in the library.')
    }
    const answer = add(chatId, { role: 'assistant', parentId: user.id, state: 'streaming', model: chat.model })
    world.patch(chatId, { leaf: answer.id, updatedAt: world.now() })
    void writeAnswer(world, answer)
    return { user, answer }
  }
  return copied<ChatsService>({
    list: async () => world.list(false),
    trash: async () => world.list(true),
    get: async (id) => world.chat(id),
    message: async (chatId, id) => world.message(chatId, id),
    create: async (model) => {
      const now = world.now()
      const id = `n${now.toString(36)}${world.chats.size}`
      const chat = data.chat({ id, title: 'New chat', model, createdAt: now, updatedAt: now })
      world.chats.set(id, chat)
      world.events.changed('chats:changed', id)
      return world.summary(chat)
    },
    rename: async (id, title) => world.patch(id, { title }),
    setPinned: async (id, pinned) => world.patch(id, { pinned }),
    setModel: async (id, model) => world.patch(id, { model }),
    setOptions: async (id, options) => world.patch(id, options),
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
    send: async (chatId, parentId, text) => {
      const first = world.chat(chatId).messages.length === 0
      if (first) world.patch(chatId, { title: text.split('\n')[0]?.slice(0, 60) ?? 'New chat' })
      return begin(chatId, add(chatId, { parentId, text }))
    },
    regenerate: async (chatId, answerId) =>
      begin(chatId, world.message(chatId, world.message(chatId, answerId).parentId)),
    edit: async (chatId, id, text) =>
      begin(chatId, add(chatId, { parentId: world.message(chatId, id).parentId, text })),
    stop: async (chatId) => {
      world.stopped.add(chatId)
    },
    export: async (id, format) => `/home/mara/Documents/${world.chat(id).title}.${format === 'json' ? 'json' : 'md'}`,
    search: async (query) => {
      const wanted = query.toLowerCase()
      const holds = (c: ChatSummary) =>
        world.chat(c.id).messages.some((m) => m.text.toLowerCase().includes(wanted)) ||
        c.title.toLowerCase().includes(wanted)
      return world.list(false).filter(holds)
    },
  })
}

/** A whole window in memory, so that the page runs in a plain browser and in tests. */
export function fakeBridge(options: FakeOptions = {}): Bridge {
  const world = new FakeWorld(options)
  const { service, look } = discoverOf(world)
  return {
    chats: chatsOf(world),
    library: copied(libraryOf(world)),
    machine: copied<Bridge['machine']>({
      detect: async () => {
        await world.wait(6)
        return world.machine
      },
      engine: async () => world.engine,
      measureBandwidth: async () => {
        const id = 'bandwidth'
        void world.wait(40).then(() => {
          const memory = {
            ...world.machine.memory,
            bandwidthBytesPerSec: 61_200_000_000,
            singleCoreBytesPerSec: 22_800_000_000,
          }
          world.machine = { ...world.machine, memory: { ...memory, bandwidthMeasuredAt: world.now() } }
          world.events.emit('task:finished', { id, kind: 'bandwidth', result: '', problem: noProblem })
        })
        return { id }
      },
      recommend: async () => data.pick(world.scene),
      engineLog: async () => data.engineLog,
      ledger: async () => world.ledger,
      openLog: async () => undefined,
      restartEngine: async () => {
        world.setEngine({
          state: 'ready',
          problem: noProblem,
          restarts: world.engine.restarts + 1,
          model: '',
          modelBytes: 0,
        })
        world.machine = { ...world.machine, problems: [] }
      },
      unloadModel: async () => world.setEngine({ model: '', modelBytes: 0, expiresAt: 0 }),
      loadModel: async (ref) => {
        const bytes = world.library.models.find((m) => m.ref === ref)?.bytes ?? 0
        world.setEngine({ model: ref, modelBytes: bytes * 1.2, expiresAt: world.now() + 300_000 })
      },
    }),
    discover: copied(service),
    downloads: copied(downloadsOf(world, look)),
    lab: copied<Bridge['lab']>(labOf(world)),
    settings: copied<Bridge['settings']>({
      get: async () => world.settings,
      set: async (value) => (world.settings = value),
      about: async () => ({ ...data.about, bytesOut: world.ledger.bytesOut }),
      startup: async () => ({ problem: noProblem, notice: noProblem }),
      openLink: async () => undefined,
      copy: async (text) => {
        await navigator.clipboard.writeText(text).catch(() => undefined)
      },
    }),
    on: (event, handler) => world.events.on(event, handler),
  }
}
