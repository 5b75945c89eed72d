import { unexplained } from '../bridge/failure'
import { plural } from './plural'

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

  /** Of a model that does not fit into memory. */
  anyway: {
    title: 'Load a model that does not fit?',
    body: 'Loaded anyway, everything may become very slow, or the system may end the engine or another program. Chats are safe.',
    action: 'Load anyway',
  },

  failure: {
    unknown: unexplained.message,
    unknownHint: unexplained.hint,
    again: 'The page had stopped and was loaded again. Your chats and drafts are here.',
    againHint:
      'A question or a choice that was open may have to be made again. If the page stops again, the log says more. Settings shows where it is.',
  },

  time: {
    now: 'just now',
    minutesAgo: (n: number) => `${plural(n, 'minute')} ago`,
    hoursAgo: (n: number) => `${plural(n, 'hour')} ago`,
    yesterday: 'yesterday',
    daysAgo: (n: number) => `${plural(n, 'day')} ago`,
    inSeconds: 'in less than a minute',
    inMinutes: (n: number) => `in ${plural(n, 'minute')}`,
    inHours: (n: number) => `in ${plural(n, 'hour')}`,
  },

  tasks: {
    import: 'Importing a file',
    starter: 'Adding the starter',
    bandwidth: 'Measuring memory',
    tune: 'Tuning the engine',
    testdrive: 'Test drive',
    verify: 'Verifying',
    repair: 'Repairing',
    adopt: 'Checking',
    move: 'Moving the library',
    export: 'Exporting',
    ending: 'Checking what was copied',
    cancelled: 'Cancelled.',
    blind: 'Writing answers',
    fit: 'Timing small models',
    agree: 'Comparing answers with before',
    compare: 'Comparing models',
    download: 'Downloading',
    of: (done: string, total: string) => `${done} of ${total}`,
    cancel: 'Cancel',
  },
} as const
