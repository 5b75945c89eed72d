/** A shortcut as it is written: `Mod+K`, `Mod+1`, `F2`, `Escape`, `/`. `Mod` is Ctrl, and Command on a Mac. */
export type Keys = string

const mac = typeof navigator !== 'undefined' && /Mac/.test(navigator.userAgent)

interface KeyEvent {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  shiftKey: boolean
  altKey: boolean
}

/** Whether a key press is this shortcut. */
export function matches(keys: Keys, event: KeyEvent, onMac = mac): boolean {
  const parts = keys.split('+')
  const key = parts.pop() ?? ''
  const mod = onMac ? event.metaKey : event.ctrlKey
  const other = onMac ? event.ctrlKey : event.metaKey
  return (
    event.key.toLowerCase() === key.toLowerCase() &&
    mod === parts.includes('Mod') &&
    !other &&
    event.altKey === parts.includes('Alt') &&
    // `/` and `?` need Shift on some keyboards, so a bare sign does not ask about it.
    (event.shiftKey === parts.includes('Shift') || (key.length === 1 && !/[a-z0-9]/i.test(key)))
  )
}

const names: Record<string, string> = { Escape: 'Esc', Enter: '⏎', ArrowUp: '↑', ArrowDown: '↓' }

/** The shortcut as keys to show: `['Ctrl', 'K']`. */
export function display(keys: Keys, onMac = mac): string[] {
  return keys.split('+').map((part) => (part === 'Mod' ? (onMac ? '⌘' : 'Ctrl') : (names[part] ?? part)))
}

/** Whether typing goes into a field, so that single-letter shortcuts must stay quiet. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
