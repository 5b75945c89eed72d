import type { Download, TaskProgress } from '../bridge/types'
import { text } from '../text'
import type { DownloadsState } from './downloads.svelte'
import type { Host } from './host'
import type { Tasks } from './tasks.svelte'

/** One thing that goes on in the background, whoever began it. */
export interface Work {
  id: string
  name: string
  /** it in a word, as narrow as the rail is */
  word: string
  /** from 0 to 1; -1: not known */
  share: number
  /** what it waits for, as a sentence; empty: it works */
  waits: string
  /** more about it, as a sentence; empty: nothing */
  note: string
  /** seconds to the end, about; -1: not known */
  left: number
  since: number
  stop: { text: string; label: string; run: () => void } | null
}

interface Parts {
  readonly downloads: DownloadsState
  readonly tasks: Tasks
}

/** Everything that goes on in the background now: what a person began and what the app does by itself. */
export function workOf(parts: Parts, host: Host): Work[] {
  return [
    ...parts.tasks.running.map((task) => taskWork(task, parts, host)),
    ...parts.downloads.active.map((one) => downloadWork(one, parts, host)),
  ]
}

function taskWork(task: TaskProgress, { tasks }: Parts, host: Host): Work {
  const { id, kind, of, done, total, left } = task
  // The label of work on a file names it; that of other work says no more than its kind.
  const name = of ? `${text.tasks[kind]}: ${of}` : task.label || text.tasks[kind]
  const own = !tasks.asked(id)
  const run = () => {
    const stopped = own && text.work.ownStopped[kind]
    void host.attempt(() => tasks.cancel(id))
    if (stopped) host.toasts.info(stopped)
  }
  return {
    ...{ id, name, word: text.rail.works[kind], left, since: task.startedAt },
    share: total > 0 ? done / total : -1,
    waits: task.waits ? text.work.waits[task.waits] : '',
    note: (own && text.work.why[kind]) || '',
    stop: { text: text.work.stop, label: text.work.stopLabel(name), run },
  }
}

function downloadWork(one: Download, { downloads }: Parts, host: Host): Work {
  const name = `${text.tasks.download}: ${one.name} ${one.quant}`.trim()
  return {
    ...{ id: one.id, name, word: text.rail.works.download, left: one.secondsLeft, since: one.addedAt, note: '' },
    share: one.total > 0 ? one.done / one.total : -1,
    waits: one.state === 'queued' ? text.work.queued : one.state === 'waiting' ? one.waiting : '',
    stop:
      one.state === 'finishing'
        ? null
        : {
            text: text.work.pause,
            label: text.work.pauseLabel(name),
            run: () => void host.attempt(() => downloads.pause(one.id)),
          },
  }
}

/** How far the work that works is, taken together: its share where it is known of all, else -1. */
export function shareOf(all: readonly Work[]): number {
  const known = all.map((w) => w.share)
  return known.length && known.every((s) => s >= 0) ? known.reduce((a, b) => a + b) / known.length : -1
}
