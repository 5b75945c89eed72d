import type { Chat, Message } from '../../types'
import { chat, message } from './chats'
import { hour, starterRef } from './scene'

const paragraph =
  'The lamp of the **lighthouse** turned once in twelve seconds, and the keeper wrote `ships`, weather and oil into the book that had been begun before he came. '

/** A chat of many turns, one of which has two versions, by two models. */
function manyMessages(now: number): Chat {
  const chatId = 'long1'
  const messages: Message[] = []
  let parentId = ''
  const say = (part: Partial<Message> & Pick<Message, 'role' | 'text'>) => {
    const made = message({ chatId, parentId, createdAt: now - hour + messages.length, tokens: 120, ...part })
    messages.push(made)
    return made
  }
  for (let n = 0; n < 150; n++) {
    parentId = say({ role: 'user', text: `Question ${n} about the lighthouse?` }).id
    if (n === 100) say({ role: 'assistant', text: 'Another answer 100, and a short one.', model: starterRef })
    parentId = say({
      role: 'assistant',
      text: `Answer ${n}. ${paragraph.repeat(3)}`,
      ...(n === 0 ? { model: starterRef } : {}),
    }).id
  }
  return chat({ id: chatId, title: 'Three hundred messages', leaf: parentId, messages, pinned: true, updatedAt: now })
}

function oneAnswer(id: string, title: string, text: string, now: number): Chat {
  const question = message({ chatId: id, role: 'user', text: 'All of it, please.', createdAt: now - 2 * hour })
  const answer = message({
    chatId: id,
    parentId: question.id,
    role: 'assistant',
    text,
    createdAt: now - hour,
    tokens: 9,
  })
  return chat({ id, title, leaf: answer.id, messages: [question, answer], pinned: true, updatedAt: now - hour })
}

/** Chats of somebody who writes a lot: long ones, and more than a list shows. */
export function longChats(now: number): Chat[] {
  const story = Array.from(
    { length: 220 },
    (_, n) => `## Part ${n}\n\n${paragraph.repeat(4)}\n\n- oil\n- glass\n`,
  ).join('\n')
  const lines = Array.from({ length: 2400 }, (_, n) => `    lamp_${n} = turn(the_glass[${n}], seconds=12)`).join('\n')
  const short = Array.from({ length: 220 }, (_, n) => ({
    ...oneAnswer(`short${n}`, `An everyday matter ${n}`, paragraph, now - (n + 3) * 4 * hour),
    pinned: false,
  }))
  return [
    manyMessages(now),
    oneAnswer('long2', 'A long story', story, now),
    oneAnswer('long3', 'A long program', `\`\`\`python\n${lines}\n\`\`\``, now - hour),
    ...short,
  ]
}
