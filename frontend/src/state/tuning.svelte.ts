import { SvelteMap } from 'svelte/reactivity'
import type { Bridge } from '../bridge/bridge'
import type { ChatDefaults, ChatOptions, ChatPreset } from '../bridge/types'
import { defaultOptions } from './conversation.svelte'

/** The fields of a chat’s settings that differ from what a new chat has. */
export function changedOptions(options: ChatOptions, standard: ChatOptions = defaultOptions): (keyof ChatOptions)[] {
  return (Object.keys(defaultOptions) as (keyof ChatOptions)[]).filter(
    (key) => String(options[key]) !== String(standard[key]),
  )
}

/** Named settings of chats, and what counts where a chat says nothing. */
export class Tuning {
  #presets = $state.raw<readonly ChatPreset[]>([])
  /** The field for the name of a new preset is open. */
  naming = $state(false)
  name = $state('')
  #defaults = new SvelteMap<string, ChatDefaults>()
  #bridge: Bridge['chats']

  constructor(bridge: Bridge['chats']) {
    this.#bridge = bridge
  }

  get presets(): readonly ChatPreset[] {
    return this.#presets
  }

  /** What a model brings; undefined until `load` has it. */
  defaultsOf(ref: string): ChatDefaults | undefined {
    return this.#defaults.get(ref)
  }

  async load(ref: string): Promise<void> {
    const [presets, defaults] = await Promise.all([
      this.#bridge.presets(),
      ref ? this.#bridge.defaults(ref) : undefined,
    ])
    this.#presets = presets
    if (defaults) this.#defaults.set(ref, defaults)
  }

  async save(name: string, options: ChatOptions): Promise<void> {
    this.#presets = await this.#bridge.savePreset(name, options)
  }

  async remove(name: string): Promise<void> {
    this.#presets = await this.#bridge.deletePreset(name)
  }

  /** What a preset makes of a chat’s settings. */
  applied(preset: ChatPreset, options: ChatOptions): ChatOptions {
    if (!preset.builtIn) return preset.options
    const { temperature, topP, topK, minP } = preset.options
    return { ...options, temperature, topP, topK, minP }
  }

  /** The preset that the settings are, if any. */
  presetOf(options: ChatOptions): ChatPreset | undefined {
    return this.#presets.find((p) => changedOptions(this.applied(p, options), options).length === 0)
  }
}
