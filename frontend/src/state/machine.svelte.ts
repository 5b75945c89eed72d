import type { Bridge } from '../bridge/bridge'
import type { Engine, Machine, Pick } from '../bridge/types'

/** What this machine is, the engine's state, and the first recommendation. */
export class MachineState {
  #machine = $state.raw<Machine | null>(null)
  #engine = $state.raw<Engine | null>(null)
  #pick = $state.raw<Pick | null>(null)
  #detecting = $state(false)
  #failed = $state(false)
  #bridge: Bridge['machine']

  constructor(bridge: Bridge['machine']) {
    this.#bridge = bridge
  }

  get value(): Machine | null {
    return this.#machine
  }

  get engine(): Engine | null {
    return this.#engine
  }

  get pick(): Pick | null {
    return this.#pick
  }

  get detecting(): boolean {
    return this.#detecting
  }

  /** Detection failed and there is nothing to show. */
  get failed(): boolean {
    return this.#failed
  }

  async detect(): Promise<void> {
    this.#detecting = true
    try {
      const machine = await this.#bridge.detect()
      this.#machine = machine
      this.#engine = machine.engine
      this.#failed = false
    } catch (reason) {
      this.#failed = this.#machine === null
      throw reason
    } finally {
      this.#detecting = false
    }
  }

  async refreshEngine(): Promise<void> {
    this.#engine = await this.#bridge.engine()
  }

  async recommend(): Promise<void> {
    this.#pick = await this.#bridge.recommend()
  }

  measureBandwidth() {
    return this.#bridge.measureBandwidth()
  }

  tune() {
    return this.#bridge.tune()
  }

  async useTuned(use: boolean): Promise<void> {
    this.#machine = await this.#bridge.useTuned(use)
  }

  log(): Promise<string> {
    return this.#bridge.engineLog()
  }

  openLog(): Promise<void> {
    return this.#bridge.openLog()
  }

  async restart(): Promise<void> {
    await this.#bridge.restartEngine()
    await this.refreshEngine()
  }

  async unload(): Promise<void> {
    await this.#bridge.unloadModel()
    await this.refreshEngine()
  }

  async loadAnyway(ref: string, contextLength: number): Promise<void> {
    await this.#bridge.loadAnyway(ref, contextLength)
  }

  async loadModel(ref: string, contextLength: number): Promise<void> {
    await this.#bridge.loadModel(ref, contextLength)
    await this.refreshEngine()
  }
}
