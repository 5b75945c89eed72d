/** What the page keeps by itself until the next start. */
type Name = 'newDraft' | 'openChat' | 'edited'

/** What was kept last under a name; null: nothing. */
export function kept(name: Name): string | null {
  try {
    return localStorage.getItem(`weightroom.${name}`)
  } catch {
    return null
  }
}

/** Keeps a text under a name. Storage may be off; then only this is lost. */
export function keep(name: Name, value: string): void {
  try {
    localStorage.setItem(`weightroom.${name}`, value)
  } catch {
    return
  }
}
