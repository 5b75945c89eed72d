import { untrack } from 'svelte'
import { Pending } from '../lib/timing'

/** How long after the last key what is typed is saved. */
const pauseMs = 400

let unsaved: readonly Typing[] = []

const saving = new Pending()

/** Saves what is typed at once: before a shortcut runs, and when the window goes. Resolves when it is stored. */
export function saveTyped(): Promise<void> {
  for (const typing of unsaved) typing.save()
  return saving.settled()
}

/** Has `saveTyped` wait for a call that stores what was typed. */
export function stores(call: unknown): void {
  saving.add(call)
}

/**
 * The words in a field whose changes are saved as they are made: a moment after the last key, and at once when the field
 * loses the focus or goes, with its panel, its page or the window. While the field has the focus it is the person's: what
 * is stored elsewhere does not replace what they type.
 */
export class Typing {
  words = $state('')
  #stored: () => string
  #save: (words: string) => unknown
  #focused = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `save` is called with words that differ from the stored ones, and gives a promise where storing them takes a while. */
  constructor(stored: () => string, save: (words: string) => unknown) {
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
    if (this.words !== this.#stored()) stores(this.#save(this.words))
  }
}
