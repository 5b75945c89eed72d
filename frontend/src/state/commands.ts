import { typedSince, type Keys } from '../lib/keys'
import { text } from '../text'
import type { App } from './app'
import { railPages } from './pages'

/** Something a person can do. Shortcuts, the palette, menus and tooltips all read this one list. */
export interface Command {
  id: string
  label: string
  keys: Keys
  /** Whether its shortcut works while typing goes into a field, or into which. */
  whileTyping: boolean | ((field: EventTarget | null) => boolean)
  /** Whether its shortcut works while a dialog or a menu lies over the page. */
  everywhere: boolean
  enabled: () => boolean
  run: () => void
}

/** Shortcuts by command, for tooltips and the list in Settings. */
export const keysOf = {
  newChat: 'Mod+N',
  palette: 'Mod+K',
  focusSearch: '/',
  find: 'Mod+F',
  rename: 'F2',
  settings: 'Mod+,',
  toggleList: 'Mod+B',
  chatSettings: 'Mod+.',
  stop: 'Escape',
  undo: 'Mod+Z',
  larger: 'Mod+Plus',
  smaller: 'Mod+Minus',
  usualSize: 'Mod+0',
  shortcuts: '?',
} as const satisfies Record<string, Keys>

const zooms = { larger: 1, smaller: -1, usualSize: 0 } as const

/** Every command, for the state the app is in when it is asked. */
export function commands(app: App): Command[] {
  const t = text.commands
  const command = (id: string, label: string, run: () => void, more: Partial<Command> = {}): Command => ({
    id,
    label,
    keys: '',
    whileTyping: true,
    everywhere: false,
    enabled: () => true,
    run,
    ...more,
  })
  const inStoredChat = () => app.ui.page === 'chat' && !app.chat.isNew
  const pinned = () => app.chats.find(app.chat.id)?.pinned ?? false

  return [
    command('newChat', t.newChat, () => app.chatting.begin(), { keys: keysOf.newChat }),
    command('palette', t.palette, () => (app.dialogs.palette = !app.dialogs.palette), {
      keys: keysOf.palette,
      everywhere: true,
    }),
    ...railPages.map(({ page, label }, i) =>
      command(`go.${page}`, t.go(label), () => app.go(page), { keys: `Mod+${i + 1}` }),
    ),
    command('go.sums', t.sums, () => app.go('sums')),
    command('go.welcome', t.welcome, () => app.go('welcome')),
    command('go.settings', t.go(text.pages.settings), () => app.go('settings'), { keys: keysOf.settings }),
    command(
      'focusSearch',
      app.ui.page === 'discover' ? t.focusModels : t.focusSearch,
      () => (app.ui.page === 'discover' ? app.models.search() : app.chatting.search()),
      { keys: keysOf.focusSearch, whileTyping: false },
    ),
    command('find', t.find, () => app.chatting.find(), {
      keys: keysOf.find,
      enabled: () => app.ui.page === 'chat' && app.chat.ids.length > 0,
    }),
    command('toggleList', t.toggleList, () => (app.ui.listOpen = !app.ui.listOpen), {
      keys: keysOf.toggleList,
      enabled: () => app.ui.page === 'chat',
    }),
    command('chatSettings', t.chatSettings, () => (app.ui.chatSettingsOpen = !app.ui.chatSettingsOpen), {
      keys: keysOf.chatSettings,
      enabled: () => app.ui.page === 'chat',
    }),
    command('stop', t.stop, () => void app.attempt(() => app.chat.stop()), {
      keys: keysOf.stop,
      // With the panel open Escape closes that first.
      enabled: () => app.ui.page === 'chat' && app.chat.streaming !== undefined && !app.ui.chatSettingsOpen,
    }),
    command('undo', t.undo, () => app.toasts.undoable && app.toasts.act(app.toasts.undoable), {
      keys: keysOf.undo,
      // Whichever was done last is undone: what was typed here, or this.
      whileTyping: (field) => !typedSince(field, app.toasts.undoable?.at ?? 0),
      enabled: () => app.toasts.undoable !== undefined,
    }),
    command('rename', t.rename, () => app.chatting.rename(app.chat.id), { keys: keysOf.rename, enabled: inStoredChat }),
    command('pin', pinned() ? t.unpin : t.pin, () => app.chatting.togglePin(app.chat.id), { enabled: inStoredChat }),
    command('exportMarkdown', t.exportMarkdown, () => void app.chatting.export(app.chat.id, 'markdown'), {
      enabled: inStoredChat,
    }),
    command('exportJson', t.exportJson, () => void app.chatting.export(app.chat.id, 'json'), { enabled: inStoredChat }),
    command('delete', t.delete, () => void app.chatting.delete(app.chat.id), { enabled: inStoredChat }),
    command('importModel', t.importModel, () => void app.imports.choose()),
    command('unload', t.unload, () => void app.attempt(() => app.machine.unload()), {
      enabled: () => (app.machine.engine?.model ?? '') !== '',
    }),
    command('restart', t.restart, () => void app.attempt(() => app.machine.restart())),
    command('log', t.log, () => (app.dialogs.log = true)),
    ...(['larger', 'smaller', 'usualSize'] as const).map((id) =>
      command(id, t[id], () => void app.attempt(() => app.settings.zoom(zooms[id])), {
        keys: keysOf[id],
        everywhere: true,
      }),
    ),
    command('shortcuts', t.shortcuts, () => (app.dialogs.shortcuts = true), {
      keys: keysOf.shortcuts,
      whileTyping: false,
    }),
    ...(['light', 'dark', 'system'] as const).map((theme) =>
      command(`theme.${theme}`, t[theme], () => void app.attempt(() => app.settings.set({ theme })), {
        enabled: () => app.settings.value.theme !== theme,
      }),
    ),
  ]
}

/** Every shortcut with what it does, as the app is now, for the sheet that lists them. */
export function shortcuts(app: App): { title: string; rows: { label: string; keys: Keys }[] }[] {
  const t = text.commands
  const withEnter = app.settings.value.sendWith === 'enter'
  const writing = [
    { label: t.send, keys: withEnter ? 'Enter' : 'Mod+Enter' },
    { label: t.newLine, keys: withEnter ? 'Shift+Enter' : 'Enter' },
    { label: t.editLast, keys: 'ArrowUp' },
    { label: t.close, keys: keysOf.stop },
  ]
  const chats = ['newChat', 'focusSearch', 'rename', 'toggleList', 'chatSettings']
  const all = commands(app).filter((c) => c.keys && c.id !== 'stop')
  const pages = all.filter((c) => c.id.startsWith('go.'))
  return [
    { title: text.shortcuts.chats, rows: [...all.filter((c) => chats.includes(c.id)), ...writing] },
    { title: text.shortcuts.pages, rows: pages },
    { title: text.shortcuts.rest, rows: all.filter((c) => !chats.includes(c.id) && !pages.includes(c)) },
  ]
}
