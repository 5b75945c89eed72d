import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { preview } from 'vite'

/** Serves the page on its stand-in (`npm run build:stand-in`) on loopback and opens a browser with an empty profile. `CHROMIUM` names another browser. */
export async function open(options = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'page-'))
  const server = await preview({
    build: { outDir: '../build/tmp/stand-in' },
    preview: { host: '127.0.0.1', port: 0 },
    logLevel: 'warn',
  })
  const { port } = server.httpServer.address()
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
    ],
    ...options,
  })
  browser.setDefaultTimeout(4000)
  const close = async () => {
    await browser.close()
    await new Promise((resolve) => server.httpServer.close(resolve))
    await rm(profile, { recursive: true, force: true })
  }
  return { browser, url: `http://127.0.0.1:${port}`, close }
}
