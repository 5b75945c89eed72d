// Walks through the page, built on its stand-in, as a person would, mostly by keyboard:
// `npm run walk`, or `npm run walk -- WORDS` for those with these words in their name.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { open } from './browser.mjs'

const { browser, url, close } = await open({ viewport: { width: 1280, height: 820 }, reducedMotion: 'reduce' })

const composer = (page) => page.getByRole('textbox', { name: 'Message' })
const button = (page, name) => page.getByRole('button', { name, exact: true })
/** The texts of the messages that are in view. */
const inView = (page) =>
  page.evaluate(() => {
    const view = document.querySelector('[aria-label="Messages"]').getBoundingClientRect()
    return [...document.querySelectorAll('[data-message]')]
      .filter((m) => m.getBoundingClientRect().top < view.bottom && m.getBoundingClientRect().bottom > view.top)
      .map((m) => m.textContent.trim().slice(0, 80))
  })
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
      await page.keyboard.press('Enter')
      await page.getByRole('article', { name: 'You' }).getByText('2 of 2').waitFor()
      await button(page, 'Previous version').first().click()
      await page.getByRole('article', { name: 'You' }).getByText('1 of 2').waitFor()
    },
  ],
  'the field of an edit is in view, also where its message was not': [
    'full',
    async (page) => {
      await page.setViewportSize({ width: 900, height: 600 })
      await page.waitForTimeout(300)
      await composer(page).focus()
      await page.keyboard.press('ArrowUp')
      await page.waitForTimeout(300)
      const field = await page.getByRole('textbox', { name: 'Edit your message' }).boundingBox()
      const view = await page.getByRole('region', { name: 'Messages' }).boundingBox()
      assert.ok(field.y >= view.y && field.y + field.height <= view.y + view.height, JSON.stringify({ field, view }))
    },
  ],
  'what is typed is counted, and what is too long is said before it is sent': [
    'full',
    async (page) => {
      const meter = page.getByRole('button', { name: /^Context used/ })
      await meter.getByText('1,556 of 8,192 tokens', { exact: true }).waitFor()
      await composer(page).fill('word '.repeat(600))
      await meter.getByText(/^about [\d,]+ of 8,192 tokens$/).waitFor()
      await composer(page).fill('word '.repeat(8000))
      await page.getByText(/^This needs about|^With this the chat needs about/).waitFor()
      await page.getByRole('button', { name: /^Use [\d,]+ tokens$/ }).click()
      await gone(page.getByText('the context holds 8,192'))
      await button(page, 'Chat settings changed').waitFor()
    },
  ],
  'a long paste stands beside what is typed, is looked at, taken away by the undo key, changed, and sent': [
    'full',
    async (page) => {
      await composer(page).fill('Sum it up: that')
      await page.keyboard.press('Shift+Control+ArrowLeft')
      const paste = () =>
        composer(page).evaluate((field) => {
          const data = new DataTransfer()
          data.setData('text/plain', Array.from({ length: 3800 }, (_, n) => `Line ${n} of what is pasted.`).join('\n'))
          field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
        })
      await paste()
      const show = page.getByRole('button', { name: 'Show the pasted text: 3,800 lines' })
      await show.waitFor()
      assert.equal(await composer(page).inputValue(), 'Sum it up: ')
      await show.click()
      await page.getByText('Line 99 of what is pasted.').waitFor()
      await composer(page).focus()
      await page.keyboard.press('Control+z')
      await gone(show)
      assert.equal(await composer(page).inputValue(), 'Sum it up: that')
      await button(page, 'Undo').click()
      await show.waitFor()
      await button(page, 'Edit in the message').click()
      await gone(show)
      assert.match(await composer(page).inputValue(), /^Sum it up: that\n\nLine 0 of .*Line 3799 of what is pasted\.$/s)
      await composer(page).fill('')
      await paste()
      await show.waitFor()
      await page.keyboard.press('Backspace')
      await gone(show)
      await composer(page).fill('Sum it up.')
      await paste()
      await page.keyboard.press('Enter')
      await gone(show)
      await page.getByRole('article', { name: 'You' }).last().getByText('Line 3799').waitFor()
    },
  ],
  'chat settings take the focus, close with Escape from anywhere and give it back': [
    'full',
    async (page) => {
      await composer(page).focus()
      await page.keyboard.press('Control+.')
      const panel = page.getByRole('complementary', { name: 'Chat settings' })
      await panel.waitFor()
      assert.ok(await panel.evaluate((e) => e.contains(document.activeElement)))
      await page.keyboard.press('Escape')
      await gone(panel)
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Message')
      await page.keyboard.press('Control+.')
      await composer(page).focus()
      await page.keyboard.press('Escape')
      await gone(panel)
      await page.setViewportSize({ width: 900, height: 600 })
      await page.keyboard.press('Control+.')
      for (let i = 0; i < 30; i++) {
        await page.keyboard.press(i % 3 ? 'Tab' : 'Shift+Tab')
        assert.ok(await panel.evaluate((e) => e.contains(document.activeElement)))
      }
    },
  ],
  'a preset is used, undone, saved and deleted, and the button says that a chat differs': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+.')
      await page.getByPlaceholder('0.8, the default').waitFor()
      await button(page, 'Preset: None').click()
      await page.getByRole('menuitem', { name: /^Precise/ }).click()
      await button(page, 'Preset: Precise').waitFor()
      await button(page, 'Chat settings changed').waitFor()
      await button(page, 'Undo').click()
      await button(page, 'Preset: None').waitFor()
      await page.getByRole('textbox', { name: 'Top-k' }).fill('7')
      await page.keyboard.press('Tab')
      await button(page, 'Preset: None').click()
      await page.getByRole('menuitem', { name: 'Save these settings as…' }).click()
      await page.getByRole('textbox', { name: 'Name of the preset' }).fill('Seven')
      await page.keyboard.press('Enter')
      await button(page, 'Preset: Seven').click()
      await page.getByRole('menuitem', { name: 'Delete “Seven”' }).click()
      await button(page, 'Preset: None').waitFor()
      await button(page, 'Reset all').click()
      assert.equal(await page.getByRole('textbox', { name: 'Top-k' }).inputValue(), '')
    },
  ],
  'a second chat waits for the answer in the first, which can be stopped from there': [
    'streaming',
    async (page) => {
      await composer(page).fill('A long story')
      await page.keyboard.press('Enter')
      await page.getByText('Writing…').waitFor()
      await page.keyboard.press('Control+n')
      await composer(page).fill('A short question')
      await page.keyboard.press('Enter')
      await page.getByText(/^Waiting for the answer in “/).waitFor()
      await button(page, 'Stop that one').click()
      await gone(page.getByText(/^Waiting for the answer in “/))
      await page.getByText('Writing…').waitFor()
    },
  ],
  'a stopped answer goes on where it ended': [
    'full',
    async (page) => {
      await button(page, 'Letter to the landlord').click()
      await page.getByText('You stopped this answer.').waitFor()
      await button(page, 'Continue').click()
      await gone(page.getByText('You stopped this answer.'))
      await page.getByText('the heating in the flat has').waitFor()
      await gone(button(page, 'Stop'))
      assert.equal(await page.getByRole('article', { name: /^Answer/ }).count(), 1)
    },
  ],
  'an answer is tried with another model, and the arrow says who wrote the other': [
    'full',
    async (page) => {
      await button(page, 'Letter to the landlord').click()
      await button(page, 'Try again with another model').click()
      await page.getByRole('menuitem', { name: /Gemma 3 4B/ }).click()
      await page.getByText('2 of 2').waitFor({ timeout: 15_000 })
      await button(page, 'Previous version, by Qwen3 4B Q4_K_M')
        .or(button(page, 'Previous version, by Qwen3 4B'))
        .waitFor()
    },
  ],
  'a damaged model is marked and can’t be chosen, for the chat and for another try': [
    'trouble',
    async (page) => {
      await page.keyboard.press('Control+3')
      await button(page, 'Verify all').click()
      await page.getByRole('alert').getByText('is damaged').waitFor({ timeout: 10_000 })
      await page.keyboard.press('Control+1')
      await button(page, 'Try again with another model').first().click()
      const item = page.getByRole('menuitem', { name: /^Qwen3 4B Damaged/ })
      await item.waitFor()
      assert.equal(await item.getAttribute('aria-disabled'), 'true')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: /^Model:/ }).click()
      const choice = page.getByRole('menuitemradio', { name: /^Qwen3 4B Damaged/ })
      await choice.waitFor()
      assert.equal(await choice.getAttribute('aria-disabled'), 'true')
    },
  ],
  'what an early edit leaves behind is said, and is one press away': [
    'rtl',
    async (page) => {
      await button(page, 'Regenerate').first().click()
      await page.getByText('The messages after it stay in version 1.').waitFor()
      await button(page, 'Stop').waitFor({ state: 'detached', timeout: 15_000 })
      await button(page, 'Show version 1').click()
      await page.getByText('The last paragraph is English again.').waitFor()
    },
  ],
  'an empty chat offers something to begin with, and sends nothing by itself': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+n')
      await page.getByRole('list', { name: 'Ways to begin' }).getByRole('button').first().click()
      assert.match(await composer(page).inputValue(), /^Sum this up/)
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Message')
    },
  ],
  'the title above a chat is changed in place': [
    'full',
    async (page) => {
      await button(page, 'Rename this chat').click()
      await page.keyboard.type('Endless')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Endless' }).waitFor()
      await button(page, 'Rename this chat').click()
      await page.keyboard.type('Nothing')
      await page.keyboard.press('Escape')
      await page.getByRole('heading', { name: 'Endless' }).waitFor()
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
      await page.keyboard.press('Control+3')
      await page.getByRole('heading', { name: 'Library' }).waitFor()
      await page.keyboard.press('/')
      await page.keyboard.type('audit')
      await gone(button(page, 'Names for a bakery'))
      await page.getByRole('button', { name: /^Summary of the 2025 audit/ }).waitFor()
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
  'why a model is picked opens below, and moves nothing above it': [
    'welcome',
    async (page) => {
      const at = async () => (await button(page, 'Start chatting').boundingBox()).y
      const before = await at()
      await button(page, 'Why this one?').click()
      assert.equal(await at(), before)
    },
  ],
  'a message of one long line is edited in a field as tall as it': [
    'full',
    async (page) => {
      await page.keyboard.press('ArrowUp')
      const field = page.getByRole('textbox', { name: 'Edit your message' })
      await field.fill('one very long line '.repeat(60))
      assert.ok((await field.boundingBox()).height > 180)
      await field.fill('one very long line '.repeat(2000))
      assert.ok((await field.boundingBox()).height <= 0.4 * 820)
    },
  ],
  'a narrow header gives its room to the names': [
    'full',
    async (page) => {
      await page.setViewportSize({ width: 640, height: 410 })
      await page.waitForTimeout(300)
      assert.equal(await page.locator('header .idle').isVisible(), false)
    },
  ],
  'at larger text nothing lies over anything, and the names of the library can be read': [
    'full',
    async (page) => {
      // 900 by 600 at 125, 150, 175 and 200%, and 1280 by 820 at 200%.
      for (const [width, height] of [
        [720, 480],
        [600, 400],
        [514, 343],
        [450, 300],
        [640, 410],
      ]) {
        const at = `${width} by ${height}`
        await page.setViewportSize({ width, height })
        await page.keyboard.press('Control+3')
        const heads = page.getByRole('table', { name: 'Models' }).getByRole('columnheader')
        await heads.first().waitFor()
        await page.waitForTimeout(200)
        const widths = await heads.evaluateAll((all) =>
          all.filter((e) => e.offsetWidth).map((e) => [e.innerText, e.clientWidth, e.scrollWidth]),
        )
        assert.ok(widths[0][1] >= 140, `${at}: the names have ${widths[0][1]} pixels`)
        for (const [head, room, needs] of widths) assert.ok(needs <= room, `${at}: ${head} has ${room} of ${needs}`)
        const list = page.locator('.table', { has: page.getByRole('table', { name: 'Models' }) })
        assert.ok(await list.evaluate((e) => e.scrollWidth <= e.clientWidth), `${at}: the library is too wide`)

        await page.keyboard.press('Control+2')
        await page.getByRole('term').first().waitFor()
        const wide = await page
          .locator('.figure')
          .evaluateAll((all) => all.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.innerText))
        assert.deepEqual(wide, [], `${at}: a figure lies over the next`)

        await page.keyboard.press('Control+1')
        await page.keyboard.press('Control+n')
        const send = await button(page, 'Send').boundingBox()
        const meter = await page.getByRole('button', { name: /^Context used/ }).boundingBox()
        assert.ok(meter.x + meter.width <= send.x, `${at}: Send lies over the meter`)
        const form = await page.getByRole('form', { name: 'Message' }).boundingBox()
        for (const chip of await page.getByRole('list', { name: 'Ways to begin' }).getByRole('button').all()) {
          const box = await chip.boundingBox()
          assert.ok(box.y + box.height <= form.y, `${at}: the composer lies over “${await chip.innerText()}”`)
        }
      }
    },
  ],
  'Enter twice presses nothing beside what was pressed': [
    'full',
    async (page) => {
      const focused = () =>
        page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText)
      await button(page, 'Rename this chat').press('Enter')
      await page.keyboard.type('Endless')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Endless' }).waitFor()
      await page.waitForTimeout(200)
      assert.equal(await focused(), 'Rename this chat')
      await page.keyboard.press('Control+2')
      const drives = page.getByRole('table', { name: 'Models' }).getByRole('button', { name: /^Test drive/ })
      await drives.first().press('Enter')
      await page.waitForTimeout(150)
      assert.match(await focused(), /^Cancel/)
      await page.keyboard.press('Enter')
      await page.waitForTimeout(300)
      assert.equal(await page.getByRole('dialog').count(), 0)
      assert.equal(await page.getByText(/^Downloading /).count(), 0)
    },
  ],
  'the form of a comparison says nothing of a file before it is looked at': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+4')
      await button(page, 'New comparison').first().click()
      await page.getByText('Looking at what can be made…').waitFor()
      await page.getByText('Made from the reference and kept').waitFor()
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
      await page.keyboard.press('Control+3')
      await button(page, 'Add a model').click()
      await page.getByRole('menuitem', { name: 'Import a GGUF file…' }).click()
      await page.getByRole('textbox', { name: 'Name' }).fill('Phi 4 mini')
      await page.keyboard.press('Enter')
      await page.getByRole('rowheader', { name: /Phi 4 mini/ }).waitFor({ timeout: 10_000 })
    },
  ],
  'a model is downloaded from Discover, shows its progress in the rail, and says when it is there': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      await page.keyboard.press('/')
      await page.keyboard.type('qwen3 8b')
      await button(page, 'Download Qwen3 8B IQ3_M').click()
      await page.getByText('Downloading Qwen3 8B IQ3_M from registry.ollama.ai.').waitFor()
      await button(page, 'Show').click()
      await page.getByRole('progressbar', { name: 'Download of Qwen3 8B IQ3_M' }).waitFor()
      await page
        .getByRole('navigation')
        .getByRole('button', { name: /^At work: .+, \d+%/ })
        .waitFor()
      await page.getByText('Qwen3 8B IQ3_M is in your library.').waitFor({ timeout: 15_000 })
      await page.getByRole('radio', { name: 'Models' }).click()
      await button(page, 'Chat with Qwen3 8B').waitFor()
    },
  ],
  'a licence of its own is shown and accepted before the download': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+3')
      await button(page, 'Add a model').click()
      await page.getByRole('menuitem', { name: 'Download by name or address…' }).click()
      await page.getByRole('textbox', { name: 'Name or address' }).fill('llama-3.2-3b:Q4_K_M')
      await page.keyboard.press('Enter')
      const dialog = page.getByRole('dialog', { name: 'Download Llama 3.2 3B' })
      await dialog.getByText('Is there a limit on users or revenue?').waitFor()
      assert.equal(await dialog.getByRole('button', { name: /^Download/ }).isDisabled(), true)
      await dialog.getByRole('checkbox').check()
      await dialog.getByRole('button', { name: /^Download/ }).click()
      await page.getByText('Downloading Llama 3.2 3B Instruct Q4_K_M from').waitFor()
    },
  ],
  'a download is paused, goes on, is cancelled and comes back with Undo': [
    'downloads',
    async (page) => {
      await page.keyboard.press('Control+3')
      await page.getByRole('radio', { name: /^Downloads/ }).click()
      await button(page, 'Pause Llama 3.2 3B Q4_K_M').click()
      await button(page, 'Resume Llama 3.2 3B Q4_K_M').click()
      await button(page, 'Cancel Phi-4 mini Q8_0').click()
      await gone(button(page, 'Cancel Phi-4 mini Q8_0'))
      await button(page, 'Undo').click()
      await button(page, 'Resume Phi-4 mini Q8_0').waitFor()
      await button(page, 'Try Gemma 3 12B Q4_K_M again').click()
      await gone(page.getByText('The connection was lost and could not be made again.'))
    },
  ],
  'a removed model comes back with Undo': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+3')
      await button(page, 'More actions for Gemma 3 4B').click()
      await page.getByRole('menuitem', { name: 'Remove' }).click()
      await button(page.getByRole('dialog'), 'Remove').click()
      await gone(button(page, 'Chat with Gemma 3 4B'))
      await button(page, 'Undo').click()
      await button(page, 'Chat with Gemma 3 4B').waitFor()
    },
  ],
  'Hugging Face is searched only when asked, and what is found is planned and driven like any model': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      await page.getByRole('textbox', { name: 'Search models' }).waitFor()
      await page.keyboard.press('/')
      await page.keyboard.type('granite')
      await button(page, 'Search Hugging Face for “granite”').click()
      await button(page, 'Look at granite-4.0-h-tiny-GGUF').click()
      const drawer = page.getByRole('dialog', { name: 'Granite 4.0 H Tiny' })
      await drawer.getByText('not in the catalog').waitFor({ timeout: 10_000 })
      await drawer.getByText('of context fit.').waitFor({ timeout: 10_000 })
      await drawer.getByRole('button', { name: 'Test drive Granite 4.0 H Tiny Q4_K_M' }).click()
      await drawer.getByText('test drive ±4%').first().waitFor({ timeout: 10_000 })
      await drawer.getByRole('radio', { name: 'Q8_0', exact: true }).click()
      await drawer.getByText('has not been read yet').waitFor()
      await drawer.getByRole('button', { name: 'Read it' }).click()
      await gone(drawer.getByText('has not been read yet'))
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+5')
      await page.getByText('You searched for “granite”').waitFor()
    },
  ],
  'nothing at all goes online when the person says so': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+5')
      await page.getByText('Nothing has connected').waitFor()
      await page.getByRole('radio', { name: 'Nothing at all' }).click()
      await page.keyboard.press('Control+2')
      await page.getByRole('radio', { name: 'Hugging Face' }).click()
      await page.getByText('Weightroom is set never to go online.').waitFor()
    },
  ],
  'a model of another app is used without another download': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+3')
      await page.getByRole('radio', { name: 'From other apps' }).click()
      await button(page, 'Use Llama 3.2 3B here').click()
      await page.getByText('Llama 3.2 3B is in your library.').waitFor({ timeout: 10_000 })
      await page.getByText('In your library', { exact: true }).waitFor()
    },
  ],
  'the details of a model say what it is made of': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+3')
      await button(page, 'Details of Qwen3 4B').press('Enter')
      const drawer = page.getByRole('dialog', { name: 'Qwen3 4B Q4_K_M' })
      await drawer.getByRole('img', { name: /^Q4_K: 1\.8 GB, 71%/ }).waitFor()
      await drawer.getByText('Show the template').click()
      await drawer.getByText('<|im_start|>').waitFor()
      await page.keyboard.press('Escape')
      await gone(page.getByRole('dialog'))
    },
  ],
  'the sliders move the advice, and Reset brings it back': [
    'gpu',
    async (page) => {
      await page.keyboard.press('Control+2')
      const tally = page.getByText(/models? fits?\. /)
      const before = await tally.textContent()
      await page.getByRole('slider', { name: 'At least this fast' }).focus()
      for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowRight')
      await page.waitForFunction((was) => !document.body.textContent.includes(was), before)
      await button(page, 'Reset what if').click()
      await page.getByText(before).waitFor()
      // Any speed lets in more than the least wish.
      await page.getByRole('slider', { name: 'At least this fast' }).focus()
      await page.keyboard.press('Home')
      await page.waitForFunction(
        (was) => parseInt(document.body.textContent.match(/(\d+) models fit\. /)[1]) > was,
        parseInt(before),
      )
    },
  ],
  'arrows move through the plot, Enter opens a model, and Escape closes it': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      await page
        .getByRole('group', { name: /^Quality against speed/ })
        .getByRole('button')
        .first()
        .waitFor()
      await page.getByRole('button', { name: /^gpt-oss 20B MXFP4: / }).focus()
      const before = await page.evaluate(() => document.activeElement.getAttribute('aria-label'))
      await page.keyboard.press('ArrowLeft')
      const name = await page.evaluate(() => document.activeElement.getAttribute('aria-label'))
      assert.notEqual(name, before)
      assert.match(name, /: Runs in memory, [\d.]+ [GM]B, writes [\d.]+ t\/s/)
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('Enter')
      await page.getByRole('dialog', { name: 'gpt-oss 20B' }).getByText('work on each token').waitFor()
      await page.keyboard.press('Escape')
      await gone(page.getByRole('dialog'))
    },
  ],
  'a test drive shows its progress and replaces the estimate': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      await page.keyboard.press('/')
      await page.keyboard.type('qwen3 4b')
      const row = page.getByRole('row', { name: /Qwen3 4B/ })
      // What most rows have in common stands above them, not in each.
      await page.getByText(/Unless a tag says otherwise.*estimated ±15%/).waitFor()
      assert.equal(await row.getByText('estimated ±15%').count(), 0)
      await button(page, 'Test drive Qwen3 4B Q3_K_L').click()
      await row.getByRole('progressbar').waitFor()
      await row.getByText('test drive ±4%').last().waitFor({ timeout: 10_000 })
    },
  ],
  'a test drive can be cancelled': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      await button(page, 'Test drive Qwen3 0.6B IQ4_XS').click()
      await button(page, 'Cancel the test drive of Qwen3 0.6B IQ4_XS').click()
      await page.getByText('Test drive cancelled. Nothing is left on disk.').waitFor()
      await button(page, 'Test drive Qwen3 0.6B IQ4_XS').waitFor()
    },
  ],
  'a model that was left out is found with its reason': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      await page.getByRole('textbox', { name: 'Search models' }).waitFor()
      await page.keyboard.press('/')
      await page.keyboard.type('llama 70b')
      await page.getByRole('row', { name: /Llama 3\.3 70B.*Short by [\d.]+ GB/ }).waitFor()
      await page.keyboard.press('Escape')
      await button(page, 'Why not a bigger one?').click()
      await page.getByRole('dialog').getByText('The nearest miss comes first.').waitFor()
      await page
        .getByRole('dialog')
        .getByText(/^Even at Q2_K: it needs [\d.]+ GB\.$/)
        .first()
        .waitFor()
    },
  ],
  'other machines can be compared and chosen': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      await button(page, 'Which machine should I buy?').click()
      await button(page, 'Show what runs on 16 GB MacBook Air').click()
      await page.getByText('Best for chat: 16 GB MacBook Air').waitFor()
      assert.equal(await page.getByRole('button', { name: /^Test drive/ }).count(), 0)
    },
  ],
  'the sums follow each assumption, and say when the machine can’t keep up': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+k')
      await page.keyboard.type('cost')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: /^(Your machine .*|The API is cheaper.*)\.$/ }).waitFor()
      await page.getByText(/Counted from your chats of the last 30 days/).waitFor()
      await page.getByText(/Price of 5 August 2026\. Source: llm-prices, Simon Willison’s list of prices\./).waitFor()
      await page.getByText(/\$41\.67 machine/).waitFor()
      await page.getByRole('textbox', { name: 'Resale value, %' }).fill('20')
      await page.keyboard.press('Enter')
      await page.getByText(/\$33\.33 machine/).waitFor()
      await page.getByRole('textbox', { name: 'Messages a day' }).fill('20,000')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Your machine can’t keep up.' }).waitFor()
      await button(page, 'Back to the defaults').click()
      await gone(page.getByRole('heading', { name: 'Your machine can’t keep up.' }))
      await page.getByText('All prices of APIs, with their dates and sources').click()
      await button(page, 'Use the price of gpt-5.4').click()
      assert.equal(await page.getByRole('textbox', { name: 'Writing, $ per million' }).inputValue(), '15')
      await page.getByText('How much memory do weights take?').click()
      await page.getByText('70B at 16 bits ≈ 140 GB, ≈ 70.0 GB at 8 bits, ≈ 35.0 GB at 4 bits.').waitFor()
      await page.getByText(/^Do models over 30B need enterprise hardware/).click()
      await page.getByText(/of these 7 machines contradict it/).waitFor()
    },
  ],
  'the welcome page shows two choices and why, and comes back from the palette': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+k')
      await page.keyboard.type('welcome')
      await page.keyboard.press('Enter')
      await page
        .getByText(/^\d+ of 100 · (about )?[\d.]+ t\/s · [\d.]+ GB$/)
        .first()
        .waitFor()
      await button(page, 'Why this one?').click()
      await page.getByText(/Quality is out of 100/).waitFor()
      await button(page, 'Skip to the app').click()
      await page.getByRole('textbox', { name: 'Message' }).waitFor()
    },
  ],
  'the switch to Hugging Face stays under the pointer': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      const hub = page.getByRole('radio', { name: 'Hugging Face' })
      const { x } = await hub.boundingBox()
      await hub.click()
      assert.equal((await hub.boundingBox()).x, x)
    },
  ],
  'a column sorts the models by press and by key, and says so': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      const head = page.getByRole('columnheader', { name: 'Download' })
      await button(page, 'Sort by Download').focus()
      await page.keyboard.press('Enter')
      assert.equal(await head.getAttribute('aria-sort'), 'ascending')
      await page.getByText('Smallest download first.').waitFor()
      await button(page, 'Sort by Download').click()
      assert.equal(await head.getAttribute('aria-sort'), 'descending')
      await button(page, 'Back to best first').click()
      assert.equal(await head.getAttribute('aria-sort'), 'none')
    },
  ],
  'a comparison runs, shows where it is, and ends with a verdict; its figures and its report are saved': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+4')
      await button(page, 'New comparison').click()
      await page.getByRole('checkbox', { name: /^Q2_K/ }).check()
      await page.getByText('4 rows. Makes 88.2 MB of new files').waitFor()
      await button(page, 'Compare').click()
      await page.getByRole('progressbar', { name: 'Comparing' }).waitFor()
      // Shown for less than the half second between two looks of waitFor, so each frame is looked at.
      await page.waitForFunction(() => document.body.textContent.includes('Timing Q8_0'), null, { timeout: 15_000 })
      await page.getByRole('region', { name: 'Verdict' }).waitFor({ timeout: 20_000 })
      assert.equal(await page.getByRole('table', { name: 'All figures' }).getByRole('row').count(), 5)
      await button(page, 'More').click()
      await page.getByRole('menuitem', { name: 'Save report' }).click()
      await page.getByText(/Saved as .*\.html/).waitFor()
      await button(page, 'Dismiss').click()
      await button(page, 'More').click()
      await page.getByRole('menuitem', { name: 'Export as llama-bench table…' }).click()
      await page.getByText(/Saved as .*\.txt/).waitFor()
    },
  ],
  'a report is one file: plots and figures in it, no script, nothing fetched, and it prints': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+4')
      await button(page, 'More').click()
      await page.getByRole('menuitem', { name: 'Save report' }).click()
      await page.getByText(/Saved as .*\.html/).waitFor()
      const html = await page.evaluate(() => sessionStorage.getItem('weightroom.report'))
      assert.doesNotMatch(html, /<script|javascript:|https?:\/\/(?!www\.w3\.org)|url\(|@import|svelte-/)
      const context = await browser.browser().newContext({ offline: true })
      const report = await context.newPage()
      const asked = []
      report.on('request', (r) => asked.push(r.url()))
      await report.setContent(html)
      assert.deepEqual(asked, [])
      assert.equal(await report.locator('svg').count(), 6)
      assert.equal(await report.getByRole('table', { name: 'All figures' }).getByRole('row').count(), 8)
      await report.getByText('Use Q4_K_M.').waitFor()
      const colour = await report
        .locator('.plot .pick .mark')
        .first()
        .evaluate((e) => getComputedStyle(e).fill)
      assert.equal(colour, 'rgb(194, 65, 12)')
      const pdf = await report.pdf({ preferCSSPageSize: true })
      const pages = pdf.toString('latin1').match(/\/Type\s*\/Page[^s]/g).length
      assert.ok(pages >= 1 && pages <= 3, `${pages} pages`)
      if (process.env.REPORT) {
        await writeFile(`${process.env.REPORT}.pdf`, pdf)
        await writeFile(`${process.env.REPORT}.html`, html)
        await report.screenshot({ path: `${process.env.REPORT}.png`, fullPage: true })
      }
      await context.close()
    },
  ],
  'a comparison that is stopped keeps its finished rows': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+4')
      await button(page, 'New comparison').click()
      await page.waitForTimeout(200)
      await button(page, 'Compare').click()
      await page.getByRole('listitem').filter({ hasText: 'F16 done' }).waitFor({ timeout: 10_000 })
      await button(page, 'Stop').click()
      await page.getByText('This comparison was cancelled').waitFor()
      await page.getByRole('row', { name: /F16 271 MB .* 76\.2/ }).waitFor()
      await page.getByRole('row').filter({ hasText: 'cancelled' }).first().waitFor()
    },
  ],
  'the table of the lab sorts, and the plot is walked with arrows': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+4')
      await button(page, 'Sort by KL divergence').click()
      const first = page.getByRole('table', { name: 'All figures' }).getByRole('row').nth(1)
      await first.getByText('F16').waitFor()
      await button(page, 'Sort by KL divergence').click()
      await first.getByText('Q2_K').waitFor()
      const point = page.getByRole('img', { name: /^Q4_K_M, same/ })
      await point.focus()
      await page.keyboard.press('ArrowRight')
      const name = await page.evaluate(() => document.activeElement.getAttribute('aria-label'))
      assert.match(name, /^Q2_K, same top token 65.6%/)
    },
  ],
  'a blind test is taken by keyboard, tells nothing before its end, and is continued later': [
    'gpu',
    async (page) => {
      const names = /F16|Q4_K_M|Q8_0|SmolLM|smollm|Qwen|t\/s/
      // What a person could see, hear, or find with the inspector: words, names, titles, any attribute at all.
      const told = async () => {
        const main = page.getByRole('main')
        return `${await main.innerHTML()} ${await main.ariaSnapshot()} ${await page.title()}`
      }
      await page.keyboard.press('Control+4')
      await page.getByRole('radio', { name: 'Blind test' }).click()
      await button(page, 'Begin').click()
      for (const key of ['1', '2', 't', '0']) {
        await button(page, 'Get the answers').click()
        await page.getByText('The answers are being written').waitFor()
        assert.doesNotMatch(await told(), names)
        await page.getByRole('article', { name: 'Answer 2' }).waitFor()
        await button(page, 'Answer 1 is better').waitFor()
        await page.locator('[aria-busy=true]').waitFor({ state: 'detached' })
        assert.doesNotMatch(await told(), names)
        await page.keyboard.press(key)
        await button(page, 'Get the answers').waitFor()
        assert.doesNotMatch(await told(), names)
      }
      await page.getByText('4 of at most 40 rounds, 2 ties').waitFor()
      await button(page, 'All tests').click()
      await button(page, 'Continue').click()
      await page.getByRole('img', { name: /^After 4 rounds/ }).waitFor()
      await button(page, 'End and reveal').click()
      await page.getByRole('dialog').getByRole('button', { name: 'End and reveal' }).click()
      await page
        .getByText(/in 4 rounds/)
        .first()
        .waitFor()
      assert.match(await told(), /F16/)
      await button(page, 'See what the advisor says now').click()
      await page.getByRole('heading', { name: 'Discover' }).waitFor()
    },
  ],
  'a prompt goes to two models, and the differences are marked': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+4')
      await page.getByRole('radio', { name: 'Side by side' }).click()
      await page.getByRole('checkbox', { name: /SmolLM2 135M F16/ }).check()
      await page.getByRole('checkbox', { name: /SmolLM2 135M Q8_0/ }).check()
      await page.getByRole('textbox', { name: 'Prompt' }).fill('Tell me about a lighthouse keeper.')
      await page.keyboard.press('Control+Enter')
      await page.getByText('One after another:').waitFor()
      await page.getByText(/114 t\/s/).waitFor({ timeout: 20_000 })
      const second = page.getByRole('article', { name: 'SmolLM2 135M Q8_0' })
      assert.equal(await second.locator('mark').first().innerText(), 'hundred')
      assert.equal(await second.locator('del').first().innerText(), 'ninety-one')
      await page.getByRole('checkbox', { name: 'Use Pirate' }).check()
      await button(page, 'Create model with adapter').click()
      await page.getByText('is in the library, and here beside its base').waitFor()
      await page.getByRole('checkbox', { name: /with Pirate/ }).waitFor()
    },
  ],
  'a long chat draws what is in view, opens at its end, and keeps its place while another page is shown': [
    'long',
    async (page) => {
      await page.getByText('Answer 149.').waitFor()
      assert.ok((await page.locator('[data-message]').count()) < 30)
      assert.equal(await page.getByRole('article').last().getAttribute('aria-setsize'), '300')
      assert.equal(await button(page, 'Jump to latest').count(), 0)
      const messages = page.getByRole('region', { name: 'Messages' })
      await messages.hover()
      for (let n = 0; n < 40; n++) {
        await page.mouse.wheel(0, -400)
        await page.waitForTimeout(16)
      }
      await button(page, 'Jump to latest').waitFor()
      await page.waitForTimeout(300)
      const seen = await inView(page)
      assert.ok(seen.length > 0)
      await page.keyboard.press('Control+5')
      await page.getByRole('heading', { name: 'This machine' }).waitFor()
      await page.keyboard.press('Control+1')
      await page.waitForTimeout(200)
      assert.deepEqual(await inView(page), seen)
      await button(page, 'Jump to latest').click()
      await page.getByText('Answer 149.').waitFor()
    },
  ],
  'a chat that does not scroll has nothing below': [
    'long',
    async (page) => {
      await button(page, 'An everyday matter 0').click()
      await page.getByText('All of it, please.').waitFor()
      await page.getByRole('region', { name: 'Messages' }).hover()
      await page.mouse.wheel(0, -300)
      await page.waitForTimeout(300)
      assert.equal(await button(page, 'Jump to latest').count(), 0)
    },
  ],
  'a very long answer and a very long program are drawn in parts': [
    'long',
    async (page) => {
      await button(page, 'A long story').click()
      await page.getByText('Part 219').waitFor()
      assert.ok((await page.locator('.markdown .block').count()) < 120)
      await button(page, 'A long program').click()
      await page.getByText('lamp_2399 ').waitFor()
      assert.ok((await page.locator('.code .lines').count()) < 12)
      await page.waitForTimeout(300)
      assert.equal(await button(page, 'Jump to latest').count(), 0)
    },
  ],
  'a version is switched under the pointer, back and forth': [
    'long',
    async (page) => {
      await page.keyboard.press('Control+f')
      await page.keyboard.type('Question 100 about')
      await page.getByText('Answer 100.').waitFor()
      await page.keyboard.press('Escape')
      const previous = page.getByRole('button', { name: /^Previous version/ })
      const before = await previous.boundingBox()
      await previous.click()
      await page.getByText('Another answer 100').waitFor()
      await page.waitForTimeout(200)
      const next = page.getByRole('button', { name: /^Next version/ })
      const there = await next.boundingBox()
      assert.ok(Math.abs(there.y - before.y) < 3, `from ${before.y} to ${there.y}`)
      await next.click()
      await page.getByText('Answer 100. The lamp').waitFor()
      await page.waitForTimeout(200)
      const after = await page.getByRole('button', { name: /^Previous version/ }).boundingBox()
      assert.ok(Math.abs(after.y - before.y) < 3, `back at ${before.y}, not ${after.y}`)
    },
  ],
  'words are found where nothing is drawn yet, one after the other': [
    'long',
    async (page) => {
      await page.getByText('Answer 149.').waitFor()
      await page.keyboard.press('Control+f')
      await page.keyboard.type('question 7 ABOUT')
      await page.getByText('1 of 1', { exact: true }).waitFor()
      await page.getByText('Question 7 about the lighthouse?').waitFor()
      assert.ok((await inView(page)).some((text) => text.includes('Question 7 about')))
      await page.getByRole('textbox', { name: 'Find in this chat' }).fill('Answer 14')
      await page.getByText(/^\d+ of 11$/).waitFor()
      const first = await page.getByText(/^\d+ of 11$/).innerText()
      await page.keyboard.press('Enter')
      assert.notEqual(await page.getByText(/^\d+ of 11$/).innerText(), first)
      await page.keyboard.press('Shift+Enter')
      assert.equal(await page.getByText(/^\d+ of 11$/).innerText(), first)
      await page.getByRole('textbox', { name: 'Find in this chat' }).fill('no such words')
      await page.getByText('Nothing found').waitFor()
      await page.keyboard.press('Escape')
      await gone(page.getByRole('search', { name: 'Find in this chat' }))
    },
  ],
  'a search shows the words in their place, and leads there by keys alone': [
    'long',
    async (page) => {
      await page.getByText('Answer 149.').waitFor()
      await page.keyboard.press('Tab')
      await page.locator('body').press('/')
      await page.getByRole('searchbox', { name: 'Search chats' }).fill('question 77')
      await page.locator('mark', { hasText: 'Question' }).first().waitFor()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowUp')
      assert.ok(
        await page.getByRole('searchbox', { name: 'Search chats' }).evaluate((e) => e === document.activeElement),
      )
      await page.keyboard.press('Enter')
      await page.getByRole('region', { name: 'Messages' }).getByText('Question 77 about').waitFor()
      await page.waitForTimeout(200)
      assert.ok((await inView(page)).some((text) => text.includes('Question 77 about')))
    },
  ],
  'a chat opened from the palette is shown in the list, which draws what is in view': [
    'long',
    async (page) => {
      await page.getByText('Answer 149.').waitFor()
      assert.ok((await page.locator('[data-chat]').count()) < 90)
      await page.keyboard.press('Control+k')
      await page.keyboard.type('everyday matter 199')
      await page.getByRole('option', { name: /everyday matter 199/ }).waitFor()
      await page.keyboard.press('Enter')
      await gone(page.getByRole('dialog'))
      const row = page.locator('[data-chat=short199]')
      await row.waitFor()
      const box = await row.boundingBox()
      assert.ok(box.y > 90 && box.y < 780, `the row is at ${box.y}`)
      await row.getByRole('button').first().focus()
      await page.keyboard.press('End')
      await page.waitForTimeout(100)
      assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'An everyday matter 219')
    },
  ],
  'where two models have answered, each answer says which': [
    'long',
    async (page) => {
      await page.getByText('Answer 149.').waitFor()
      await page.locator('[data-message] .by').last().waitFor()
      await button(page, 'A long story').click()
      await page.getByText('Part 219').waitFor()
      assert.equal(await page.locator('[data-message] .by').count(), 0)
    },
  ],
  'Tab reaches every control of each page, in view and with its focus seen': [
    'full',
    async (page) => {
      for (const keys of ['Control+2', 'Control+3', 'Control+4', 'Control+5', 'Control+,']) {
        await page.keyboard.press(keys)
        await page.waitForTimeout(400)
        // What a group of choices, a plot or a list hands on by arrows has one stop.
        const all = await page.evaluate(() => {
          const can = 'main :is(a[href], button, input, textarea, select, summary, [tabindex])'
          const stops = [...document.querySelectorAll(can)].filter(
            (e) =>
              e.tabIndex >= 0 && !e.disabled && e.type !== 'radio' && e.checkVisibility({ visibilityProperty: true }),
          )
          stops.forEach((e, i) => (e.dataset.stop = i))
          return stops.map((e) => e.getAttribute('aria-label') ?? e.textContent.trim().slice(0, 40))
        })
        const reached = new Set()
        for (let i = 0; i < all.length + 20; i++) {
          await page.keyboard.press('Tab')
          const at = await page.evaluate(() => {
            const e = document.activeElement
            const box = e.getBoundingClientRect()
            // A point of a plot is drawn larger, and its figures are shown.
            const seen =
              e.closest('svg') ||
              [e, e.parentElement, e.parentElement?.parentElement].some(
                (part) => part && getComputedStyle(part).outlineStyle !== 'none',
              )
            const inView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
            return {
              stop: e.dataset.stop,
              name: e.getAttribute('aria-label') ?? e.textContent.trim().slice(0, 40),
              seen,
              inView,
            }
          })
          if (at.stop === undefined) continue
          reached.add(Number(at.stop))
          assert.ok(at.seen, `${keys}: the focus of “${at.name}” is not seen`)
          assert.ok(at.inView, `${keys}: “${at.name}” is out of view`)
        }
        const missed = all.filter((_, i) => !reached.has(i))
        assert.deepEqual(missed, [], `${keys}: not reached by Tab`)
      }
    },
  ],
  'the title of a chat has room beside its settings': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+.')
      await page.getByRole('complementary', { name: 'Chat settings' }).waitFor()
      const title = page.getByRole('heading', { name: 'Why does my loop never end?', level: 1 })
      assert.ok(await title.evaluate((e) => e.scrollWidth <= e.clientWidth))
    },
  ],
  'the head of a long table stays below the page’s, and no licence makes a row tall': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      for (const [width, height] of [
        [1280, 820],
        [900, 600],
      ]) {
        await page.setViewportSize({ width, height })
        const table = page.getByRole('table', { name: 'Models' })
        await table.getByRole('row').nth(18).scrollIntoViewIfNeeded()
        const head = await table.getByRole('columnheader', { name: 'Model' }).boundingBox()
        const page1 = await page.locator('main:not([hidden] *) header').first().boundingBox()
        assert.ok(Math.abs(head.y - page1.y - page1.height) < 2, `${width}: ${head.y}, ${page1.y + page1.height}`)
        const rows = await table.getByRole('row').evaluateAll((all) => all.map((r) => r.offsetHeight))
        assert.ok(Math.max(...rows) < 100, `${width}: ${rows}`)
        await page.locator('main.page').evaluate((e) => e.scrollTo(0, 0))
      }
    },
  ],
  'a press that leaves a page takes the focus to the next one': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+2')
      await button(page, 'Cost calculator').press('Enter')
      await page.getByRole('heading', { name: 'Cost calculator', level: 1 }).waitFor()
      await page.waitForFunction(() => document.activeElement?.textContent === 'Cost calculator')
      assert.equal(await page.getByRole('tooltip').count(), 0)
      await page.keyboard.press('Control+4')
      await button(page, 'New comparison').press('Enter')
      await page.waitForTimeout(300)
      await button(page, 'Compare').press('Enter')
      await page.waitForFunction(() => document.activeElement?.tagName === 'H1')
    },
  ],
  'a chat that is deleted leaves the focus to the next one': [
    'full',
    async (page) => {
      await button(page, 'Letter to the landlord').press('Delete')
      await button(page, 'Undo').waitFor()
      await page.waitForFunction(() => document.activeElement?.textContent.trim() === 'Summary of the 2025 audit')
    },
  ],
  'a model that its menu removes leaves the focus to the next one': [
    'full',
    async (page) => {
      await page.getByRole('navigation').getByRole('button', { name: 'Library', exact: true }).click()
      await button(page, 'More actions for Gemma 3 4B').click()
      await page.getByRole('menuitem', { name: 'Remove', exact: true }).click()
      await button(page.getByRole('dialog'), 'Remove').click()
      await page.waitForFunction(() => document.activeElement?.textContent === 'SmolLM2 135M')
    },
  ],
  'every control has a name, in every situation': [
    'full',
    async (page) => {
      const source = await readFile(new URL('../src/bridge/fake/scenes/scene.ts', import.meta.url), 'utf8')
      const scenes = [...source.matchAll(/^ {2}'(\w+)',$/gm)].map((m) => m[1])
      assert.ok(scenes.length > 10)
      for (const scene of scenes) {
        await page.goto(`${url}/?scene=${scene}`)
        await page.getByRole('navigation').waitFor()
        for (const keys of ['Control+1', 'Control+2', 'Control+3', 'Control+4', 'Control+5', 'Control+,']) {
          await page.keyboard.press(keys)
          await page.waitForTimeout(200)
          const nameless = (await page.locator('body').ariaSnapshot())
            .split('\n')
            .filter((l) => /- (button|textbox|combobox|radio|switch|link|menuitem)( \[.*\])?:?$/.test(l))
          assert.deepEqual(nameless, [], `nameless in ${scene} after ${keys}`)
        }
      }
    },
  ],
  'the details of a model say which of its quants fit, and offer no test drive of what does not': [
    'full',
    async (page) => {
      await page.getByRole('navigation').getByRole('button', { name: 'Discover', exact: true }).click()
      await page
        .getByRole('button', { name: /^Details of Qwen3 8B/ })
        .first()
        .click()
      const row = (quant) => page.getByRole('row', { name: new RegExp(`^${quant} `) })
      await row('IQ3_M').getByText('Runs in memory').waitFor()
      await button(row('IQ3_M'), 'Test drive Qwen3 8B IQ3_M').waitFor()
      await row('F16').getByText('Too slow').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('radio', { name: /^Left out/ }).click()
      await page
        .getByRole('button', { name: /^Details of DeepSeek-R1 671B/ })
        .first()
        .click()
      await row('Q2_K')
        .getByText(/^Short by/)
        .waitFor()
      assert.equal(
        await page
          .getByRole('dialog')
          .getByRole('button', { name: /^Test drive/ })
          .count(),
        0,
      )
    },
  ],
  'settings take effect and every control has a name': [
    'full',
    async (page) => {
      await page.keyboard.press('Control+,')
      await page.getByRole('radio', { name: 'Dark' }).click()
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
      for (const keys of ['Control+1', 'Control+2', 'Control+3', 'Control+4', 'Control+5', 'Control+,']) {
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

const only = process.argv[2] ?? ''
let failed = 0
for (const [name, [scene, walk]] of Object.entries(walks)) {
  if (!name.includes(only)) continue
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
