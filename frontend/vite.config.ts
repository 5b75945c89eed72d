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

/** `--mode contract` builds a page that holds the window to what the page relies on, in the place of the page itself. */
function contractPage(): Plugin {
  return {
    name: 'contract-page',
    apply: (_, { mode }) => mode === 'contract',
    transformIndexHtml: {
      order: 'pre',
      handler: (html) => html.replace('/src/main.ts', '/src/bridge/contract/window.ts'),
    },
  }
}

export default defineConfig({
  plugins: [onlyWoff2(), contractPage(), svelte()],
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
