// What the plots share: ticks, names beside their points, the point under the pointer, the arrow keys.

export interface Margin {
  top: number
  right: number
  bottom: number
  left: number
}

export interface Tick {
  at: number
  label: string
}

/** A mark, around its middle. */
export interface Mark {
  x: number
  y: number
  /** half its width */
  r: number
}

/** Where a name may stand. */
export interface Spot {
  x: number
  y: number
  anchor: 'start' | 'middle' | 'end'
}

export interface Label extends Spot {
  id: string
  words: string
}

/** A name, and where it may stand: the best place first. */
export interface Name {
  id: string
  words: string
  spots: readonly Spot[]
}

export interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

/** The room that a letter of a name takes, and a line of them. */
export const letter = 6.4
const tall = 14

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

/** The box that words take at a place. */
export function boxOf(words: string, spot: Spot): Box {
  const long = words.length * letter
  const left = spot.anchor === 'start' ? spot.x : spot.anchor === 'end' ? spot.x - long : spot.x - long / 2
  return { left, right: left + long, top: spot.y - tall / 2, bottom: spot.y + tall / 2 }
}

/** Places names within a frame where nothing else is, the first before the others; one without room is left out. */
export function place(names: readonly Name[], taken: readonly Box[], frame: Box): Label[] {
  const full = [...taken]
  const labels: Label[] = []
  for (const { id, words, spots } of names) {
    for (const spot of spots) {
      const box = boxOf(words, spot)
      const inside =
        box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom
      if (!inside || full.some((other) => overlap(box, other))) continue
      full.push(box)
      labels.push({ id, words, ...spot })
      break
    }
  }
  return labels
}

/** The mark nearest to a place, if one is within reach of a pointer. */
export function nearest<M extends Mark>(marks: readonly M[], x: number, y: number): M | undefined {
  let best: M | undefined
  let least = 26
  for (const mark of marks) {
    const far = Math.max(0, Math.hypot(mark.x - x, mark.y - y) - mark.r)
    if (far < least) {
      least = far
      best = mark
    }
  }
  return best
}

/** Which of `count` marks a key moves to from the one at `at`; undefined: it is no key that moves. */
export function moved(key: string, at: number, count: number): number | undefined {
  const to: Record<string, number> = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    Home: 0,
    End: count - 1,
  }
  const wanted = to[key]
  return wanted === undefined ? undefined : Math.min(count - 1, Math.max(0, wanted))
}
