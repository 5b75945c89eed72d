/** A question with one way on. */
export interface Question {
  title: string
  body: string
  action: string
  danger: boolean
}

/** What lies over the page: one question, one address to open, the palette, the log. */
export class Dialogs {
  #question = $state.raw<(Question & { answer: (yes: boolean) => void }) | null>(null)
  #address = $state('')
  palette = $state(false)
  log = $state(false)
  /** The daily copies of the chats. */
  backups = $state(false)
  /** The licences of what is built in. */
  licences = $state(false)
  /** The sheet of all shortcuts. */
  shortcuts = $state(false)
  /** What is online and at work. */
  work = $state(false)
  /** Asks for the name or the address of a model to download. */
  naming = $state(false)
  /** What is typed into the palette, and into the question for a model. */
  sought = $state('')
  named = $state('')

  get question(): Question | null {
    return this.#question
  }

  /** The address that waits for a yes; empty when none does. */
  get address(): string {
    return this.#address
  }

  confirm(question: Question): Promise<boolean> {
    this.#question?.answer(false)
    return new Promise((resolve) => {
      this.#question = { ...question, answer: resolve }
    })
  }

  answer(yes: boolean): void {
    this.#question?.answer(yes)
    this.#question = null
  }

  askToOpen(address: string): void {
    this.#address = address
  }

  closeAddress(): void {
    this.#address = ''
  }
}
