import type { Attachment } from 'svelte/attachments'

/** From so many characters on a text is taller than any field may be, and measuring it takes a while. */
const surelyTall = 20_000

/** Makes a field as tall as its words, in whatever width they are wrapped; how tall at most is up to its style. */
export function grow(words: string): Attachment<HTMLTextAreaElement> {
  return (field) => {
    const fit = () => {
      field.style.height = words.length < surelyTall ? 'auto' : '100vh'
      if (words && words.length < surelyTall) field.style.height = `${field.scrollHeight}px`
    }
    fit()
    window.addEventListener('resize', fit)
    return () => window.removeEventListener('resize', fit)
  }
}
