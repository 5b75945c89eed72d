/** Keeps what was used last, up to a total cost. */
export class Cache<V> {
  #kept = new Map<string, { value: V; cost: number }>()
  #cost = 0
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: string): V | undefined {
    const found = this.#kept.get(key)
    if (!found) return undefined
    // A map lists what came last at its end.
    this.#kept.delete(key)
    this.#kept.set(key, found)
    return found.value
  }

  set(key: string, value: V, cost: number): void {
    this.#drop(key)
    if (cost > this.#limit) return
    this.#kept.set(key, { value, cost })
    this.#cost += cost
    for (const oldest of this.#kept.keys()) {
      if (this.#cost <= this.#limit) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    const found = this.#kept.get(key)
    if (!found) return
    this.#kept.delete(key)
    this.#cost -= found.cost
  }
}
