import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

/** KaTeX lists each of its fonts in three formats; every engine that shows this page reads the first. */
function onlyWoff2(): Plugin {
  return {
    name: 'only-woff2',
    enforce: 'pre',
    transform(code, id) {
      if (!/katex.*\.css/.test(id)) return null
      return code.replace(/,\s*url\([^)]+\.(?:woff|ttf)\)\s*format\([^)]+\)/g, '')
    },
  }
}

/** Pages that are built in the place of the window's own, and never shipped. */
const entries: Record<string, string> = {
  // Holds the window to what the page relies on.
  contract: '/src/bridge/contract/window.ts',
  // Runs in a plain browser, on a stand-in for the window; so does the page of `npm run dev`.
  'stand-in': '/src/stand-in.ts',
  development: '/src/stand-in.ts',
}

function otherEntry(): Plugin {
  let entry = ''
  return {
    name: 'other-entry',
    configResolved: ({ mode }) => {
      entry = entries[mode] ?? ''
    },
    transformIndexHtml: {
      order: 'pre',
      handler: (html) => (entry ? html.replace('/src/main.ts', entry) : html),
    },
  }
}

export default defineConfig({
  plugins: [onlyWoff2(), otherEntry(), svelte()],
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  build: {
    target: ['es2022', 'safari16'],
    modulePreload: { polyfill: false },
    // Fonts stay files: a data: font would have to be read before the first paint.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
  },
  server: { host: '127.0.0.1' },
  preview: { host: '127.0.0.1' },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
    // The style sheets are read as they are; without this they would be empty.
    css: true,
    restoreMocks: true,
  },
})
