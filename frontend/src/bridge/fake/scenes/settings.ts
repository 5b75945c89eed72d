import type { About, Limits, Settings } from '../../types'
import type { Scene } from './scene'

export function settings(scene: Scene): Settings {
  return {
    theme: 'system',
    defaultModel: '',
    systemPrompt: '',
    temperature: -1,
    contextLength: 8192,
    keepAliveMinutes: 10,
    sendWith: 'enter',
    threads: 0,
    showFigures: true,
    welcomed: scene !== 'welcome',
    speedLimit: 0,
    downloadsAtOnce: 1,
    neverOnline: false,
    textSize: 100,
    startPage: 'last',
  }
}

/** What `Settings.Limits` answers. */
export const limits: Limits = {
  defaults: { ...settings('welcome'), welcomed: false },
  contextLength: { least: 512, most: 1 << 20 },
  answerLength: { least: 1, most: 1 << 20 },
  seed: { least: 0, most: 2 ** 31 - 1 },
  maxTemperature: 2,
  maxTopP: 1,
  maxMinP: 1,
  topK: { least: 0, most: 1000 },
  leastRepeatPenalty: 0.5,
  maxRepeatPenalty: 2,
  keepAliveMinutes: { least: -1, most: 7 * 24 * 60 },
  downloadsAtOnce: { least: 1, most: 8 },
  threads: { least: 0, most: 1024 },
  textSize: { least: 80, most: 200 },
  windowZooms: false,
}

export const about: About = {
  version: '0.1.0',
  dataFolder: '/home/mara/.local/share/weightroom',
  logFile: '/home/mara/.local/share/weightroom/logs/weightroom.log',
  bytesOut: 0,
  engine: '0.34.4',
  llamaCpp: 'b10488',
}
