/**
 * A shortcut as it is written: `Mod+K`, `Mod+1`, `Mod+Plus`, `F2`, `Escape`, `/`. `Mod` is Ctrl, and Command on a Mac.
 *
 * Two keys mean the same everywhere:
 *
 * Enter does what the main button beside the field does, and Shift+Enter makes a new line where there can be one. Where a
 * message is written, the person's setting says which of the two Enter is, and the button shows the key.
 *
 * Escape closes what was opened last and nothing else: a menu or a tooltip, then a dialog, then a panel or an edit, wherever
 * in it the focus is; with nothing open it stops the answer. What has used the key calls `preventDefault`, and what closes
 * gives the focus back to what opened it.
 */
export type Keys = string

const mac = typeof navigator !== 'undefined' && /Mac/.test(navigator.userAgent)

interface KeyEvent {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  shiftKey: boolean
  altKey: boolean
}

/** Signs that share a key, or need Shift for it on some keyboards. */
const signs: Record<string, readonly string[]> = { Plus: ['+', '='], Minus: ['-', '_'] }

/** Whether a key press is this shortcut. */
export function matches(keys: Keys, event: KeyEvent, onMac = mac): boolean {
  const parts = keys.split('+')
  const key = parts.pop() ?? ''
  const mod = onMac ? event.metaKey : event.ctrlKey
  const other = onMac ? event.ctrlKey : event.metaKey
  const sign = signs[key]
  return (
    (sign ? sign.includes(event.key) : event.key.toLowerCase() === key.toLowerCase()) &&
    mod === parts.includes('Mod') &&
    !other &&
    event.altKey === parts.includes('Alt') &&
    // `/` and `?` need Shift on some keyboards, so a bare sign does not ask about it.
    (event.shiftKey === parts.includes('Shift') || sign !== undefined || (key.length === 1 && !/[a-z0-9]/i.test(key)))
  )
}

/** What sends from a field of several lines, by the setting; Enter alone makes a new line where it does not send. */
export function sendKeys(sendWith: 'enter' | 'ctrl-enter'): Keys {
  return sendWith === 'enter' ? 'Enter' : 'Mod+Enter'
}

/** Whether a key press sends what stands in a field of several lines. Mod+Enter always does. */
export function sends(sendWith: 'enter' | 'ctrl-enter', event: KeyEvent & { isComposing: boolean }): boolean {
  if (event.key !== 'Enter' || event.isComposing || event.shiftKey || event.altKey) return false
  return sendWith === 'enter' || event.ctrlKey || event.metaKey
}

const names: Record<string, string> = { Escape: 'Esc', Enter: '⏎', ArrowUp: '↑', ArrowDown: '↓', Plus: '+', Minus: '−' }

/** The shortcut as keys to show: `['Ctrl', 'K']`. */
export function display(keys: Keys, onMac = mac): string[] {
  return keys.split('+').map((part) => (part === 'Mod' ? (onMac ? '⌘' : 'Ctrl') : (names[part] ?? part)))
}

/** Whether typing goes into a field, so that single-letter shortcuts must stay quiet. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

const typedAt = new WeakMap<EventTarget, number>()

/** Takes note of an input event. */
export function noteTyped({ target }: Event): void {
  if (target) typedAt.set(target, Date.now())
}

/** Whether something that was typed into a field since a moment stands in it: the key that undoes is the field's then. */
export function typedSince(field: EventTarget | null, at: number): boolean {
  if (!field || (typedAt.get(field) ?? -1) < at) return false
  return !('value' in field) || field.value !== ''
}
