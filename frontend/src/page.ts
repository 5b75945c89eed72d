import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/inter/wght-italic.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/menu.css'
import './styles/table.css'
import './styles/plot.css'
import './styles/markdown.css'
import { mount } from 'svelte'
import type { Bridge } from './bridge/bridge'
import { rememberedTheme, showTheme } from './lib/theme'
import { answerClosing } from './closing'
import { App } from './state/app'
import Root from './Root.svelte'

/** Draws the page on what a bridge knows. */
export function show(bridge: Bridge): void {
  showTheme(rememberedTheme())
  const app = new App(bridge)
  const target = document.getElementById('app')
  if (target) mount(Root, { target, props: { app } })
  bridge.on('page:asked', () => {
    if (target?.firstElementChild?.childElementCount) void bridge.page.alive()
  })
  answerClosing(bridge, app)
  void app.start()
}
