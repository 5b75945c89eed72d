// Walks through the built page as a person would, mostly by keyboard: `npm run walk`. Run `npm run build` first.
import assert from 'node:assert/strict'
import { open } from './browser.mjs'

const { browser, url, close } = await open({ viewport: { width: 1280, height: 820 }, reducedMotion: 'reduce' })

const composer = (page) => page.getByRole('textbox', { name: 'Message' })
const button = (page, name) => page.getByRole('button', { name, exact: true })
const gone = (locator) => locator.waitFor({ state: 'detached' })

/** name: [scene, walk] */
const walks = {
  'a message is sent with Enter, streams, and ends with its figures': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+n')
      await page.keyboard.type('Why never?')
      await page.keyboard.press('Enter')
      await button(page, 'Stop').waitFor()
      await page.getByText('24.6 t/s').waitFor({ timeout: 15_000 })
      assert.equal(await composer(page).inputValue(), '')
      await button(page, 'Why never?').waitFor()
    },
  ],
  'Escape stops the answer and keeps what was written': [
    'streaming',
    async (page) => {
      await composer(page).fill('Go on')
      await page.keyboard.press('Enter')
      await page.getByText('Writing…').waitFor()
      await page.waitForTimeout(600)
      await page.keyboard.press('Escape')
      await page.getByText('You stopped this answer.').waitFor()
    },
  ],
  'Up edits the last message, and the edit is a branch': [
    'full',
    async (page) => {
      await page.keyboard.press('ArrowUp')
      await page.getByRole('textbox', { name: 'Edit your message' }).fill('Another question')
      await page.keyboard.press('Control+Enter')
      await page.getByRole('article', { name: 'You' }).getByText('2 of 2').waitFor()
      await button(page, 'Previous version').first().click()
      await page.getByRole('article', { name: 'You' }).getByText('1 of 2').waitFor()
    },
  ],
  'a deleted chat comes back with Undo': [
    'full',
    async (page) => {
      await button(page, 'Letter to the landlord').focus()
      await page.keyboard.press('Delete')
      await gone(button(page, 'Letter to the landlord'))
      await button(page, 'Undo').click()
      await button(page, 'Letter to the landlord').waitFor()
    },
  ],
  'F2 renames in place, and Escape leaves the title as it was': [
    'full',
    async (page) => {
      await button(page, 'Names for a bakery').focus()
      await page.keyboard.press('F2')
      await page.keyboard.type('Bakery')
      await page.keyboard.press('Enter')
      await button(page, 'Bakery').waitFor()
      await page.keyboard.press('F2')
      await page.keyboard.type('Nothing')
      await page.keyboard.press('Escape')
      await button(page, 'Bakery').waitFor()
    },
  ],
  'arrows move through the list, and its menu pins a chat': [
    'full',
    async (page) => {
      await button(page, 'Why does my loop never end?').focus()
      await page.keyboard.press('ArrowDown')
      assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Letter to the landlord')
      await button(page, 'Actions for Letter to the landlord').click()
      await page.getByRole('menuitem', { name: 'Pin' }).click()
      await page.getByRole('region', { name: 'Pinned' }).getByText('Letter to the landlord').waitFor()
    },
  ],
  'the palette finds a chat by its words and a command by its name': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+k')
      await page.keyboard.type('norway')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Packing list, Norway in March' }).waitFor()
      await page.keyboard.press('Control+k')
      await page.keyboard.type('go to mach')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'This machine' }).waitFor()
    },
  ],
  'numbers change the page, and / goes to the search': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      await page.getByRole('heading', { name: 'Library' }).waitFor()
      await page.keyboard.press('/')
      await page.keyboard.type('audit')
      await gone(button(page, 'Names for a bakery'))
      await button(page, 'Summary of the 2025 audit').waitFor()
    },
  ],
  'a link is shown in full before it opens, and nothing navigates': [
    'math',
    async (page) => {
      await page.getByRole('link', { name: 'NumPy manual' }).press('Enter')
      await page.getByText('https://numpy.org/doc/stable/reference/generated/numpy.linalg.eig.html').waitFor()
      await page.keyboard.press('Escape')
      await gone(page.getByRole('dialog'))
      await page.getByRole('link', { name: 'NumPy manual' }).click({ button: 'middle' })
      assert.equal(browser.pages().length, 1)
    },
  ],
  'a fresh start chats in one click': [
    'welcome',
    async (page) => {
      await button(page, 'Start chatting').click()
      await composer(page).waitFor({ timeout: 10_000 })
      await page.keyboard.type('Hello')
      await page.keyboard.press('Enter')
      await page.getByText('24.6 t/s').waitFor({ timeout: 15_000 })
    },
  ],
  'without a model the composer says why and offers one': [
    'empty',
    async (page) => {
      await page.getByRole('form', { name: 'Message' }).getByText('Add a model first').waitFor()
      await button(page, 'Add SmolLM2 135M, 98.4 MB').click()
      await page.getByRole('heading', { name: 'What shall we work on?' }).waitFor({ timeout: 10_000 })
    },
  ],
  'a draft is there when its chat is opened again': [
    'full',
    async (page) => {
      await composer(page).fill('half a thought')
      await button(page, 'Names for a bakery').click()
      await page.getByRole('heading', { name: 'Names for a bakery' }).waitFor()
      assert.equal(await composer(page).inputValue(), '')
      await button(page, 'Why does my loop never end?').click()
      await page.waitForFunction(() => document.querySelector('form textarea').value === 'half a thought')
    },
  ],
  'scrolling up while it writes stops following, and a button jumps back': [
    'streaming',
    async (page) => {
      await page.setViewportSize({ width: 900, height: 600 })
      await composer(page).fill('Go on')
      await page.keyboard.press('Enter')
      await page.getByText('Writing…').waitFor()
      await page.getByRole('region', { name: 'Messages' }).hover()
      await page.mouse.wheel(0, -300)
      await button(page, 'Jump to latest').click()
      await gone(button(page, 'Jump to latest'))
    },
  ],
  'an engine that fails says so inside the message': [
    'noengine',
    async (page) => {
      await composer(page).fill('Hello?')
      await page.keyboard.press('Enter')
      await page.getByText('The engine is not running.').waitFor()
      await button(page, 'Try again').waitFor()
    },
  ],
  'a file is imported under a name': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      await button(page, 'Import a GGUF file').click()
      await button(page, 'Choose a file').click()
      await page.getByRole('textbox', { name: 'Name' }).fill('Phi 4 mini')
      await page.keyboard.press('Enter')
      await page.getByRole('rowheader', { name: /Phi 4 mini/ }).waitFor({ timeout: 10_000 })
    },
  ],
  'settings take effect and every control has a name': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+,')
      await page.getByRole('radio', { name: 'Dark' }).click()
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
      for (const keys of ['Control+1', 'Control+2', 'Control+3', 'Control+,']) {
        await page.keyboard.press(keys)
        await page.waitForTimeout(200)
        const tree = await page.locator('body').ariaSnapshot()
        const nameless = tree
          .split('\n')
          .filter((l) => /- (button|textbox|combobox|radio|switch|link)( \[.*\])?:?$/.test(l))
        assert.deepEqual(nameless, [], `nameless after ${keys}`)
      }
    },
  ],
}

let failed = 0
for (const [name, [scene, walk]] of Object.entries(walks)) {
  for (const old of browser.pages().slice(1)) await old.close()
  const page = browser.pages()[0] ?? (await browser.newPage())
  const errors = []
  const note = (e) => errors.push(e.message ?? e.text())
  const log = (m) => m.type() === 'error' && note(m)
  page.on('pageerror', note)
  page.on('console', log)
  try {
    await page.setViewportSize({ width: 1280, height: 820 })
    await page.goto(`${url}/?scene=${scene}`)
    await page.evaluate(() => localStorage.clear())
    await page.reload()
    await page.getByRole('navigation').waitFor()
    await page.waitForTimeout(400)
    await walk(page)
    assert.deepEqual(errors, [])
    console.log(`ok    ${name}`)
  } catch (error) {
    failed++
    console.log(`FAIL  ${name}\n      ${error.message.split('\n').slice(0, 6).join('\n      ')}`)
  }
  page.off('pageerror', note)
  page.off('console', log)
}
await close()
process.exit(failed ? 1 : 0)
