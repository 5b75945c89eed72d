// Pictures of every page and situation, in both themes and at each size: `npm run screens -- FOLDER [NAME… THEME… SIZE…]`.
// The page is built on its stand-in and served on loopback.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { open } from './browser.mjs'

const themes = ['light', 'dark']
const sizes = {
  large: [1280, 820],
  small: [900, 600],
  // The large window with its text at 150%: the window zooms, so the page has two thirds of the room.
  zoomed: [853, 547],
  // The small window with its text at 200%.
  doubled: [450, 300],
}

const [folder, ...only] = process.argv.slice(2)
if (!folder) {
  console.error('Usage: npm run screens -- FOLDER [NAME… light|dark large|small|zoomed|doubled]')
  process.exit(2)
}

const rail = (name) => (page) => page.getByRole('navigation').getByRole('button', { name, exact: true }).click()
const press = (name) => (page) => page.getByRole('button', { name, exact: true }).first().click()

const item = (name) => (page) => page.getByRole('menuitem', { name, exact: true }).click()
const tab = (name) => (page) => page.getByRole('radiogroup', { name: 'Show' }).getByRole('radio', { name }).click()
const named = (ref) => [
  rail('Library'),
  press('Add a model'),
  item('Download by name or address…'),
  (page) => page.getByRole('textbox', { name: 'Name or address' }).fill(ref),
  (page) => page.keyboard.press('Enter'),
  (page) => page.waitForTimeout(900),
]
const search = (words) => [
  (page) => page.getByRole('radio', { name: 'Hugging Face' }).click(),
  (page) => page.getByRole('textbox', { name: 'Words, a name or an address' }).fill(words),
  (page) => page.keyboard.press('Enter'),
  (page) => page.waitForTimeout(900),
]

/** name: [scene, steps to take once it is drawn…] */
const pictures = {
  welcome: ['welcome'],
  chat: ['full'],
  'chat-math': ['math'],
  'chat-rtl': ['rtl'],
  'chat-rtl-top': ['rtl', (page) => page.getByRole('region', { name: 'Messages' }).evaluate((e) => e.scrollTo(0, 0))],
  'chat-empty': ['empty'],
  'chat-new': ['full', (page) => page.keyboard.press('Control+n')],
  'chat-failed': ['failed'],
  'chat-noroom': ['noroom'],
  'chat-streaming': [
    'streaming',
    async (page) => {
      await page.getByRole('textbox', { name: 'Message' }).fill('And as a `while` loop?')
      await page.keyboard.press('Enter')
      await page.waitForTimeout(3500)
    },
  ],
  'chat-loading': [
    'loading',
    async (page) => {
      await page.getByRole('textbox', { name: 'Message' }).fill('And as a `while` loop?')
      await page.keyboard.press('Enter')
      await page.waitForTimeout(2500)
    },
  ],
  'chat-settings': ['full', (page) => page.keyboard.press('Control+.')],
  'chat-too-long': [
    'full',
    (page) => page.getByRole('textbox', { name: 'Message' }).fill('A whole book, word by word. '.repeat(2000)),
  ],
  'chat-waiting': [
    'streaming',
    async (page) => {
      await page.getByRole('textbox', { name: 'Message' }).fill('A long story')
      await page.keyboard.press('Enter')
      await page.waitForTimeout(1500)
      await page.keyboard.press('Control+n')
      await page.getByRole('textbox', { name: 'Message' }).fill('A short question')
      await page.keyboard.press('Enter')
      await page.waitForTimeout(600)
    },
  ],
  'chat-try': ['full', press('Try again with another model')],
  'chat-picker': ['full', (page) => page.getByRole('button', { name: /^Model:/ }).click()],
  'chat-template': [
    'full',
    rail('Library'),
    press('Chat with Notes, second try'),
    (page) => page.getByText('has no chat template').waitFor(),
  ],
  'chat-menu': [
    'full',
    async (page) => {
      if (page.viewportSize().width < 1000) await page.keyboard.press('Control+b')
      await page.getByRole('button', { name: 'Letter to the landlord', exact: true }).click({ button: 'right' })
    },
  ],
  'chat-long': ['long'],
  'chat-find': [
    'long',
    (page) => page.keyboard.press('Control+f'),
    (page) => page.keyboard.type('keeper wrote'),
    (page) => page.waitForTimeout(300),
  ],
  'chat-search': [
    'long',
    async (page) => {
      if (page.viewportSize().width < 1000) await page.keyboard.press('Control+b')
      await page.getByRole('searchbox', { name: 'Search chats' }).fill('lamp glass')
      await page.waitForTimeout(300)
    },
  ],
  'palette-search': [
    'long',
    (page) => page.keyboard.press('Control+k'),
    (page) => page.keyboard.type('question 42'),
    (page) => page.waitForTimeout(300),
  ],
  'chat-trash': [
    'full',
    async (page) => {
      if (page.viewportSize().width < 1000) await page.keyboard.press('Control+b')
      await page.getByRole('button', { name: 'Letter to the landlord', exact: true }).focus()
      await page.keyboard.press('Delete')
      await page.getByRole('button', { name: 'Trash', exact: true }).click()
    },
  ],
  'chat-edit': ['full', (page) => page.keyboard.press('ArrowUp')],
  'chat-link': ['math', (page) => page.getByRole('link', { name: 'NumPy manual' }).click()],
  palette: ['full', (page) => page.keyboard.press('Control+k')],
  discover: ['full', rail('Discover')],
  'discover-gpu': ['gpu', rail('Discover'), (page) => page.waitForTimeout(1800)],
  'discover-new': ['empty', rail('Discover')],
  'discover-small': ['trouble', rail('Discover')],
  'discover-plot': [
    'gpu',
    rail('Discover'),
    (page) => page.getByRole('button', { name: /^gpt-oss 20B MXFP4:/ }).hover(),
  ],
  'discover-what-if': [
    'gpu',
    rail('Discover'),
    (page) => page.getByRole('slider', { name: 'Context' }).fill('12'),
    (page) => page.getByRole('slider', { name: 'At least this fast' }).fill('3'),
    (page) => page.waitForTimeout(400),
    (page) => page.getByRole('radio', { name: 'Half' }).click(),
    (page) => page.getByRole('table', { name: 'Models' }).scrollIntoViewIfNeeded(),
    (page) => page.getByRole('heading', { name: 'What if' }).scrollIntoViewIfNeeded(),
  ],
  'discover-memory': [
    'gpu',
    rail('Discover'),
    (page) => page.getByRole('radio', { name: 'Memory', exact: true }).click(),
  ],
  'discover-sorted': [
    'gpu',
    rail('Discover'),
    press('Sort by Download'),
    (page) => page.getByRole('table', { name: 'Models' }).scrollIntoViewIfNeeded(),
  ],
  'welcome-why': ['welcome', press('Why this one?')],
  'discover-none': [
    'trouble',
    rail('Discover'),
    (page) => page.getByRole('slider', { name: 'At least this fast' }).fill('15'),
    (page) => page.getByRole('slider', { name: 'Context' }).fill('18'),
    (page) => page.getByRole('main').evaluate((e) => e.scrollTo(0, 0)),
  ],
  'discover-table': [
    'gpu',
    rail('Discover'),
    (page) =>
      page
        .getByRole('table', { name: 'Models' })
        .getByRole('button', { name: /^Test drive/ })
        .nth(2)
        .click(),
    (page) => page.waitForTimeout(1500),
  ],
  'discover-out': ['full', rail('Discover'), (page) => page.getByRole('radio', { name: /^Left out/ }).click()],
  'discover-search': [
    'full',
    rail('Discover'),
    (page) => page.keyboard.press('/'),
    (page) => page.keyboard.type('llama'),
    (page) => page.getByRole('table', { name: 'Models' }).scrollIntoViewIfNeeded(),
  ],
  'discover-model': ['full', rail('Discover'), press('Details'), (page) => page.waitForTimeout(1200)],
  'discover-quants': [
    'full',
    rail('Discover'),
    (page) =>
      page
        .getByRole('button', { name: /^Details of Qwen3 8B/ })
        .first()
        .click(),
    (page) => page.waitForTimeout(1200),
    (page) => page.getByRole('heading', { name: 'Its quants on this machine' }).scrollIntoViewIfNeeded(),
  ],
  'discover-quants-other': [
    'full',
    rail('Discover'),
    (page) => page.getByRole('radio', { name: /^Left out/ }).click(),
    (page) =>
      page
        .getByRole('button', { name: /^Details of / })
        .last()
        .click(),
    (page) => page.waitForTimeout(1200),
  ],
  'discover-experts': [
    'full',
    rail('Discover'),
    (page) => page.getByRole('button', { name: 'Details of gpt-oss 20B MXFP4' }).click(),
    (page) => page.waitForTimeout(1200),
  ],
  'discover-licence': [
    'full',
    rail('Discover'),
    (page) =>
      page
        .getByRole('button', { name: /^Details of Llama 3.2/ })
        .first()
        .click(),
    (page) => page.getByRole('heading', { name: 'Published scores' }).scrollIntoViewIfNeeded(),
  ],
  'discover-bigger': ['full', rail('Discover'), press('Why not a bigger one?')],
  'discover-compare': ['full', rail('Discover'), press('Which machine should I buy?')],
  'discover-other': [
    'full',
    rail('Discover'),
    (page) => page.getByLabel('Machine: This machine').click(),
    (page) => page.getByRole('option', { name: '16 GB MacBook Air' }).click(),
  ],
  sums: ['full', rail('Discover'), press('Cost calculator')],
  'sums-more': [
    'full',
    rail('Discover'),
    press('Cost calculator'),
    (page) => page.getByText('How much memory do weights take?').click(),
    (page) => page.getByText(/^Do models over 30B need/).click(),
    (page) => page.waitForTimeout(900),
    (page) => page.locator('summary', { hasText: 'How much memory' }).scrollIntoViewIfNeeded(),
  ],
  'sums-much': [
    'full',
    rail('Discover'),
    press('Cost calculator'),
    (page) => page.getByRole('textbox', { name: 'Messages a day' }).fill('12000'),
    (page) => page.keyboard.press('Enter'),
  ],
  library: ['full', rail('Library')],
  'library-empty': ['empty', rail('Library')],
  'library-import': [
    'full',
    rail('Library'),
    press('Add a model'),
    item('Import a GGUF file…'),
    (page) => page.getByRole('button', { name: 'Import', exact: true }).click(),
    (page) => page.waitForTimeout(1500),
  ],
  'library-import-form': ['full', rail('Library'), press('Add a model'), item('Import a GGUF file…')],
  'library-rename': ['full', rail('Library'), press('More actions for Qwen3 4B'), item('Rename…')],
  'library-add': ['full', rail('Library'), press('Add a model')],
  'library-remove': ['full', rail('Library'), press('More actions for Gemma 3 4B'), item('Remove')],
  'library-busy': ['downloads', rail('Library')],
  'library-downloads': ['downloads', rail('Library'), tab(/^Downloads/)],
  'library-downloads-none': ['full', rail('Library'), tab(/^Downloads/)],
  'library-others': ['full', rail('Library'), tab('From other apps'), (page) => page.waitForTimeout(600)],
  'library-others-none': ['empty', rail('Library'), tab('From other apps'), (page) => page.waitForTimeout(600)],
  'library-details': ['full', rail('Library'), press('Details of Qwen3 4B')],
  'library-details-files': [
    'full',
    rail('Library'),
    press('Details of Qwen3 4B'),
    (page) => page.getByRole('heading', { name: 'Files' }).scrollIntoViewIfNeeded(),
    (page) => page.getByText('Removing it frees').scrollIntoViewIfNeeded(),
  ],
  'library-problem': ['trouble', rail('Library')],
  'library-template': [
    'full',
    rail('Library'),
    press('Details of Notes, second try'),
    (page) => page.getByLabel(/^Messages are marked by: /).click(),
    (page) => page.getByRole('option', { name: 'Vicuna' }).click(),
    (page) => page.waitForTimeout(400),
    (page) => page.getByRole('heading', { name: 'Chat template' }).scrollIntoViewIfNeeded(),
  ],
  'library-template-own': [
    'full',
    rail('Library'),
    press('Details of Notes, second try'),
    (page) => page.getByLabel(/^Messages are marked by: /).click(),
    (page) => page.getByRole('option', { name: 'A text of mine…' }).click(),
    (page) => page.getByRole('textbox', { name: 'Your chat template' }).fill('{{ range .Messages }}'),
    press('Try and keep'),
    (page) => page.waitForTimeout(400),
    (page) => page.getByRole('button', { name: 'Try and keep' }).scrollIntoViewIfNeeded(),
  ],
  'library-damaged': [
    'trouble',
    rail('Library'),
    press('Verify all'),
    (page) => page.getByRole('alert').getByText('is damaged').waitFor({ timeout: 10_000 }),
    press('More actions for Qwen3 4B'),
  ],
  'download-name': ['full', rail('Library'), press('Add a model'), item('Download by name or address…')],
  'download-choose': ['full', ...named('hf.co/ibm-granite/granite-4.0-h-tiny-GGUF')],
  'download-licence': ['full', ...named('llama-3.2-3b:Q4_K_M')],
  'download-gated': ['full', ...named('hf.co/utter-project/EuroLLM-9B-Instruct-GGUF:Q4_K_M')],
  'download-disk': ['downloads', ...named('deepseek-r1-671b:Q4_K_M'), (page) => page.waitForTimeout(400)],
  'download-failed': ['trouble', ...named('llama3.2:3b')],
  'discover-hub': ['full', rail('Discover'), (page) => page.getByRole('radio', { name: 'Hugging Face' }).click()],
  'discover-hits': ['full', rail('Discover'), ...search('e')],
  'discover-no-hits': ['full', rail('Discover'), ...search('no such thing')],
  'discover-hub-failed': ['trouble', rail('Discover'), ...search('granite')],
  'discover-external': [
    'full',
    rail('Discover'),
    ...search('granite'),
    press('Look at granite-4.0-h-tiny-GGUF'),
    (page) => page.getByRole('dialog').waitFor(),
    (page) => page.waitForTimeout(1200),
  ],
  'discover-unread': [
    'full',
    rail('Discover'),
    ...search('granite'),
    press('Look at granite-4.0-h-tiny-GGUF'),
    (page) => page.getByRole('radio', { name: 'Q8_0', exact: true }).click(),
  ],
  'discover-beyond': [
    'full',
    rail('Discover'),
    (page) => page.keyboard.press('/'),
    (page) => page.keyboard.type('exaone'),
  ],
  'machine-ledger': [
    'downloads',
    rail('Machine'),
    (page) => page.getByRole('heading', { name: 'Every connection ever made' }).scrollIntoViewIfNeeded(),
  ],
  'settings-network': [
    'full',
    rail('Settings'),
    (page) => page.getByRole('heading', { name: 'Downloads and models' }).scrollIntoViewIfNeeded(),
    (page) => page.getByRole('button', { name: 'Move…' }).scrollIntoViewIfNeeded(),
  ],
  lab: ['full', rail('Lab')],
  'lab-memory': [
    'full',
    rail('Lab'),
    (page) => page.getByRole('radio', { name: 'Memory', exact: true }).click(),
    (page) => page.getByRole('img', { name: /^Q4_K_M, same/ }).hover(),
  ],
  'lab-lower': ['full', rail('Lab'), (page) => page.getByText('Earlier comparisons').scrollIntoViewIfNeeded()],
  'lab-disturbed': [
    'full',
    rail('Lab'),
    (page) => page.getByRole('button', { name: /^SmolLM2 135M, KV cache/ }).click(),
  ],
  'lab-empty': ['empty', rail('Lab')],
  'lab-ask': ['full', rail('Lab'), press('New comparison')],
  'lab-add': [
    'full',
    rail('Lab'),
    async (page) => {
      if (page.viewportSize().width < 1000) await press('More')(page)
      await page.getByText('Add quant', { exact: true }).click()
    },
  ],
  'lab-again': [
    'busy',
    rail('Lab'),
    press('New comparison'),
    (page) => page.waitForTimeout(300),
    press('Compare'),
    (page) =>
      page
        .getByText(/measuring again/)
        .first()
        .waitFor(),
  ],
  'lab-running': [
    'full',
    rail('Lab'),
    press('New comparison'),
    (page) => page.waitForTimeout(300),
    (page) => page.getByRole('checkbox', { name: /^Q3_K_M/ }).check(),
    press('Compare'),
    (page) => page.waitForTimeout(2600),
  ],
  'lab-blind': ['full', rail('Lab'), (page) => page.getByRole('radio', { name: 'Blind test' }).click()],
  'lab-blind-new': ['gpu', rail('Lab'), (page) => page.getByRole('radio', { name: 'Blind test' }).click()],
  'lab-blind-result': [
    'full',
    rail('Lab'),
    (page) => page.getByRole('radio', { name: 'Blind test' }).click(),
    press('Show'),
  ],
  'lab-blind-round': [
    'gpu',
    rail('Lab'),
    (page) => page.getByRole('radio', { name: 'Blind test' }).click(),
    press('Begin'),
    press('Get the answers'),
    (page) => page.getByText('Answer 1 is better').waitFor(),
    (page) => page.keyboard.press('2'),
    press('Get the answers'),
    (page) => page.getByText('Answer 1 is better').waitFor(),
  ],
  'lab-side': [
    'full',
    rail('Lab'),
    (page) => page.getByRole('radio', { name: 'Side by side' }).click(),
    (page) => page.getByRole('checkbox', { name: /F16/ }).check(),
    (page) => page.getByRole('checkbox', { name: /SmolLM2 135M Q4_K_M/ }).check(),
    (page) => page.getByRole('textbox', { name: 'Prompt' }).fill('Write about a lighthouse keeper who hates the sea.'),
    press('Send to all'),
    (page) => page.waitForTimeout(6500),
    (page) => page.getByRole('checkbox', { name: 'Use Pirate' }).check(),
  ],
  'lab-side-room': [
    'trouble',
    rail('Lab'),
    (page) => page.getByRole('radio', { name: 'Side by side' }).click(),
    (page) => page.getByRole('checkbox', { name: /F16/ }).check(),
    (page) => page.getByRole('checkbox', { name: /Qwen3 4B/ }).check(),
    (page) => page.getByRole('textbox', { name: 'Prompt' }).fill('Write about a lighthouse keeper who hates the sea.'),
    press('Send to all'),
    (page) => page.getByRole('button', { name: 'Load anyway' }).waitFor({ timeout: 20_000 }),
  ],
  machine: ['full', rail('Machine')],
  'machine-tuned': [
    'full',
    rail('Machine'),
    (page) =>
      page
        .getByRole('region', { name: 'How the engine works fastest here' })
        .evaluate((e) => e.scrollIntoView({ block: 'end' })),
  ],
  'machine-tuning': [
    'empty',
    rail('Machine'),
    (page) =>
      page
        .getByRole('region', { name: 'How the engine works fastest here' })
        .getByRole('button', { name: 'Measure' })
        .click(),
  ],
  'machine-gpu': ['gpu', rail('Machine')],
  'machine-trouble': ['trouble', rail('Machine')],
  'machine-noengine': ['noengine', rail('Machine')],
  'machine-log': ['full', rail('Machine'), press('Show log')],
  settings: ['full', rail('Settings')],
  'settings-lower': [
    'full',
    rail('Settings'),
    (page) => page.getByRole('heading', { name: 'About' }).scrollIntoViewIfNeeded(),
  ],
  'settings-backups': ['full', rail('Settings'), press('Daily backups: Show'), (page) => page.waitForTimeout(300)],
  'settings-licences': ['full', rail('Settings'), press('Third-party licences'), (page) => page.waitForTimeout(500)],
  shortcuts: ['full', rail('Settings'), (page) => page.keyboard.press('?')],
  work: [
    'downloads',
    rail('Discover'),
    (page) =>
      page
        .getByRole('button', { name: /^Test drive / })
        .first()
        .click(),
    (page) => page.getByRole('button', { name: /Show what is online/ }).click(),
    (page) => page.waitForTimeout(1500),
  ],
  'work-none': ['full', (page) => page.getByRole('button', { name: /Show what is online/ }).click()],
  notice: [
    'full',
    async (page) => {
      if (page.viewportSize().width < 1000) await page.keyboard.press('Control+b')
      await page.getByRole('button', { name: 'Letter to the landlord', exact: true }).focus()
      await page.keyboard.press('Delete')
      await page.getByRole('button', { name: 'Undo', exact: true }).waitFor()
    },
  ],
  'settings-select': ['full', rail('Settings'), (page) => page.locator('[aria-haspopup=listbox]').first().click()],
}

await mkdir(folder, { recursive: true })
const { browser, url, close } = await open({ reducedMotion: 'reduce' })

let bad = 0
const complain = (name, what) => {
  bad++
  console.error(`${name}: ${what}`)
}

/** Those that were asked for, or all. */
const asked = (all) => (all.some((name) => only.includes(name)) ? all.filter((name) => only.includes(name)) : all)

for (const name of asked(Object.keys(pictures))) {
  const [scene, ...steps] = pictures[name]
  for (const colorScheme of asked(themes)) {
    for (const size of asked(Object.keys(sizes))) {
      const [width, height] = sizes[size]
      const label = `${name}-${colorScheme}-${size}`
      const page = await browser.newPage()
      try {
        page.on('console', (m) => m.type() === 'error' && complain(label, m.text()))
        page.on('pageerror', (e) => complain(label, e.message))
        page.on('request', (r) => {
          const { hostname, protocol } = new URL(r.url())
          if (protocol.startsWith('http') && hostname !== '127.0.0.1') complain(label, `asked for ${r.url()}`)
        })
        // What an earlier picture has left in the browser is none of this one's.
        await page.addInitScript(() => localStorage.clear())
        await page.setViewportSize({ width, height })
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        await page.goto(`${url}/?scene=${scene}`)
        await page.getByRole('navigation').waitFor()
        await page.waitForTimeout(500)
        for (const step of steps) await step(page)
        await page.waitForTimeout(400)
        const cut = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
        if (cut) complain(label, 'is wider than the window')
        await page.screenshot({ path: join(folder, `${label}.png`) })
      } catch (error) {
        complain(label, error.message.split('\n').slice(0, 4).join(' '))
      } finally {
        await page.close()
      }
    }
  }
}

await close()
process.exit(bad ? 1 : 0)
