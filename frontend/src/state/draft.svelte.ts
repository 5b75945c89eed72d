import { folded, noDraft, whole, type Draft } from '../lib/draft'
import { Pending } from '../lib/timing'

/** The message that is written in the chat on screen. What is written is stored shortly after. */
export class DraftState {
  #draft = $state.raw<Draft>(noDraft)
  #timer: ReturnType<typeof setTimeout> | undefined
  #saving = new Pending()
  #store: (text: string) => Promise<void> | undefined

  /** `store` gives nothing where there is no chat yet that could keep it. */
  constructor(store: (text: string) => Promise<void> | undefined) {
    this.#store = store
  }

  get parts(): Draft {
    return this.#draft
  }

  get text(): string {
    return whole(this.#draft)
  }

  /** Shows what is stored. What is the same already stays as it is divided. */
  show(text: string): void {
    if (text !== this.text) this.#draft = folded(text)
  }

  write(part: Partial<Draft> | string): void {
    this.#draft = typeof part === 'string' ? folded(part) : { ...this.#draft, ...part }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.flush(), 400)
  }

  /** Takes the message away, to be sent. */
  take(): Draft {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const draft = this.#draft
    this.#draft = noDraft
    return draft
  }

  /** Stores what is written now, if that waits. Resolves when it is stored. */
  flush(): Promise<void> {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer)
      this.#timer = undefined
      const stored = this.#store(this.text)
      if (stored) this.#saving.add(stored)
    }
    return this.#saving.settled()
  }
}
