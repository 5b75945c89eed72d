import type { Changed, EventName, Events } from '../types'

type Handlers = { [K in EventName]?: Set<(data: Events[K]) => void> }

/** The events that say no more than that something has changed. */
type Changes = { [K in EventName]: Changed extends Events[K] ? K : never }[EventName]

/** Numbers events and hands them out, each after the call that caused it has returned. */
export class FakeEvents {
  #handlers: Handlers = {}
  #seq = 0

  on<K extends EventName>(event: K, handler: (data: Events[K]) => void): () => void {
    const set = (this.#handlers[event] ??= new Set() as NonNullable<Handlers[K]>)
    set.add(handler)
    return () => set.delete(handler)
  }

  emit<K extends EventName>(event: K, data: Omit<Events[K], 'seq'>): void {
    const full = { ...data, seq: ++this.#seq } as Events[K]
    for (const handler of this.#handlers[event] ?? []) handler(full)
  }

  changed(event: Changes, id: string): void {
    this.emit(event, { id })
  }
}
