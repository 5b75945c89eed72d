import type { Settings } from '../bridge/types'

type Theme = Settings['theme']

const key = 'weightroom.theme'
const dark = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : undefined
let current: Theme = 'system'

/** Shows a theme, and follows the system's when asked to. */
export function showTheme(theme: Theme): void {
  current = theme
  const shown = theme === 'system' ? (dark?.matches ? 'dark' : 'light') : theme
  document.documentElement.dataset['theme'] = shown
  try {
    localStorage.setItem(key, theme)
  } catch {
    // Without storage the first picture follows the system, and the stored setting comes a moment later.
  }
}

/** The theme of last time, known before the settings are. */
export function rememberedTheme(): Theme {
  try {
    const theme = localStorage.getItem(key)
    return theme === 'light' || theme === 'dark' ? theme : 'system'
  } catch {
    return 'system'
  }
}

dark?.addEventListener('change', () => {
  if (current === 'system') showTheme('system')
})
