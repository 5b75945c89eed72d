import type { Attachment } from 'svelte/attachments'

/**
 * Marks an element with `data-narrow` while it is narrower than so many pixels. Not a container query: WebKitGTK compares
 * one with a width that the window's zoom is in.
 */
export function narrowerThan(pixels: number): Attachment<HTMLElement> {
  return (element) => {
    const look = () => element.toggleAttribute('data-narrow', element.clientWidth < pixels)
    const observer = new ResizeObserver(look)
    observer.observe(element)
    look()
    return () => observer.disconnect()
  }
}
