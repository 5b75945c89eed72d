import type { ChatSummary, FoundChat } from '../bridge/types'
import { startOfDay } from './format'
import { text } from '../text'

/** A heading of the chat list with the chats below it. */
export interface Group {
  key: string
  label: string
  chats: ChatSummary[]
}

const day = 86_400_000

/** Pinned first, then by when each chat last changed: today, yesterday, this week, and older ones by month. */
export function groupChats(chats: readonly ChatSummary[], now: number): Group[] {
  const groups = new Map<string, Group>()
  const sorted = [...chats].sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.updatedAt - a.updatedAt)
  for (const chat of sorted) {
    const [key, label] = place(chat, now)
    const group = groups.get(key) ?? { key, label, chats: [] }
    group.chats.push(chat)
    groups.set(key, group)
  }
  return [...groups.values()]
}

function place(chat: ChatSummary, now: number): [key: string, label: string] {
  if (chat.pinned) return ['pinned', text.chats.pinned]
  // Rounded, because a day is 23 or 25 hours long when clocks change.
  const days = Math.round((startOfDay(now) - startOfDay(chat.updatedAt)) / day)
  if (days <= 0) return ['today', text.chats.today]
  if (days === 1) return ['yesterday', text.chats.yesterday]
  if (days < 7) return ['week', text.chats.week]
  const date = new Date(chat.updatedAt)
  const label = date.toLocaleDateString('en-GB', { month: 'long', year: 'numeric' })
  return [`${date.getFullYear()}-${date.getMonth()}`, label]
}

/** A line of the chat list: a heading, or a chat with its place in its group. */
export type ListLine =
  | { key: string; group: string; label: string; chat?: undefined }
  | { key: string; group: string; label: string; chat: ChatSummary; hit: FoundChat | undefined; at: number; of: number }

/** Lines below each other by their group. */
export interface ListSection {
  key: string
  label: string
  /** its heading is among them */
  heading: boolean
  chats: Extract<ListLine, { chat: ChatSummary }>[]
}

/** The groups as the lines that stand below each other. */
export function linesOf(groups: readonly Group[], hits: readonly FoundChat[] = []): ListLine[] {
  const byId = new Map(hits.map((hit) => [hit.chat.id, hit]))
  return groups.flatMap(({ key, label, chats }) => [
    { key: `group-${key}`, group: key, label },
    ...chats.map((chat, i) => ({
      ...{ key: chat.id, group: key, label, chat },
      ...{ hit: byId.get(chat.id), at: i + 1, of: chats.length },
    })),
  ])
}

/** The lines that are drawn by their groups. The heading of the first may be out of sight. */
export function sectionsOf(lines: readonly ListLine[]): ListSection[] {
  const sections: ListSection[] = []
  for (const line of lines) {
    let section = sections.at(-1)
    if (section?.key !== line.group) {
      section = { key: line.group, label: line.label, heading: false, chats: [] }
      sections.push(section)
    }
    if (line.chat) section.chats.push(line)
    else section.heading = true
  }
  return sections
}
