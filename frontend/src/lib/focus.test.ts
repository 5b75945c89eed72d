// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { focusHeading, focusRow, keepFocus } from './focus'

let end: () => void
beforeEach(() => {
  vi.useFakeTimers()
  document.body.innerHTML = `
    <main><h1>Library</h1>
      <ul><li id="a"><button>a</button></li><li id="b"><button>b</button></li><li id="c"><button>c</button></li></ul>
      <div id="alone"><button>alone</button></div>
    </main>`
  // Without a layout every element would count as hidden.
  Object.defineProperty(HTMLElement.prototype, 'offsetParent', { configurable: true, get: () => document.body })
  end = keepFocus(document)
})
afterEach(() => {
  end()
  vi.useRealTimers()
})

const button = (id: string) => document.querySelector<HTMLButtonElement>(`#${id} button`)
const focused = () => document.activeElement?.textContent

function fresh(html: string): Element[] {
  const box = document.createElement('div')
  box.innerHTML = html
  return [...box.children]
}

async function without(id: string, part = `#${id}`) {
  button(id)?.focus()
  document.querySelector(part)?.remove()
  await Promise.resolve()
  vi.advanceTimersByTime(100)
}

describe('the focus of what is removed', () => {
  it.each([
    ['goes to the next row', 'b', 'c'],
    ['goes to the row before when it was the last', 'c', 'b'],
  ])('%s', async (_, gone, to) => {
    await without(gone)
    expect(focused()).toBe(to)
  })

  it('goes to the heading of the page when there is nothing beside it', async () => {
    await without('alone', '#alone')
    // The list stands before it.
    expect(focused()).toBe('a')
    document.querySelector('ul')?.remove()
    await Promise.resolve()
    vi.advanceTimersByTime(100)
    expect(focused()).toBe('Library')
  })

  it.each<[string, (page: Element) => void]>([
    ['goes', (page) => page.replaceWith(...fresh('<main><h1>Sums</h1></main>'))],
    ['is kept hidden', (page) => page.after(...fresh('<main><h1>Sums</h1></main>'))],
  ])('goes to the heading of the next page when its own %s, not to the rail beside it', async (_, turn) => {
    document.body.insertAdjacentHTML('afterbegin', '<nav><button>Chat</button></nav>')
    button('b')?.focus()
    const page = document.querySelector('main')
    if (!page) throw new Error('no page')
    turn(page)
    page.hidden = true
    await Promise.resolve()
    vi.advanceTimersByTime(100)
    expect(focused()).toBe('Sums')
  })

  it.each([
    ['comes back to what was pressed before a dialog is gone', false, 'b'],
    ['goes to the row after that which a dialog has removed', true, 'c'],
  ])('%s', async (_, removes, to) => {
    button('b')?.focus()
    document.body.insertAdjacentHTML('beforeend', '<div role="dialog"><button id="yes">Yes</button></div>')
    document.querySelector<HTMLElement>('#yes')?.focus()
    if (removes) document.querySelector('#b')?.remove()
    document.querySelector('[role=dialog]')?.remove()
    await Promise.resolve()
    vi.advanceTimersByTime(100)
    expect(focused()).toBe(to)
  })

  it.each([
    ['goes to what replaces it, not to its neighbour', '<div class="new"><button>Cancel</button></div>', 'Cancel'],
    [
      'goes to what replaces it, also where that has no button that is on',
      '<div><button disabled>Off</button></div>',
      'Off',
    ],
  ])('%s', async (_, html, to) => {
    button('b')?.focus()
    document.querySelector('#b')?.replaceWith(...fresh(html))
    await Promise.resolve()
    vi.advanceTimersByTime(100)
    expect(focused()).toBe(to)
  })

  it('stays where somebody has put it meanwhile', async () => {
    button('b')?.focus()
    document.querySelector('#b')?.remove()
    await Promise.resolve()
    button('alone')?.focus()
    vi.advanceTimersByTime(100)
    expect(focused()).toBe('alone')
  })

  it('goes on when what has it is switched off', async () => {
    const b = button('b')
    b?.focus()
    if (b) b.disabled = true
    await Promise.resolve()
    vi.advanceTimersByTime(100)
    expect(focused()).not.toBe('b')
  })
})

describe('a page that is opened by its key', () => {
  it('takes the focus to its heading, also when it is drawn later', () => {
    document.body.innerHTML = ''
    focusHeading()
    document.body.innerHTML = '<main><h1>Lab</h1></main>'
    vi.advanceTimersByTime(60)
    expect(focused()).toBe('Lab')
  })
})

describe('a row that comes back', () => {
  it('has the focus, where what brought it back is gone with it', async () => {
    const list = document.querySelector('ul')
    const undo = button('alone')
    undo?.focus()
    const row = document.createElement('li')
    row.dataset['of'] = 'smollm2-135m:Q4_1'
    row.innerHTML = '<p>words</p><button>came back</button>'
    focusRow('smollm2-135m:Q4_1')
    list?.append(row)
    document.querySelector('#alone')?.remove()
    await Promise.resolve()
    vi.advanceTimersByTime(100)
    expect(focused()).toBe('came back')
  })

  it('leaves the focus alone when it is not on this page', () => {
    button('b')?.focus()
    focusRow('another')
    vi.advanceTimersByTime(100)
    expect(focused()).toBe('b')
  })
})
