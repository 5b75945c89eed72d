import type { OpenReason, TaskKind } from '../bridge/types'
import { plural } from './plural'

const reasons: Record<OpenReason['kind'], [one: string, many?: string]> = {
  download: ['download'],
  lookup: ['look-up'],
  header: ['look-up'],
  search: ['search', 'searches'],
}

/** What stands around the pages: the rail, the palette, the notices. */
export const shellText = {
  toasts: { label: 'Notices' },

  rail: {
    label: 'Pages',
    offline: 'Offline',
    online: 'Online',
    unlocked: 'No lock',
    out: (bytes: string) => `${bytes} out`,
    /** What is online, as short as the rail is narrow. */
    openFor: (kind: OpenReason['kind'] | '', n: number) => (kind ? plural(n, ...reasons[kind]) : plural(n, 'request')),
    lockLabel: (state: string, out: string) => `${state}, ${out}. Show what is online and at work.`,
    working: 'Working',
    waiting: 'Waiting',
    stopped: 'Stopped',
    workLabel: (n: number, share: string) =>
      `At work: ${[plural(n, 'thing'), share].filter(Boolean).join(', ')}. Show.`,
    stoppedLabel: 'A download has stopped. Show.',
  },

  work: {
    title: 'Online and at work',
    network: 'Network',
    offline: 'Offline. No connection is open.',
    online: 'Online.',
    sent: (bytes: string) => `${bytes} sent to other machines since Weightroom was installed.`,
    sentNone: 'Nothing has been sent to other machines since Weightroom was installed.',
    proof: 'How you can tell',
    reason: {
      download: (of: string) => `Downloading ${of}`,
      lookup: (of: string) => `Asking what ${of} is`,
      header: (of: string) => `Looking at ${of}`,
      search: (of: string) => `Searching for “${of}”`,
    } satisfies Record<OpenReason['kind'], (of: string) => string>,
    traffic: (host: string, bytesIn: string, bytesOut: string) => `${host} · ${bytesIn} in, ${bytesOut} out`,
    atWork: 'At work',
    none: 'Nothing is running in the background.',
    waits: {
      answer: 'Waiting until the answer is written.',
      mains: 'Waiting until the computer is plugged in.',
      programs: 'Waiting until other programs are quiet.',
    },
    queued: 'Waiting for its turn.',
    finishing: 'Being checked.',
    paused: 'Paused.',
    soFar: (time: string) => `${time} so far`,
    left: (time: string) => `about ${time} left`,
    why: {
      fit: 'Estimates of speed rest on this. It is done once for each version of the engine.',
      bandwidth: 'Estimates of large models rest on this. It is done once for each machine.',
      starter: 'It comes with the app, so that you can chat at once.',
    } as Partial<Record<TaskKind, string>>,
    stop: 'Stop',
    stopLabel: (name: string) => `Stop: ${name}`,
    pause: 'Pause',
    pauseLabel: (name: string) => `Pause: ${name}`,
    ownStopped: {
      fit: 'Stopped. Weightroom does it after its next start; until then, speeds are rougher estimates.',
      bandwidth: 'Stopped. Weightroom does it after its next start, or when you press Measure on the Machine page.',
      starter: 'Stopped. You can add it on the Library page.',
    } as Partial<Record<TaskKind, string>>,
    failed: (n: number) => (n === 1 ? 'A download has stopped.' : `${n} downloads have stopped.`),
    showDownloads: 'Show downloads',
  },

  shortcuts: { title: 'Keyboard shortcuts', chats: 'Chats', pages: 'Pages', rest: 'Everywhere' },

  palette: {
    label: 'Search chats and commands',
    placeholder: 'Search chats and commands',
    commands: 'Commands',
    chats: 'Chats',
    none: 'Nothing found. Try fewer words.',
  },

  commands: {
    newChat: 'New chat',
    palette: 'Search everything',
    go: (page: string) => `Go to ${page}`,
    sums: 'Go to the cost calculator',
    welcome: 'Show the welcome page',
    focusSearch: 'Search chats',
    focusModels: 'Search models',
    find: 'Find in this chat',
    rename: 'Rename this chat',
    pin: 'Pin this chat',
    unpin: 'Unpin this chat',
    delete: 'Delete this chat',
    exportMarkdown: 'Export this chat as Markdown…',
    exportJson: 'Export this chat as JSON…',
    stop: 'Stop the answer',
    chatSettings: 'Chat settings',
    toggleList: 'Show or hide the chat list',
    importModel: 'Import a model file…',
    unload: 'Unload the model',
    restart: 'Restart the engine',
    log: 'Show the engine log',
    light: 'Use the light theme',
    dark: 'Use the dark theme',
    system: 'Use the system’s theme',
    editLast: 'Edit your last message',
    send: 'Send',
    newLine: 'New line',
    close: 'Close what is open, or stop the answer',
    larger: 'Larger text',
    smaller: 'Smaller text',
    usualSize: 'Usual text size',
    shortcuts: 'Keyboard shortcuts',
    undo: 'Undo the last action',
  },

  link: {
    title: 'Open this address in your browser?',
    body: 'The model wrote this link. Your browser will go online to open it; Weightroom will not.',
    open: 'Open in browser',
    copy: 'Copy address',
  },
} as const
