import type { Question } from './dialogs.svelte'
import type { Toasts } from './toasts.svelte'
import type { Page } from './ui.svelte'

/** What verbs that touch several states may ask of the app around them, and nothing more. */
export interface Host {
  readonly toasts: Toasts
  /** Runs a call and tells the person when it fails. Resolves to whether it worked. */
  attempt(call: () => Promise<unknown>): Promise<boolean>
  go(page: Page): void
  confirm(question: Question): Promise<boolean>
}
