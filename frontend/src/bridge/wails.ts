import type { Bridge } from './bridge'
import { toBridgeError } from './failure'
import type { EventName, Events } from './types'

type Bound = Record<string, (...args: unknown[]) => Promise<unknown>>

interface WailsWindow {
  go?: { app?: Record<string, Bound> }
  runtime?: { EventsOn(name: string, handler: (data: unknown) => void): () => void }
}

const host = globalThis as unknown as WailsWindow

/** Whether the page runs inside the window rather than in a plain browser. */
export function inWindow(): boolean {
  return host.go?.app !== undefined
}

async function call(service: string, method: string, args: unknown[]): Promise<unknown> {
  const bound = host.go?.app?.[service]?.[method]
  if (!bound) throw toBridgeError(undefined)
  try {
    return await bound(...args)
  } catch (reason) {
    throw toBridgeError(reason)
  }
}

/** `chats.setPinned(…)` becomes `window.go.app.Chats.SetPinned(…)`. */
function service(name: string): object {
  return new Proxy(
    {},
    {
      get: (_, method) => {
        if (typeof method !== 'string' || method === 'then') return undefined
        const bound = method.charAt(0).toUpperCase() + method.slice(1)
        return (...args: unknown[]) => call(name, bound, args)
      },
    },
  )
}

/** The bridge to the Go side of the window. */
export function wailsBridge(): Bridge {
  return {
    chats: service('Chats') as Bridge['chats'],
    library: service('Library') as Bridge['library'],
    machine: service('Machine') as Bridge['machine'],
    discover: service('Discover') as Bridge['discover'],
    downloads: service('Downloads') as Bridge['downloads'],
    lab: service('Lab') as Bridge['lab'],
    settings: service('Settings') as Bridge['settings'],
    tasks: service('Tasks') as Bridge['tasks'],
    page: service('Page') as Bridge['page'],
    on<K extends EventName>(event: K, handler: (data: Events[K]) => void) {
      return host.runtime?.EventsOn(event, (data) => handler(data as Events[K])) ?? (() => undefined)
    },
  }
}
