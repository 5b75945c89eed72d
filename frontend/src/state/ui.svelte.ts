export type Page = 'welcome' | 'chat' | 'discover' | 'sums' | 'library' | 'lab' | 'machine' | 'settings'

/** What is open, and where the focus should go. */
export class Ui {
  page = $state<Page>('chat')
  /** The first answers are there and the page can be drawn. */
  ready = $state(false)
  /** Why the page could not start; null when it could. */
  startFailure = $state.raw<{ title: string; hint: string } | null>(null)
  listOpen = $state(true)
  chatSettingsOpen = $state(false)
  trashOpen = $state(false)
  /** Chat whose title is being edited, in the list or above the chat. */
  renaming = $state('')
  renamed = $state('')
  renamingAt = $state<'list' | 'header'>('list')
  /** Message being edited. */
  editing = $state('')
  edited = $state('')
  /** Grows when the composer should take the focus. */
  focusComposer = $state(0)
  /** The search field should take the focus. */
  wantsSearch = $state(false)

  /** Leaves the trash and the message that was being edited. */
  closeChatParts(): void {
    this.trashOpen = false
    this.closeEditor()
  }

  /** Opens the editor on a message. */
  edit(id: string, text: string): void {
    this.editing = id
    this.edited = text
  }

  closeEditor(): void {
    this.editing = ''
    this.edited = ''
  }

  /** Opens the field for a chat's title. */
  rename(id: string, title: string, at: Ui['renamingAt'] = 'list'): void {
    this.renaming = id
    this.renamed = title
    this.renamingAt = at
  }

  closeRename(): void {
    this.renaming = ''
    this.renamed = ''
  }

  /** Shows the list of chats in place of the trash. */
  showList(): void {
    this.trashOpen = false
    this.listOpen = true
  }
}
