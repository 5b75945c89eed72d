// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { fakeBridge } from '../bridge/fake'
import { noteTyped } from '../lib/keys'
import { App } from './app'
import { commands } from './commands'

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

it('the key that undoes takes back what was done last: what was typed in this field, or what a notice says', async () => {
  const app = new App(fakeBridge({ step: 0 }))
  await app.start()
  const field = document.body.appendChild(document.createElement('textarea'))
  const type = (words: string) => {
    vi.advanceTimersByTime(10)
    field.value = words
    field.dispatchEvent(new Event('input'))
    vi.advanceTimersByTime(10)
  }
  field.addEventListener('input', noteTyped)
  const works = () => {
    const { whileTyping } = commands(app).find((c) => c.id === 'undo') ?? {}
    return typeof whileTyping === 'function' && whileTyping(field)
  }
  type('written before')
  const [first, second] = app.chats.list.map((c) => c.id)
  await app.chatting.delete(first ?? '')
  await app.chatting.delete(second ?? '')
  for (const id of [second, first]) {
    expect(works()).toBe(true)
    if (app.toasts.undoable) app.toasts.act(app.toasts.undoable)
    await vi.waitFor(() => expect(app.chat.id).toBe(id))
  }
  await app.chatting.delete(first ?? '')
  type('written after')
  expect(works()).toBe(false)
  type('')
  expect(works()).toBe(true)
})
