import type { Message } from '../bridge/types'

type Messages = Iterable<Message>

/** The branch that ends at `leaf`, from its root down. A parent that is missing, or a cycle, ends the walk. */
export function branch(messages: ReadonlyMap<string, Message>, leaf: string): Message[] {
  const path: Message[] = []
  const seen = new Set<string>()
  for (let at = messages.get(leaf); at && !seen.has(at.id); at = messages.get(at.parentId)) {
    seen.add(at.id)
    path.push(at)
  }
  return path.reverse()
}

/** The versions of a message: those with its parent and role, oldest first, itself among them. */
export function siblings(messages: Messages, message: Message): Message[] {
  return [...messages]
    .filter((m) => m.parentId === message.parentId && m.role === message.role)
    .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
}

/** The newest leaf under a message: what is shown when its branch is chosen. */
export function newestLeaf(messages: Messages, id: string): string {
  const all = [...messages]
  const seen = new Set<string>()
  let at = id
  while (!seen.has(at)) {
    seen.add(at)
    const children = all.filter((m) => m.parentId === at)
    const newest = children.reduce<Message | undefined>(
      (best, m) => (!best || m.createdAt >= best.createdAt ? m : best),
      undefined,
    )
    if (!newest) return at
    at = newest.id
  }
  return at
}
