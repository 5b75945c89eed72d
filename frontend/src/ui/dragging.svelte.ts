import { isTyping } from '../lib/keys'

/** How long a drag may say nothing before it counts as gone: while the mouse stands still a window hears nothing of it. */
const silentMs = 2_000
/** An element is entered just before the one beside it is left; longer after it, the window is left. */
const besideMs = 60
/** What is heard of a drag so soon after it ended is late. */
const lateMs = 500

/** Files that are dragged over the window. */
export class Dragging {
  /** They are over it now. */
  over = $state(false)
  /** What is dragged began on this page: a link, or words. */
  #own = false
  #entered = 0
  #ended = -lateMs
  #timer: ReturnType<typeof setTimeout> | undefined

  began = () => (this.#own = true)

  /**
   * It is entered, or moves over the page. Unless the page takes what is dragged, the web view opens it in the place of the
   * page; words alone it puts where something is typed.
   */
  moves = (event: DragEvent): void => {
    if (this.#leaves(event)) return
    event.preventDefault()
    const files = this.#files(event)
    if (event.dataTransfer) event.dataTransfer.dropEffect = files ? 'copy' : 'none'
    if (!files || Date.now() - this.#ended < lateMs) return
    if (event.type === 'dragenter') this.#entered = Date.now()
    this.over = true
    this.#hideIn(silentMs)
  }

  left = (): void => {
    if (this.over && Date.now() - this.#entered >= besideMs) this.#hide()
  }

  /** The window itself tells Go which files they are: `files:dropped` follows. */
  dropped = (event: DragEvent): void => {
    if (!this.#leaves(event)) event.preventDefault()
    this.ended()
  }

  /** The drag is over, however that is known. */
  ended = (): void => {
    this.#own = false
    this.#ended = Date.now()
    this.#hide()
  }

  /** The mouse moves or a key is pressed with nothing dragged: what is shown is left over. */
  idle = (): void => {
    this.#own = false
    if (this.over) this.#hide()
  }

  #leaves(event: DragEvent): boolean {
    return isTyping(event.target) && !this.#files(event)
  }

  /** WebKitGTK calls files a list of addresses, other web views files. */
  #files(event: DragEvent): boolean {
    const types = event.dataTransfer?.types ?? []
    return !this.#own && (types.includes('Files') || types.includes('text/uri-list') || types.length === 0)
  }

  #hideIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#hide(), ms)
  }

  #hide(): void {
    clearTimeout(this.#timer)
    this.over = false
  }
}
