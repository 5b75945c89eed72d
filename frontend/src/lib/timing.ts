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
