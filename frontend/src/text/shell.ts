/** What stands around the pages: the rail, the palette, the notices. */
export const shellText = {
  toasts: { label: 'Notices' },

  rail: {
    label: 'Pages',
    offline: 'Offline',
    offlineApp: 'Offline',
    unlocked: 'No lock',
    out: (bytes: string) => `${bytes} out`,
    lockLabel: (state: string, out: string) => `${state}, ${out}. Show how you can tell.`,
  },

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
    focusSearch: 'Search chats',
    focusModels: 'Search models',
    rename: 'Rename this chat',
    pin: 'Pin this chat',
    unpin: 'Unpin this chat',
    delete: 'Delete this chat',
    exportMarkdown: 'Export this chat as Markdown',
    exportJson: 'Export this chat as JSON',
    stop: 'Stop the answer',
    chatSettings: 'Chat settings',
    toggleList: 'Show or hide the chat list',
    importModel: 'Import a model file',
    unload: 'Unload the model',
    restart: 'Restart the engine',
    log: 'Show the engine log',
    light: 'Use the light theme',
    dark: 'Use the dark theme',
    system: 'Use the theme of the system',
    editLast: 'Edit your last message',
    send: 'Send',
    newLine: 'New line',
    close: 'Close what is open, or stop the answer',
  },

  link: {
    title: 'Open this address in your browser?',
    body: 'The model wrote this link. Your browser will go online to open it; Weightroom will not.',
    open: 'Open in browser',
    copy: 'Copy address',
  },
} as const
