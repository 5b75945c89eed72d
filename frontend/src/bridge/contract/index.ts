import type { Bridge } from '../bridge'
import { chatsContract } from './chats'
import type { Clause } from './clause'
import { discoverContract } from './discover'
import { labContract } from './lab'
import { libraryContract } from './library'
import { machineContract } from './machine'
import { workContract } from './work'

/** What the page relies on. `bridge` needs two models in its library; what this makes is deleted. */
export function contract(bridge: Bridge): Clause[] {
  return [
    ...chatsContract(bridge),
    ...machineContract(bridge),
    ...discoverContract(bridge),
    ...libraryContract(bridge),
    ...labContract(bridge),
    ...workContract(bridge),
  ]
}
