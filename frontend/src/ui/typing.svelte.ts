import { untrack } from 'svelte'

/** How long after the last key what is typed is saved. */
const pauseMs = 400

let unsaved: readonly Typing[] = []

/** Saves what is typed at once: before a shortcut runs, and when the window goes. */
export function saveTyped(): void {
  for (const typing of unsaved) typing.save()
}

/**
 * The words in a field whose changes are saved as they are made: a moment after the last key, and at once when the field
 * loses the focus or goes, with its panel, its page or the window. While the field has the focus it is the person's: what
 * is stored elsewhere does not replace what they type.
 */
export class Typing {
  words = $state('')
  #stored: () => string
  #save: (words: string) => void
  #focused = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `save` is called with words that differ from the stored ones. */
  constructor(stored: () => string, save: (words: string) => void) {
    this.#stored = stored
    this.#save = save
    this.words = stored()
    $effect(() => {
      const now = stored()
      untrack(() => {
        if (!this.#focused && !unsaved.includes(this)) this.words = now
      })
    })
    $effect(() => () => {
      if (unsaved.includes(this)) this.save()
    })
  }

  onfocus = () => {
    this.#focused = true
  }

  oninput = () => {
    if (!unsaved.includes(this)) unsaved = [...unsaved, this]
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.save(), pauseMs)
  }

  onblur = () => {
    this.#focused = false
    this.save()
  }

  save(): void {
    clearTimeout(this.#timer)
    unsaved = unsaved.filter((other) => other !== this)
    if (this.words !== this.#stored()) this.#save(this.words)
  }
}
