import type { Choice } from './discover'
import type { Problem } from './common'

/** CPU is the processor. */
export interface CPU {
  model: string
  physicalCores: number
  logicalCores: number
  features: string[]
  /** a container's quota; 0: none */
  limitCores: number
  threads: Threads
}

/** Threads is how many threads work for a model, and why. */
export interface Threads {
  count: number
  /** one at least */
  reasons: ThreadReason[]
}

/** ThreadReason is one thing that decided the number of threads. */
export interface ThreadReason {
  kind: 'cores' | 'cpuset' | 'affinity' | 'performance' | 'quota' | 'measured' | 'setting'
  /** that it leaves or asks for */
  cores: number
  /** of so many */
  of: number
}

/** Tuned is how the engine was found to work fastest on this machine, and how it works. */
export interface Tuned {
  /** 0: not measured with this engine on this machine */
  measuredAt: number
  /** that it took */
  seconds: number
  /** the model whose first blocks were run */
  on: string
  /** the person wants the counted number and the engine’s own choices */
  off: boolean
  /** what it was measured with */
  power: 'ac' | 'battery'
  /** the machine runs on its battery, and it was measured on mains */
  mains: boolean
  /** threads, where nothing is measured */
  counted: number
  /** threads that are used */
  threads: number
  /** the number in Settings, which goes first; 0: none */
  chosen: number
  /** tokens of a prompt that are read at once; 0: the engine’s own choice */
  batch: number
  flashAttention: boolean
  trials: TuneTrial[]
}

/** TuneTrial is one way that was tried. */
export interface TuneTrial {
  kind: 'threads' | 'batch' | 'flash'
  /** threads, or tokens at once; flash: 0 is without */
  value: number
  /** the same of what it was compared with */
  over: number
  /** 0.1 is 10% faster */
  gain: number
  /** the truth lies within gain ± error in 99 of 100 cases */
  error: number
  kept: boolean
}

/** Memory is main memory, in bytes, as this process may use it. */
export interface Memory {
  totalBytes: number
  availableBytes: number
  swapTotalBytes: number
  swapFreeBytes: number
  /** a container's limit; 0: none */
  limitBytes: number
  bandwidthBytesPerSec: number
  singleCoreBytesPerSec: number
  /** 0: not measured yet */
  bandwidthMeasuredAt: number
  /** other programs were busy meanwhile, so it is rough */
  bandwidthDoubtful: boolean
  /** what the loaded model takes now */
  engineBytes: number
  /** of what is free, held by ZFS' cache, which gives it back */
  zfsCacheBytes: number
  /** all that the machine around this container has free; 0: the container's own figure counts */
  hostBytes: number
}

/** GPU is one graphics processor. Memories of several are never added up. */
export interface GPU {
  name: string
  vendor: string
  /** CUDA, ROCm, Vulkan, Metal; empty: the engine can't use it */
  backend: string
  driver: string
  totalBytes: number
  freeBytes: number
  /** whether freeBytes means something */
  freeKnown: boolean
  integrated: boolean
  /** how much of totalBytes is main memory */
  sharedBytes: number
  /** why the engine can't use it */
  note: string
}

/** Disk is where models live. */
export interface Disk {
  path: string
  totalBytes: number
  freeBytes: number
}

/** Engine is the state of the embedded engine. */
export interface Engine {
  state: 'stopped' | 'starting' | 'ready' | 'loading' | 'failed'
  /** Ollama's */
  version: string
  /** "b10488" */
  llamaCpp: string
  /** cpu, cuda … */
  backends: string[]
  networkLock: 'kernel' | 'app' | 'none'
  /** a sentence */
  lockDetail: string
  /** loaded model's reference; empty: none */
  model: string
  /** memory it takes */
  modelBytes: number
  /** 0..1 while loading */
  loadProgress: number
  /** when an idle model leaves memory; 0: never, or none loaded */
  expiresAt: number
  restarts: number
  problem: Problem
}

/** Machine is what this machine is. */
export interface Machine {
  os: string
  arch: string
  /** "ThinkPad P14s"; empty: unknown */
  host: string
  /** "Debian GNU/Linux 12" */
  system: string
  cpu: CPU
  memory: Memory
  gpus: GPU[]
  disk: Disk
  engine: Engine
  tuned: Tuned
  /** docker, podman, lxc …; empty: none */
  container: string
  problems: Problem[]
}

/** Pick is the advisor’s first recommendation for this machine. */
export interface Pick {
  /** the best, then, where that one is large, the best that is quick to download; empty: nothing fits */
  choices: Choice[]
  /** how many of the known models fit */
  canRun: number
  known: number
}

/** Connection is one entry of the network ledger. */
export interface Connection {
  at: number
  why: string
  host: string
  bytesIn: number
  bytesOut: number
  failed: boolean
}

/** LedgerPage is every connection the app has made, newest first. */
export interface Ledger {
  /** the last of them */
  connections: Connection[]
  /** of all */
  count: number
  /** since the app was installed */
  bytesIn: number
  bytesOut: number
}
