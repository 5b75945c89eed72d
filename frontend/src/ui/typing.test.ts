// @vitest-environment jsdom
import { flushSync, mount, unmount, type Component } from 'svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import NumberField from './NumberField.svelte'
import TextArea from './TextArea.svelte'
import { saveTyped } from './typing.svelte'

/** A field on a page, with what it has saved. */
function field<P extends Record<string, unknown>>(component: Component<P>, props: P) {
  const mounted = mount(component, { target: document.body, props })
  flushSync()
  const element = document.querySelector<HTMLInputElement | HTMLTextAreaElement>('input, textarea')
  if (!element) throw new Error('there is no field')
  const type = (words: string) => {
    element.focus()
    element.value = words
    element.dispatchEvent(new Event('input', { bubbles: true }))
    flushSync()
  }
  return { element, type, close: () => unmount(mounted) }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  document.body.replaceChildren()
})

describe('what is typed into a text', () => {
  const text = () => {
    const onsave = vi.fn<(words: string) => void>()
    return { ...field(TextArea, { value: 'Be kind.', onsave }), onsave }
  }

  it('is saved a moment after the last key, once', () => {
    const { type, onsave } = text()
    type('Be')
    vi.advanceTimersByTime(300)
    type('Be brief.')
    expect(onsave).not.toHaveBeenCalled()
    vi.advanceTimersByTime(400)
    expect(onsave.mock.calls).toEqual([['Be brief.']])
  })

  it('is saved at once when the field loses the focus, and not again', () => {
    const { element, type, onsave } = text()
    type('Be brief.')
    element.blur()
    vi.advanceTimersByTime(1000)
    expect(onsave.mock.calls[0]).toEqual(['Be brief.'])
  })

  it('is saved at once when its panel or page goes', async () => {
    const { type, close, onsave } = text()
    type('Be brief.')
    await close()
    expect(onsave.mock.calls).toEqual([['Be brief.']])
  })

  it('is saved at once before a shortcut runs and when the window goes', () => {
    const { type, onsave } = text()
    type('Be brief.')
    void saveTyped()
    expect(onsave.mock.calls).toEqual([['Be brief.']])
  })

  it('is not saved when nothing has changed', () => {
    const { element, onsave } = text()
    element.focus()
    element.blur()
    expect(onsave).not.toHaveBeenCalled()
  })
})

describe('what is typed into a number', () => {
  const number = () => {
    const onchange = vi.fn<(value: number) => void>()
    const props = {
      label: 'Context',
      hint: 'In tokens',
      value: 8192,
      unset: 8192,
      placeholder: '',
      min: 512,
      max: 1_048_576,
      whole: true,
    }
    return { ...field(NumberField, { ...props, onchange }), onchange }
  }
  const mistake = () => document.querySelector('.error')?.textContent ?? ''

  it('is saved while it is typed as soon as it may be, and half of it is no mistake', () => {
    const { type, onchange } = number()
    type('40')
    vi.advanceTimersByTime(500)
    expect(onchange).not.toHaveBeenCalled()
    expect(mistake()).toBe('')
    type('4096')
    vi.advanceTimersByTime(500)
    expect(onchange.mock.calls).toEqual([[4096]])
  })

  it('is called a mistake once the field is left', () => {
    const { element, type, onchange } = number()
    type('40')
    element.blur()
    flushSync()
    expect(mistake()).toContain('512')
    expect(document.body.textContent, 'the unit stays').toContain('In tokens')
    expect(onchange).not.toHaveBeenCalled()
  })

  it('is saved when its page goes', async () => {
    const { type, close, onchange } = number()
    type('4096')
    await close()
    expect(onchange.mock.calls).toEqual([[4096]])
  })
})
