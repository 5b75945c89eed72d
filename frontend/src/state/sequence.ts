/** Watches the numbers that events carry, which grow by one. */
export class Sequence {
  #last = 0

  /** True when events before this one were missed. */
  missed(seq: number): boolean {
    const gap = this.#last > 0 && seq > this.#last + 1
    this.#last = Math.max(this.#last, seq)
    return gap
  }
}
