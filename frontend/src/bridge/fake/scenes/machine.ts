import type { Engine, Machine, Tuned, TuneTrial } from '../../types'
import { hour, mainRef, minute, noProblem, type Scene } from './scene'

export function engine(scene: Scene, now: number): Engine {
  const loaded = !['welcome', 'empty', 'noengine', 'loading', 'trouble'].includes(scene)
  return {
    state: scene === 'noengine' ? 'failed' : 'ready',
    version: '0.34.4',
    llamaCpp: 'b10488',
    backends: scene === 'gpu' ? ['cuda', 'cpu'] : ['cpu'],
    networkLock: scene === 'trouble' ? 'app' : 'kernel',
    lockDetail:
      scene === 'trouble'
        ? 'User namespaces are switched off on this system.'
        : 'The engine runs in a network of its own with no way out, enforced by Linux.',
    model: loaded ? mainRef : '',
    modelBytes: loaded ? 3_112_000_000 : 0,
    loadProgress: 0,
    expiresAt: loaded ? now + 3 * minute : 0,
    restarts: scene === 'noengine' ? 3 : 0,
    problem:
      scene === 'noengine'
        ? {
            code: 'engine_ended',
            severity: 'error',
            title: 'The engine ended three times in a row.',
            hint: 'Restart it. If it ends again, the log says why.',
          }
        : noProblem,
  }
}

function untuned(counted: number): Tuned {
  return {
    ...{ measuredAt: 0, seconds: 0, on: 'Mistral 7B Instruct v0.3 Q4_K_M', off: false, power: 'ac', mains: false },
    ...{ counted, threads: counted, chosen: 0, batch: 0, flashAttention: true, trials: [] },
  }
}

/** What a measurement on a machine of eight cores with two threads each found. */
export function tunedResult(measuredAt: number): Tuned {
  const trial = (kind: TuneTrial['kind'], value: number, over: number, gain: number, error: number, kept = false) => ({
    ...{ kind, value, over, gain, error, kept },
  })
  return {
    ...untuned(8),
    ...{ measuredAt, seconds: 94, threads: 7, batch: 256 },
    trials: [
      trial('threads', 4, 8, -0.063, 0.021),
      trial('threads', 7, 8, 0.058, 0.014, true),
      trial('threads', 16, 8, -0.184, 0.037),
      trial('batch', 512, 1024, 0.021, 0.013),
      trial('batch', 256, 1024, 0.044, 0.011, true),
      trial('flash', 0, 1, -0.092, 0.028),
    ],
  }
}

export function machine(scene: Scene, now: number): Machine {
  const e = engine(scene, now)
  return {
    os: 'linux',
    arch: 'amd64',
    host: 'ThinkPad P14s',
    system: 'Debian GNU/Linux 12',
    cpu: {
      model: 'AMD Ryzen 7 PRO 8840HS',
      physicalCores: 8,
      logicalCores: 16,
      features: ['AVX2', 'AVX-512', 'VNNI', 'BF16', 'F16C', 'FMA'],
      limitCores: scene === 'trouble' ? 2.5 : 0,
      threads:
        scene === 'trouble'
          ? { count: 2, reasons: [{ kind: 'quota', cores: 2.5, of: 8 }] }
          : scene === 'full'
            ? { count: 7, reasons: [{ kind: 'measured', cores: 7, of: 8 }] }
            : { count: 8, reasons: [{ kind: 'cores', cores: 8, of: 8 }] },
    },
    memory: {
      totalBytes: 33_400_000_000,
      availableBytes: scene === 'trouble' ? 2_100_000_000 : 20_400_000_000,
      swapTotalBytes: 8_000_000_000,
      swapFreeBytes: 7_600_000_000,
      limitBytes: scene === 'trouble' ? 8_000_000_000 : 0,
      bandwidthBytesPerSec: scene === 'empty' ? 0 : 61_200_000_000,
      singleCoreBytesPerSec: scene === 'empty' ? 0 : 22_800_000_000,
      bandwidthMeasuredAt: scene === 'empty' ? 0 : now - 2 * hour,
      bandwidthDoubtful: false,
      engineBytes: scene === 'gpu' ? 0 : e.modelBytes,
      zfsCacheBytes: scene === 'gpu' ? 9_600_000_000 : 0,
      hostBytes: scene === 'trouble' ? 2_100_000_000 : 0,
    },
    gpus:
      scene === 'gpu'
        ? [
            {
              name: 'NVIDIA RTX 4060 Laptop',
              vendor: 'NVIDIA',
              backend: 'CUDA',
              driver: '560.35',
              totalBytes: 8_585_000_000,
              freeBytes: 4_300_000_000,
              freeKnown: true,
              integrated: false,
              sharedBytes: 0,
              note: '',
            },
            {
              name: 'AMD Radeon 780M',
              vendor: 'AMD',
              backend: '',
              driver: '',
              totalBytes: 0,
              freeBytes: 0,
              freeKnown: true,
              integrated: true,
              sharedBytes: 0,
              note: 'Its driver for computing (ROCm) is not installed.',
            },
          ]
        : [],
    disk: { path: '/home/mara/.local/share/weightroom', totalBytes: 512_000_000_000, freeBytes: 218_400_000_000 },
    engine: e,
    tuned: scene === 'full' ? tunedResult(now - 2 * hour) : untuned(scene === 'trouble' ? 2 : 8),
    container: scene === 'trouble' ? 'podman' : '',
    problems:
      scene === 'trouble'
        ? [
            {
              code: 'disk_low',
              severity: 'warning',
              title: 'The disk is nearly full.',
              hint: 'Remove a model you don’t use, or free space elsewhere.',
            },
            {
              code: 'memory_low',
              severity: 'warning',
              title: 'Only 2.1 GB of memory is free.',
              hint: 'Close other programs before you load a large model.',
            },
            {
              code: 'changed',
              severity: 'info',
              title: 'Models write 12% slower than in October 2026 (±4%); answers are the same.',
              hint: 'Since then the engine has changed from 0.34.2 to 0.34.4.',
            },
          ]
        : scene === 'noengine'
          ? [e.problem]
          : [],
  }
}

export const engineLog = Array.from(
  { length: 60 },
  (_, i) =>
    [
      `time=09:12:${String(i).padStart(2, '0')}.104 level=INFO msg="server config" backends=cpu`,
      `load_tensors: layer ${i} assigned to device CPU`,
      `llama_context: n_ctx = 8192, n_batch = 512, flash_attn = auto`,
      `slot update_slots: id 0 | prompt done, n_tokens = ${1400 + i}`,
    ][i % 4] ?? '',
).join('\n')
