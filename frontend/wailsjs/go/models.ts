export namespace app {
	
	export interface About {
	    version: string;
	    dataFolder: string;
	    logFile: string;
	    bytesOut: number;
	}
	export interface CPU {
	    model: string;
	    physicalCores: number;
	    logicalCores: number;
	    features: string[];
	    limitCores: number;
	}
	export interface Problem {
	    code: string;
	    severity: string;
	    title: string;
	    hint: string;
	}
	export interface Message {
	    id: string;
	    chatId: string;
	    parentId: string;
	    role: string;
	    text: string;
	    thinking: string;
	    state: string;
	    problem: Problem;
	    model: string;
	    createdAt: number;
	    promptTokens: number;
	    tokens: number;
	    promptTokensPerSecond: number;
	    tokensPerSecond: number;
	    timeToFirstTokenSeconds: number;
	    loadSeconds: number;
	    thinkingSeconds: number;
	}
	export interface Chat {
	    id: string;
	    title: string;
	    model: string;
	    system: string;
	    leaf: string;
	    draft: string;
	    pinned: boolean;
	    createdAt: number;
	    updatedAt: number;
	    temperature: number;
	    topP: number;
	    seed: number;
	    maxTokens: number;
	    contextLength: number;
	    messages: Message[];
	}
	export interface ChatOptions {
	    system: string;
	    temperature: number;
	    topP: number;
	    seed: number;
	    maxTokens: number;
	    contextLength: number;
	}
	export interface ChatSummary {
	    id: string;
	    title: string;
	    model: string;
	    pinned: boolean;
	    createdAt: number;
	    updatedAt: number;
	    deletedAt: number;
	    streaming: boolean;
	}
	export interface Disk {
	    path: string;
	    totalBytes: number;
	    freeBytes: number;
	}
	export interface Engine {
	    state: string;
	    version: string;
	    llamaCpp: string;
	    backends: string[];
	    networkLock: string;
	    lockDetail: string;
	    model: string;
	    modelBytes: number;
	    loadProgress: number;
	    expiresAt: number;
	    restarts: number;
	    problem: Problem;
	}
	export interface GPU {
	    name: string;
	    vendor: string;
	    backend: string;
	    driver: string;
	    totalBytes: number;
	    freeBytes: number;
	    integrated: boolean;
	    note: string;
	}
	export interface Starter {
	    ref: string;
	    name: string;
	    bytes: number;
	    installed: boolean;
	    available: boolean;
	}
	export interface Model {
	    ref: string;
	    name: string;
	    quant: string;
	    family: string;
	    architecture: string;
	    parameters: number;
	    bytes: number;
	    contextLength: number;
	    digest: string;
	    licenceName: string;
	    openSource: boolean;
	    source: string;
	    capable: string[];
	    template: boolean;
	    path: string;
	    addedAt: number;
	    lastUsedAt: number;
	}
	export interface LibraryPage {
	    models: Model[];
	    totalBytes: number;
	    freeBytes: number;
	    folder: string;
	    starter: Starter;
	}
	export interface Memory {
	    totalBytes: number;
	    availableBytes: number;
	    swapTotalBytes: number;
	    swapFreeBytes: number;
	    limitBytes: number;
	    bandwidthBytesPerSec: number;
	    singleCoreBytesPerSec: number;
	    bandwidthMeasuredAt: number;
	    engineBytes: number;
	}
	export interface MachinePage {
	    os: string;
	    arch: string;
	    host: string;
	    system: string;
	    cpu: CPU;
	    memory: Memory;
	    gpus: GPU[];
	    disk: Disk;
	    engine: Engine;
	    container: string;
	    problems: Problem[];
	}
	
	
	
	export interface Pick {
	    model: string;
	    ref: string;
	    quant: string;
	    bytes: number;
	    needBytes: number;
	    fit: string;
	    installed: boolean;
	    licenceName: string;
	    why: string[];
	    canRun: number;
	    known: number;
	}
	export interface Preferences {
	    theme: string;
	    defaultModel: string;
	    systemPrompt: string;
	    temperature: number;
	    contextLength: number;
	    keepAliveMinutes: number;
	    sendWith: string;
	    threads: number;
	    showFigures: boolean;
	    welcomed: boolean;
	}
	
	export interface StartReport {
	    problem: Problem;
	    notice: Problem;
	}
	
	export interface Task {
	    id: string;
	}
	export interface Turn {
	    user: Message;
	    answer: Message;
	}

}

