import { unexplained } from '../bridge/failure'

/** What every page says. */
export const commonText = {
  app: 'Weightroom',

  pages: {
    chat: 'Chat',
    discover: 'Discover',
    library: 'Library',
    lab: 'Lab',
    machine: 'Machine',
    settings: 'Settings',
    welcome: 'Welcome',
  },

  common: {
    cancel: 'Cancel',
    close: 'Close',
    copy: 'Copy',
    copied: 'Copied',
    undo: 'Undo',
    save: 'Save',
    done: 'Done',
    state: 'State',
    dismiss: 'Dismiss',
    tryAgain: 'Try again',
    loading: 'Loading…',
    measured: 'measured',
    unknown: 'unknown',
    default: 'Default',
    optional: 'optional',
  },

  failure: {
    unknown: unexplained.message,
    unknownHint: unexplained.hint,
  },

  time: {
    now: 'just now',
    minutesAgo: (n: number) => (n === 1 ? '1 minute ago' : `${n} minutes ago`),
    hoursAgo: (n: number) => (n === 1 ? '1 hour ago' : `${n} hours ago`),
    yesterday: 'yesterday',
    daysAgo: (n: number) => `${n} days ago`,
    inSeconds: 'in less than a minute',
    inMinutes: (n: number) => (n === 1 ? 'in 1 minute' : `in ${n} minutes`),
    inHours: (n: number) => (n === 1 ? 'in 1 hour' : `in ${n} hours`),
  },

  tasks: {
    import: 'Importing a file',
    starter: 'Adding the starter',
    bandwidth: 'Measuring memory',
    testdrive: 'Test drive',
    verify: 'Verifying',
    repair: 'Repairing',
    adopt: 'Checking',
    move: 'Moving the library',
    export: 'Exporting',
    cancelled: 'Cancelled.',
    blind: 'Writing answers',
    of: (done: string, total: string) => `${done} of ${total}`,
    cancel: 'Cancel',
  },
} as const
