import type { ThreadReason, Threads, Tuned, TuneTrial } from '../bridge/types'
import { plural } from './plural'

/** What decided the number of threads. */
function whyThreads({ kind, cores, of }: ThreadReason): string {
  const n = String(Math.round(cores * 100) / 100)
  const all = plural(of, 'core')
  switch (kind) {
    case 'cores':
      return of === 1 ? 'there is one core' : 'one on each core'
    case 'cpuset':
      return `its container or service may use ${n} of ${all}`
    case 'affinity':
      return `it may use ${n} of ${all}`
    case 'performance':
      return `${plural(n, 'performance core')} of ${of}`
    case 'quota':
      return `a quota of ${n} of ${all}`
    case 'measured':
      return `measured to be faster than ${of}`
    case 'setting':
      return cores > of ? `${n} are chosen in Settings, and ${of} can run at once` : 'chosen in Settings'
  }
}

const tenths = (share: number): string => (100 * share).toFixed(1)
const signed = (share: number): string => `${share < 0 ? '−' : '+'}${tenths(Math.abs(share))}%`

/** How the engine works, in a few words. */
function wayWords({ threads, batch, flashAttention }: Tuned): string {
  const words = [plural(threads, 'thread')]
  if (batch > 0) words.push(`${batch} tokens of a prompt at once`)
  if (!flashAttention) words.push('no flash attention')
  return words.join(', ')
}

/** This machine, its engine and every connection. */
export const machineText = {
  machine: {
    title: 'This machine',
    again: 'Look again',
    looking: 'Looking…',
    failed: 'This machine could not be read.',
    container: (name: string) => `in a container (${name})`,
    graphics: 'Graphics',
    noGpu: 'No graphics processor the engine can use',
    noGpuHint: 'Models run in main memory, on the processor. That works; larger models are slower.',
    unusable: 'The engine can’t use it',
    integrated: 'shares main memory',
    gpuFree: 'free now',
    gpuOf: (total: string, used: string) => `of ${total}, ${used} used`,
    gpuUnknown: 'Its memory is not reported.',
    memory: 'Memory',
    memoryTotal: (size: string) => `${size} memory`,
    freeNow: 'free now',
    usedOthers: (size: string) => `${size} used by other programs`,
    usedModel: (size: string, name: string) => `${size} by ${name || 'the engine'}`,
    residentTip: 'What the engine and its model hold in memory now, as the system counts it.',
    zfsCache: (size: string) => `${size} of it are held by ZFS’ cache, which gives them back when a model needs them.`,
    hostFree: 'The machine around this container has no more than that free.',
    limit: (size: string) => `A limit of ${size} is set for this app.`,
    swap: (free: string, total: string) => `Swap: ${free} of ${total} free`,
    notMeasured: 'Speed not measured yet',
    doubtful: 'rough',
    doubtfulTip: 'Other programs were busy while this was measured. It is measured again at a quiet moment.',
    measure: 'Measure',
    measureAgain: 'Measure again',
    measureTip: 'Reads and writes memory for about two seconds. This speed sets how fast large models can write.',
    processor: 'Processor',
    cores: (physical: number, logical: number) =>
      physical === logical ? plural(physical, 'core') : `${plural(physical, 'core')}, ${plural(logical, 'thread')}`,
    threads: ({ count, reasons }: Threads) =>
      `The engine works with ${plural(count, 'thread')}: ${reasons.map(whyThreads).join(', ')}.`,
    noFeatures: 'No special instructions found',
    disk: 'Disk',
    diskTotal: (size: string) => `${size} disk`,
    diskWords: (free: string, models: string, others: string) => [
      `${free} free now`,
      `${models} in models`,
      `${others} in other files`,
    ],
    reads: 'Reads',
    offline: 'Offline, and how you can tell',
    lock: {
      kernel: 'Kernel lock in force',
      app: 'App lock in force',
      none: 'No network lock',
    },
    lockUnknown: 'The engine is not running.',
    noTelemetry: 'No telemetry',
    bytesOut: 'since the app was installed',
    bytesOutNone: 'Nothing has been sent to other machines since the app was installed.',
    bytesOutSome: (bytes: string) => `${bytes} sent to other machines since the app was installed.`,
    stays: 'Chats stay here',
    staysBody: 'Your chats and models are files on this machine, in one folder.',
    problems: 'Needs attention',
    noProblems: 'Nothing needs attention.',
    engine: 'Engine',
    states: {
      stopped: 'Stopped',
      starting: 'Starting',
      ready: 'Ready',
      loading: 'Loading a model',
      failed: 'Failed',
    },
    version: 'Version',
    llama: 'llama.cpp',
    backends: 'Runs on',
    backend: { cpu: 'Processor', cuda: 'CUDA', hip: 'ROCm', vulkan: 'Vulkan', metal: 'Metal' } as Record<
      string,
      string
    >,
    model: 'Model in memory',
    noModel: 'None',
    idle: (time: string) => `unloads ${time}`,
    stays2: 'stays until the app closes',
    restarts: 'Restarts',
    restart: 'Restart engine',
    restarted: 'The engine is starting again.',
    unload: 'Unload',
    unloaded: 'The model is unloaded.',
    log: 'Show log',
    logTitle: 'Engine log',
    logHint: 'The last 64 kB, in the engine’s own words.',
    logEmpty: 'The log is empty.',
    refresh: 'Refresh',
    openLog: 'Open file',
    logCopied: 'Log copied.',
    severity: { '': '', info: 'Note', warning: 'Warning', error: 'Problem' },
  },

  tuned: {
    title: 'How the engine works fastest here',
    measure: 'Measure',
    again: 'Measure again',
    tip: 'Runs a small model for about two minutes with other numbers of threads and other ways to read a prompt. Leave the computer alone meanwhile.',
    stop: 'Stop',
    off: 'Use the counted number',
    on: 'Use what was measured',
    offDone: 'The engine works with the counted number of threads and its own choices again.',
    onDone: 'The engine works as was measured.',
    cancelled: 'Stopped. Nothing was changed.',
    unmeasured: 'Not measured yet. Weightroom does it by itself at a quiet moment.',
    measuring: 'Other ways are being tried.',
    now: (t: Tuned) => `The engine works with ${wayWords(t)}.`,
    same: 'Nothing that was tried is clearly faster, so it works as counted.',
    faster: 'What was clearly faster is used.',
    isOff: 'What was measured is not used.',
    chosen: 'The number in Settings goes before the measured one.',
    caption: 'What was tried',
    columns: { tried: 'Tried', over: 'Instead of', gain: 'Gain in speed' },
    tried: (t: TuneTrial) =>
      ({
        threads: plural(t.value, 'thread'),
        batch: `${t.value} tokens of a prompt at once`,
        flash: 'No flash attention',
      })[t.kind],
    over: (t: TuneTrial) =>
      ({ threads: plural(t.over, 'thread'), batch: `${t.over} tokens`, flash: 'Flash attention' })[t.kind],
    gain: (t: TuneTrial) => `${signed(t.gain)} ± ${tenths(t.error)}%`,
    used: 'used',
    usedTip: 'More than its error and worth a change, so the engine works like this.',
    measured: (ago: string, seconds: string, power: string, model: string) =>
      `Measured ${ago} in ${seconds}, ${power}, on the first blocks of ${model}. It is measured again after a change of the engine or the machine.`,
    power: { ac: 'plugged in', battery: 'on the battery' },
    mains: 'The computer runs on its battery now; “Measure again” measures it on the battery.',
  },

  ledger: {
    title: 'Every connection ever made',
    none: 'Nothing has connected',
    noneHint: 'Weightroom goes online only for downloads and searches that you start. Each will be listed here.',
    totals: (count: string, into: string, out: string) => `${count}; ${into} came in, ${out} went out.`,
    count: (n: number) => plural(n, 'connection'),
    columns: { when: 'When', why: 'Why', to: 'To', in: 'In', out: 'Out' },
    failed: 'failed',
    more: (n: string) => `The newest ${n} are shown.`,
    loading: 'Reading the ledger…',
    mode: 'May go online',
    modes: { asked: 'Only what I start', never: 'Nothing at all' },
    setNever: 'Nothing goes online now, not even what you start.',
    setAsked: 'Downloads and searches that you start may go online.',
  },
} as const
