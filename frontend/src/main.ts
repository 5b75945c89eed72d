import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/menu.css'
import './styles/table.css'
import './styles/plot.css'
import './styles/markdown.css'
import { mount } from 'svelte'
import { chooseBridge } from './bridge'
import { rememberedTheme, showTheme } from './lib/theme'
import { App } from './state/app'
import Root from './Root.svelte'

showTheme(rememberedTheme())

const app = new App(await chooseBridge())
const target = document.getElementById('app')
if (target) mount(Root, { target, props: { app } })
void app.start()
