import { plural } from './plural'

/** The first start. */
export const welcomeText = {
  welcome: {
    headline: (can: number, known: number) => `Your machine can run ${can} of ${known} known models.`,
    headlineNone: 'Your machine is small, but it can chat.',
    headlineLoading: 'Looking at your machine…',
    headlineUnknown: 'Welcome to Weightroom.',
    free: (ram: string) => `${ram} of memory is free.`,
    freeWithGpu: (gpu: string, ram: string) => `${gpu} of graphics memory and ${ram} of main memory are free.`,
    private: 'Nothing you write here leaves it.',
    looked: 'Looked at your machine',
    lookedFailed: 'Your machine could not be read',
    cores: (n: number) => plural(n, 'core'),
    memoryAt: (size: string, speed: string) => `${size} memory at ${speed}`,
    memory: (size: string) => `${size} memory`,
    noGpu: 'No graphics processor to use',
    start: 'Start chatting',
    startTitle: 'Start right now',
    startWithModel: (name: string) => `${name} is in your library and ready.`,
    startHint: (name: string, size: string) =>
      `${name} comes with the app: tiny, quick, ${size}. Good for a first hello.`,
    startMissing: (name: string) => `${name} is not at hand on this machine. Import a model file instead.`,
    adding: (name: string) => `Adding ${name}…`,
    suggestion: (name: string, quant: string) => `Then try ${name}, ${quant}`,
    suggestionInstalled: (name: string, quant: string) => `${name}, ${quant}, suits this machine`,
    seeAll: 'See every model that fits',
    others: 'use models other apps have',
    suggestionHow: 'Chat with the small one while it comes.',
    importTitle: 'Or use a file you have',
    importHint: 'Any model in GGUF format, from this machine or a drive.',
    import: 'Import a file…',
    later: 'Everything can be changed later.',
    importOther: 'import a file you have',
    or: 'or',
    skip: 'skip to the app',
  },
} as const
