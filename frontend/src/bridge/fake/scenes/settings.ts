import type { About, Settings } from '../../types'
import type { Scene } from './scene'

export function settings(scene: Scene): Settings {
  return {
    theme: 'system',
    defaultModel: '',
    systemPrompt: '',
    temperature: -1,
    contextLength: 8192,
    keepAliveMinutes: 5,
    sendWith: 'enter',
    threads: 0,
    showFigures: true,
    welcomed: scene !== 'welcome',
    speedLimit: 0,
    downloadsAtOnce: 1,
    neverOnline: false,
  }
}

export const about: About = {
  version: '0.1.0',
  dataFolder: '/home/mara/.local/share/weightroom',
  logFile: '/home/mara/.local/share/weightroom/logs/weightroom.log',
  bytesOut: 0,
}
