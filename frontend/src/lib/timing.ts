/** Runs a function once per frame however often it is asked to; without frames (a hidden window) a bit later. */
export function onFrame(run: () => void): () => void {
  let waiting = false
  return () => {
    if (waiting) return
    waiting = true
    const go = () => {
      if (!waiting) return
      waiting = false
      clearTimeout(timer)
      run()
    }
    const timer = setTimeout(go, 200)
    if (typeof requestAnimationFrame === 'function') requestAnimationFrame(go)
  }
}

/** Runs a function shortly after it was first asked to, once for all that ask meanwhile. */
export function soon(run: () => void, ms = 60): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      run()
    }, ms)
  }
}

/**
 * Runs a call shortly after it was first asked for, one at a time. What is asked for meanwhile becomes one more run at
 * the end, so the last run always sees what was asked last. The call deals with its own failures.
 */
export function latest(run: () => Promise<void>, ms = 120): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = false
  let asked = 0
  const start = () => {
    timer ??= setTimeout(() => void go(), ms)
  }
  const go = async () => {
    timer = undefined
    running = true
    const seen = asked
    try {
      await run()
    } finally {
      running = false
      if (asked !== seen) start()
    }
  }
  return () => {
    asked++
    if (!running) start()
  }
}

/** Runs a function once: after a while, at once when told, or never when stopped before. */
export class Soon {
  #run: () => void
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(run: () => void, ms: number) {
    this.#run = run
    this.#timer = setTimeout(() => this.now(), ms)
  }

  now(): void {
    if (this.#timer === undefined) return
    this.stop()
    this.#run()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

/** Calls under way, for whoever must wait until all of them have ended. */
export class Pending {
  #calls = new Set<unknown>()

  /** Takes what a call gave, if that is a promise. */
  add(call: unknown): void {
    if (!(call instanceof Promise)) return
    const ended = call.catch(() => undefined).finally(() => this.#calls.delete(ended))
    this.#calls.add(ended)
  }

  /** Resolves when none is under way, failed ones included. */
  async settled(): Promise<void> {
    while (this.#calls.size) await Promise.all(this.#calls)
  }
}

/** Resolves when the page has drawn and has nothing else to do, or a bit later. */
export function idle(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof requestIdleCallback === 'function') requestIdleCallback(() => resolve(), { timeout: 500 })
    else setTimeout(resolve, 30)
  })
}
