import type { Threads } from '../bridge/types'
import { plural } from './plural'

/** The person’s choices. */
export const settingsText = {
  settings: {
    title: 'Settings',
    subtitle: 'Changes are saved as you make them.',
    look: 'Appearance',
    theme: 'Theme',
    textSize: 'Text size',
    textSizeHint: 'Of the whole window. Ctrl + and Ctrl − change it too.',
    percent: (n: number) => `${n}%`,
    startPage: 'Open with',
    startPages: {
      last: 'The last chat',
      new: 'A new chat',
      discover: 'Discover',
      library: 'Library',
      lab: 'Lab',
      machine: 'Machine',
    },
    writing: 'Writing',
    themes: { system: 'System', light: 'Light', dark: 'Dark' },
    figures: 'Figures under answers',
    figuresHint: 'Speed, time to first token and length.',
    sendWith: 'Send with',
    sendKeys: { enter: 'Enter', 'ctrl-enter': 'Ctrl Enter' },
    sendHint: { enter: 'Shift Enter makes a new line.', 'ctrl-enter': 'Enter makes a new line.' },
    chats: 'New chats',
    model: 'Model',
    modelHint: 'What a new chat begins with.',
    lastUsed: 'The last one used',
    system: 'System prompt',
    systemHint: 'Given to the model at the start of each new chat.',
    systemPlaceholder: 'None',
    temperature: 'Temperature',
    temperatureHint: 'Empty: the model’s default.',
    context: 'Context length',
    contextHint: 'Tokens. Longer takes more memory.',
    engine: 'Engine',
    keepAlive: 'Keep an idle model in memory',
    keepAlives: {
      '5': '5 minutes',
      '15': '15 minutes',
      '30': '30 minutes',
      '60': '1 hour',
      '0': 'Unload at once',
      '-1': 'Until the app closes',
    } as Record<string, string>,
    minutes: (n: number) => plural(n, 'minute'),
    threads: 'Threads',
    /** What becomes of more threads than can run at once; empty: the number is used as it is. */
    threadsUsed: (wanted: number, threads: Threads | undefined) => {
      const most = threads?.reasons.find((r) => r.kind === 'setting')?.of ?? wanted
      return wanted > most
        ? `This machine can run ${plural(most, 'thread')} at once, so ${most} of ${wanted} are used.`
        : ''
    },
    threadsHint:
      'Empty: as many as this machine allows, or as were measured to be faster. The Machine page says how many, and why.',
    auto: 'Automatic',
    dataFolder: 'Data folder',
    dataFolderHint: 'Chats, settings and backups.',
    logFile: 'Log file',
    open: 'Open',
    openPath: (what: string) => `Open: ${what}`,
    copyPath: (what: string) => `Copy path of ${what}`,
    keys: 'Keyboard shortcuts',
    keysHint: '? shows them on every page.',
    keysShow: 'Show',
    about: 'About',
    engineBuild: (ollama: string, llamaCpp: string) => `Engine: Ollama ${ollama}, llama.cpp ${llamaCpp}`,
    licences: 'Third-party licences',
    licencesTitle: 'Third-party licences',
    licencesIntro: (n: number) =>
      `${plural(n, 'work')} of other people ${n === 1 ? 'is' : 'are'} built into Weightroom, each under its own licence.`,
    version: (v: string) => `Weightroom ${v}`,
    aboutBody: 'Runs open-weight language models on this machine, offline.',
    saveFailed: 'The setting was not saved.',
  },

  keep: {
    title: 'Your chats',
    export: 'All chats in one file',
    exportHint: 'With every branch, as JSON. It can be imported here or on another machine.',
    exportAction: 'Export…',
    import: 'Chats from a file',
    importHint: 'From an export of Weightroom. The chats you have are not changed.',
    importAction: 'Import…',
    backups: 'Daily backups',
    backupsHint: 'Kept for a week, beside the chats.',
    backupsAction: 'Show',
    backupsTitle: 'Daily backups of your chats',
    backupsIntro:
      'Restoring adds the chats that are missing, also those in the trash. It does not change those you have, nor bring back any that you deleted for good.',
    backupsNone: 'No backup has been made yet. One is made each day that Weightroom is open.',
    reading: 'Reading the backups…',
    about: (chats: number, size: string) => `${plural(chats, 'chat')} · ${size}`,
    restore: 'Restore…',
    restoreLabel: (date: string) => `Restore the backup of ${date}`,
    restoreTitle: (date: string) => `Restore the backup of ${date}?`,
    restoreBody: (n: number) =>
      `It holds ${plural(n, 'chat')}. Those that are missing or in the trash come back; those you have stay as they are.`,
    restoreAction: 'Restore',
    added: (chats: number, back: number, known: number, messages: number) =>
      chats + back + messages === 0
        ? `You have everything in it already: ${plural(known, 'chat')}.`
        : [
            chats + messages > 0 ? `${plural(chats, 'chat')} added, with ${plural(messages, 'message')}.` : '',
            back ? `${plural(back, 'chat')} came back from the trash.` : '',
            known ? `You had ${plural(known, 'chat')} of them already.` : '',
          ]
            .filter(Boolean)
            .join(' '),
  },

  network: {
    title: 'Downloads and models',
    limit: 'Speed limit',
    limitHint: 'MB per second, for all downloads together. Empty: no limit.',
    none: 'None',
    atOnce: 'Downloads at once',
    token: 'Hugging Face token',
    tokenHint: 'Only for models whose publishers ask for a sign-in. Sent to huggingface.co alone.',
    tokenSet: (place: string) => `A token is saved in ${place}.`,
    places: { keyring: 'the system’s keyring', file: 'a file that only you can read', '': '' },
    tokenField: 'hf_…',
    tokenSave: 'Save',
    tokenForget: 'Remove',
    tokenKept: 'The token is saved.',
    tokenForgotten: 'The token is removed.',
    folder: 'Library folder',
    move: 'Move…',
    moveTitle: 'Choose where the library goes',
    moveConfirm: 'Move the library?',
    moveBody: (size: string, folder: string) =>
      `${size} of models are copied to ${folder}, checked there, and then removed here. You can go on working.`,
    moveAction: 'Move',
    moved: (folder: string) => `The library is in ${folder} now.`,
    moving: 'Moving the library',
  },
} as const
