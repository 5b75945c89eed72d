import { BridgeError } from '../failure'
import type {
  Chat,
  ChatPreset,
  ChatSummary,
  Download,
  Engine,
  Ledger,
  Library,
  Machine,
  Message,
  Model,
  Online,
  OpenReason,
  Settings,
  TaskEnd,
  TaskProgress,
} from '../types'
import { FakeEvents } from './events'
import { chats, noRoom } from './scenes/chats'
import { longChats } from './scenes/long'
import { presets } from './scenes/presets'
import { downloads, ledger } from './scenes/downloads'
import { library, starterModel } from './scenes/library'
import { engine, machine } from './scenes/machine'
import { day, starterRef, type Scene } from './scenes/scene'
import { settings } from './scenes/settings'

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
  /** What the file chooser gives, and what was dropped on the window. */
  chosenFile = '/home/mara/Downloads/Phi-4-mini-instruct-Q4_K_M.gguf'
  readonly dropped: string[] = []
  /** Files that break while they are copied. */
  readonly broken = new Set<string>()
  /** Chats whose answers are written, in order; the first one is. */
  line: string[] = []
  presets: ChatPreset[] = [...presets]
  /** What the engine planned, as id:quant:context:kv. */
  readonly plans = new Set<string>()
  readonly cancelled = new Set<string>()
  readonly tasks = new Map<string, TaskProgress>()
  readonly #open = new Set<OpenReason>()
  /** Models that are loaded although they don't fit. */
  readonly anyway = new Set<string>()
  /** What the page kept. */
  kept = ''
  /** What the page stored for later starts, by name. */
  stored: Record<string, string> = {}

  constructor(options: FakeOptions) {
    this.scene = options.scene ?? 'full'
    this.step = options.step ?? 33
    this.now = options.now ?? Date.now
    const now = this.now()
    const held = this.scene === 'long' ? longChats(now) : chats(this.scene, now)
    this.chats = new Map(held.map((c) => [c.id, c]))
    this.library = library(this.scene, now)
    this.machine = machine(this.scene, now)
    this.engine = engine(this.scene, now)
    this.settings = settings(this.scene)
    this.downloads = downloads(this.scene, now)
    this.ledger = ledger(this.scene, now)
  }

  /** Refuses a model that is larger than what is free, unless it may be loaded anyway. */
  checkMemory(ref: string): void {
    const bytes = this.library.models.find((m) => m.ref === ref)?.bytes ?? 0
    if (bytes <= this.machine.memory.availableBytes || this.anyway.has(ref)) return
    throw fail(noRoom.code, noRoom.title, noRoom.hint)
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
    const starter = { ...this.library.starter, installed: models.some((m) => m.ref === starterRef) }
    const totalBytes = models.reduce((sum, m) => sum + m.bytes, 0)
    this.library = { ...this.library, models, starter, totalBytes }
  }

  /** Adds a model, or replaces the one of the same reference, and gives that. */
  addModel(part: Partial<Model> & Pick<Model, 'ref' | 'name'>): string {
    const rest = this.library.models.filter((m) => m.ref !== part.ref)
    this.setModels([...rest, { ...starterModel(this.now()), lastUsedAt: 0, ...part }])
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

  /** Says how far a task is; the first time, that it has begun. */
  report(part: Pick<TaskProgress, 'id' | 'kind' | 'done' | 'total' | 'label'> & Partial<TaskProgress>): void {
    const startedAt = this.tasks.get(part.id)?.startedAt ?? this.now()
    const taken = (this.now() - startedAt) / 1000
    const left = part.done > 0 && part.total > 0 ? (taken * (part.total - part.done)) / part.done : -1
    const task: TaskProgress = { of: '', waits: '', left, startedAt, seq: 0, ...part }
    this.tasks.set(task.id, task)
    this.events.emit('task:progress', task)
  }

  ended(end: Omit<TaskEnd, 'seq'>): void {
    this.tasks.delete(end.id)
    this.events.emit('task:finished', end)
  }

  /** What is connected now: downloads that run, and what was asked a moment ago. */
  online(): Online {
    const running = this.downloads
      .filter((d) => d.state === 'running')
      .map((d): OpenReason => {
        const { host, ref: of, addedAt: since, done: bytesIn } = d
        return { kind: 'download', of, host, since, bytesIn, bytesOut: 4_100, connections: 4 }
      })
    return { seq: 0, open: [...running, ...this.#open], bytesOut: this.ledger.bytesOut }
  }

  connected(): void {
    this.events.emit('network:changed', this.online())
  }

  /** Runs what goes online, and is online meanwhile. */
  async goOnline<T>(kind: OpenReason['kind'], of: string, host: string, run: () => Promise<T>): Promise<T> {
    const reason: OpenReason = { kind, of, host, since: this.now(), bytesIn: 0, bytesOut: 900, connections: 1 }
    this.#open.add(reason)
    this.connected()
    try {
      return await run()
    } finally {
      this.#open.delete(reason)
      this.connected()
    }
  }

  wait(steps = 1): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.step * steps))
  }

  summary(chat: Chat): ChatSummary {
    const { id, title, model, pinned, createdAt, updatedAt } = chat
    const streaming = chat.messages.some((m) => m.state === 'streaming')
    const deletedAt = this.trash.get(id) ?? 0
    const purgeAt = deletedAt && deletedAt + 30 * day
    return { id, title, model, pinned, createdAt, updatedAt, deletedAt, purgeAt, streaming }
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
export function copied<T extends object>(service: T): T {
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
