export namespace app {
	
	export interface About {
	    version: string;
	    dataFolder: string;
	    logFile: string;
	    bytesOut: number;
	    engine: string;
	    llamaCpp: string;
	}
	export interface Adapter {
	    id: string;
	    name: string;
	    architecture: string;
	    bytes: number;
	    rank: number;
	    alpha: number;
	}
	export interface AdapterRow {
	    ref: string;
	    name: string;
	    base: string;
	    bytes: number;
	    addedAt: number;
	}
	export interface AdapterUse {
	    id: string;
	    scale: number;
	}
	export interface AddedChats {
	    from: string;
	    chats: number;
	    back: number;
	    known: number;
	    messages: number;
	}
	export interface Rejection {
	    id: string;
	    model: string;
	    quant: string;
	    cause: string;
	    reason: string;
	    shortByBytes: number;
	    bytes: number;
	    miss: number;
	    remedies: string[];
	}
	export interface Figure {
	    value: number;
	    error: number;
	    source: string;
	}
	export interface Times {
	    firstShort: Figure;
	    firstLong: Figure;
	    answer: Figure;
	    thinkTokens: Figure;
	    thinkOwn: boolean;
	    full: Figure;
	}
	export interface MemoryPlan {
	    weightsBytes: number;
	    kvBytes: number;
	    computeBytes: number;
	    totalBytes: number;
	    seesBytes: number;
	}
	export interface Choice {
	    id: string;
	    model: string;
	    family: string;
	    quant: string;
	    bytes: number;
	    fit: string;
	    memory: MemoryPlan;
	    planned: boolean;
	    tokensPerSecond: number;
	    promptTokensPerSecond: number;
	    source: string;
	    error: number;
	    promptError: number;
	    disturbed: boolean;
	    times: Times;
	    quality: number;
	    qualityError: number;
	    maxContext: number;
	    layers: number;
	    layersOnGpu: number;
	    params: number;
	    activeParams: number;
	    licenceName: string;
	    openSource: boolean;
	    commercial: boolean;
	    vision: boolean;
	    tools: boolean;
	    thinking: boolean;
	    installed: boolean;
	    frontier: boolean;
	    best: boolean;
	    why: string[];
	}
	export interface Advice {
	    choices: Choice[];
	    rejected: Rejection[];
	    considered: number;
	    machineName: string;
	    gpuFreeBytes: number;
	    ramFreeBytes: number;
	    fitted: boolean;
	    missing: string[];
	}
	export interface Answer {
	    question: string;
	    answer: string;
	}
	export interface Ask {
	    use: string;
	    context: number;
	    kv: string;
	    minSpeed: number;
	    freeBytes: number;
	    licence: string;
	    prefer: string;
	    machine: string;
	}
	export interface Benchmark {
	    name: string;
	    value: number;
	    variant: string;
	    source: string;
	}
	export interface BitsRow {
	    bits: number;
	    bytes: number;
	}
	export interface BlindAsk {
	    refs: string[];
	    use: string;
	    tokens: number;
	}
	export interface BlindPoint {
	    round: number;
	    share: number;
	    low: number;
	    high: number;
	}
	export interface BlindTally {
	    ref: string;
	    label: string;
	    wins: number;
	    share: number;
	    low: number;
	    high: number;
	}
	export interface BlindVote {
	    prompt: string;
	    order: string[];
	    choice: number;
	    answers: string[];
	}
	export interface BlindVariant {
	    ref: string;
	    name: string;
	    quant: string;
	}
	export interface BlindTest {
	    id: string;
	    variants: BlindVariant[];
	    use: string;
	    state: string;
	    at: number;
	    rounds: number;
	    most: number;
	    ties: number;
	    enough: boolean;
	    rule: string;
	    sentence: string;
	    evidence: BlindPoint[];
	    round: number;
	    pace: number;
	    prompt: string;
	    answers: string[];
	    roundSeconds: number;
	    loadSeconds: number;
	    ahead: number;
	    verdict: string;
	    winner: string;
	    tallies: BlindTally[];
	    votes: BlindVote[];
	    advice: string;
	}
	
	
	export interface ThreadReason {
	    kind: string;
	    cores: number;
	    of: number;
	}
	export interface Threads {
	    count: number;
	    reasons: ThreadReason[];
	}
	export interface CPU {
	    model: string;
	    physicalCores: number;
	    logicalCores: number;
	    features: string[];
	    limitCores: number;
	    threads: Threads;
	}
	export interface CatalogQuant {
	    name: string;
	    bytes: number;
	    exact: boolean;
	    ref: string;
	}
	export interface CatalogModel {
	    id: string;
	    name: string;
	    family: string;
	    publisher: string;
	    released: string;
	    params: number;
	    activeParams: number;
	    context: number;
	    architecture: string;
	    uses: string[];
	    vision: boolean;
	    tools: boolean;
	    thinking: boolean;
	    runs: boolean;
	    reason: string;
	    licenceName: string;
	    openSource: boolean;
	    commercial: boolean;
	    licence: Answer[];
	    benchmarks: Benchmark[];
	    warning: string;
	    quants: CatalogQuant[];
	    ollama: string;
	    repositories: string[];
	    notes: string[];
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
	    topK: number;
	    minP: number;
	    repeatPenalty: number;
	    stop: string[];
	    seed: number;
	    maxTokens: number;
	    contextLength: number;
	    messages: Message[];
	}
	export interface ChatBackup {
	    name: string;
	    at: number;
	    bytes: number;
	    chats: number;
	    problem: Problem;
	}
	export interface ChatDefaults {
	    system: string;
	    temperature: number;
	    topP: number;
	    topK: number;
	    minP: number;
	    repeatPenalty: number;
	    stop: string[];
	    fromModel: string[];
	}
	export interface ChatOptions {
	    system: string;
	    temperature: number;
	    topP: number;
	    topK: number;
	    minP: number;
	    repeatPenalty: number;
	    stop: string[];
	    seed: number;
	    maxTokens: number;
	    contextLength: number;
	}
	export interface ChatPreset {
	    name: string;
	    builtIn: boolean;
	    options: ChatOptions;
	}
	export interface ChatSummary {
	    id: string;
	    title: string;
	    model: string;
	    pinned: boolean;
	    createdAt: number;
	    updatedAt: number;
	    deletedAt: number;
	    purgeAt: number;
	    streaming: boolean;
	}
	
	export interface CompareAsk {
	    reference: string;
	    refs: string[];
	    make: string[];
	    matrix: string;
	    text: string;
	    kv: string[];
	    contexts: number[];
	    rounds: number;
	}
	export interface Connection {
	    at: number;
	    why: string;
	    host: string;
	    bytesIn: number;
	    bytesOut: number;
	    failed: boolean;
	}
	export interface Damage {
	    ref: string;
	    reason: string;
	    repairable: boolean;
	}
	export interface Deep {
	    depth: number;
	    tokensPerSecond: number;
	    promptTokensPerSecond: number;
	    spread: number;
	}
	export interface Disk {
	    path: string;
	    totalBytes: number;
	    freeBytes: number;
	}
	export interface Download {
	    id: string;
	    seq: number;
	    ref: string;
	    name: string;
	    quant: string;
	    host: string;
	    state: string;
	    done: number;
	    total: number;
	    bytesPerSecond: number;
	    secondsLeft: number;
	    waiting: string;
	    retryAt: number;
	    problem: Problem;
	    model: string;
	    addedAt: number;
	    endedAt: number;
	}
	export interface DriveResult {
	    id: string;
	    quant: string;
	    source: string;
	    promptTokensPerSecond: number;
	    tokensPerSecond: number;
	    spread: number;
	    peakMemoryBytes: number;
	    loadSeconds: number;
	    diskBytes: number;
	    seconds: number;
	    partial: boolean;
	    disturbed: boolean;
	    device: string;
	    threads: number;
	    driver: string;
	    power: string;
	    elsewhere: string;
	    older: boolean;
	    replaced: boolean;
	    kv: string;
	    deep: Deep;
	    at: number;
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
	
	export interface FitAnswer {
	    fit: string;
	    memory: MemoryPlan;
	    shortByBytes: number;
	    maxContext: number;
	    remedies: string[];
	    times: Times;
	}
	export interface FitAsk {
	    id: string;
	    quant: string;
	    context: number;
	    kv: string;
	}
	export interface Found {
	    model: CatalogModel;
	    quant: string;
	    choice: Choice;
	    host: string;
	    headerBytes: number;
	}
	export interface FoundChat {
	    chat: ChatSummary;
	    messageId: string;
	    before: string;
	    match: string;
	    after: string;
	}
	export interface GPU {
	    name: string;
	    vendor: string;
	    backend: string;
	    driver: string;
	    totalBytes: number;
	    freeBytes: number;
	    freeKnown: boolean;
	    integrated: boolean;
	    sharedBytes: number;
	    note: string;
	}
	export interface Hit {
	    ref: string;
	    owner: string;
	    name: string;
	    downloads: number;
	    likes: number;
	    updatedAt: number;
	    licenceName: string;
	    gated: boolean;
	    params: number;
	    context: number;
	}
	export interface LabSpeed {
	    tokens: number;
	    median: number;
	    low: number;
	    high: number;
	}
	export interface LabRow {
	    id: string;
	    label: string;
	    ref: string;
	    quant: string;
	    kv: string;
	    context: number;
	    reference: boolean;
	    state: string;
	    problem: Problem;
	    bytes: number;
	    loadSeconds: number;
	    peakBytes: number;
	    engineBytes: number;
	    kvBytes: number;
	    reads: LabSpeed[];
	    writes: LabSpeed[];
	    first: number;
	    perplexity: number;
	    perplexityError: number;
	    kld: number;
	    kldError: number;
	    kld99: number;
	    sameTop: number;
	    sameTopError: number;
	    joulesPerToken: number;
	    energy: string;
	    disturbed: string;
	    frontier: boolean;
	    pick: boolean;
	}
	export interface LabVerdict {
	    title: string;
	    text: string;
	    tag: string;
	}
	export interface LabComparison {
	    id: string;
	    title: string;
	    state: string;
	    problem: Problem;
	    reference: string;
	    startedAt: number;
	    seconds: number;
	    machine: string;
	    engine: string;
	    driver: string;
	    text: string;
	    textTokens: number;
	    rounds: number;
	    disturbance: string[];
	    notes: string[];
	    verdict: LabVerdict;
	    rows: LabRow[];
	}
	export interface LabModel {
	    ref: string;
	    name: string;
	    quant: string;
	    family: string;
	    bytes: number;
	    context: number;
	    parameters: number;
	    precise: boolean;
	}
	export interface LabQuant {
	    quant: string;
	    bytes: number;
	    ref: string;
	    note: string;
	    secondHand: boolean;
	    matrix: boolean;
	    refused: string;
	}
	
	export interface LabSetup {
	    models: LabModel[];
	    uses: string[];
	    kv: string[];
	    contexts: number[];
	    rounds: number;
	}
	
	export interface LabSummary {
	    id: string;
	    title: string;
	    state: string;
	    at: number;
	    rows: number;
	    pick: string;
	    disturbed: boolean;
	}
	export interface LabText {
	    path: string;
	    name: string;
	    bytes: number;
	}
	
	export interface LedgerPage {
	    connections: Connection[];
	    count: number;
	    bytesIn: number;
	    bytesOut: number;
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
	    problem: string;
	    caution: string;
	    wantsTemplate: boolean;
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
	    adapters: AdapterRow[];
	}
	export interface Range {
	    least: number;
	    most: number;
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
	    speedLimit: number;
	    downloadsAtOnce: number;
	    neverOnline: boolean;
	    textSize: number;
	    startPage: string;
	}
	export interface Limits {
	    defaults: Preferences;
	    contextLength: Range;
	    answerLength: Range;
	    seed: Range;
	    maxTemperature: number;
	    maxTopP: number;
	    maxMinP: number;
	    topK: Range;
	    leastRepeatPenalty: number;
	    maxRepeatPenalty: number;
	    keepAliveMinutes: Range;
	    downloadsAtOnce: Range;
	    threads: Range;
	    textSize: Range;
	    windowZooms: boolean;
	}
	export interface TuneTrial {
	    kind: string;
	    value: number;
	    over: number;
	    gain: number;
	    error: number;
	    kept: boolean;
	}
	export interface Tuned {
	    measuredAt: number;
	    seconds: number;
	    on: string;
	    off: boolean;
	    power: string;
	    mains: boolean;
	    counted: number;
	    threads: number;
	    chosen: number;
	    batch: number;
	    flashAttention: boolean;
	    trials: TuneTrial[];
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
	    bandwidthDoubtful: boolean;
	    engineBytes: number;
	    zfsCacheBytes: number;
	    hostBytes: number;
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
	    tuned: Tuned;
	    container: string;
	    problems: Problem[];
	}
	
	
	
	
	export interface ModelFile {
	    kind: string;
	    path: string;
	    bytes: number;
	    digest: string;
	    shared: boolean;
	}
	export interface TypeShare {
	    type: string;
	    tensors: number;
	    bytes: number;
	    params: number;
	}
	export interface ModelDetails {
	    ref: string;
	    layers: number;
	    embedding: number;
	    vocabulary: number;
	    experts: number;
	    expertsUsed: number;
	    bitsPerWeight: number;
	    mix: TypeShare[];
	    template: string;
	    templateFrom: string;
	    templateNote: string;
	    licence: Answer[];
	    licenceText: string;
	    origin: string;
	    files: ModelFile[];
	    freesBytes: number;
	    verifiedAt: number;
	    notes: string[];
	}
	
	export interface ModelMemory {
	    ref: string;
	    bytes: number;
	    context: number;
	    planned: boolean;
	    sees: number;
	}
	export interface OfferChoice {
	    ref: string;
	    quant: string;
	    bytes: number;
	}
	export interface OfferFile {
	    name: string;
	    kind: string;
	    bytes: number;
	    here: boolean;
	}
	export interface Offer {
	    ref: string;
	    name: string;
	    quant: string;
	    host: string;
	    bytes: number;
	    totalBytes: number;
	    freeBytes: number;
	    shortByBytes: number;
	    files: OfferFile[];
	    choices: OfferChoice[];
	    licenceName: string;
	    openSource: boolean;
	    licence: Answer[];
	    licenceText: string;
	    mustAccept: boolean;
	    gated: boolean;
	    gateAddress: string;
	    tokenSet: boolean;
	    installed: string;
	    downloadId: string;
	    noChecksum: boolean;
	    notes: string[];
	}
	
	
	export interface OpenReason {
	    kind: string;
	    of: string;
	    host: string;
	    connections: number;
	    since: number;
	    bytesIn: number;
	    bytesOut: number;
	}
	export interface Online {
	    seq: number;
	    open: OpenReason[];
	    bytesOut: number;
	}
	
	export interface OtherModel {
	    path: string;
	    name: string;
	    quant: string;
	    bytes: number;
	    installed: string;
	    alike: boolean;
	    problem: string;
	    keeps: string;
	    copies: boolean;
	    adapter: boolean;
	}
	export interface OtherApp {
	    name: string;
	    folder: string;
	    models: OtherModel[];
	}
	
	export interface Pick {
	    choices: Choice[];
	    canRun: number;
	    known: number;
	}
	
	export interface Price {
	    model: string;
	    provider: string;
	    input: number;
	    output: number;
	    date: string;
	    source: string;
	    current: boolean;
	}
	
	export interface Profile {
	    id: string;
	    name: string;
	}
	export interface QuantVerdict {
	    quant: string;
	    bytes: number;
	    installed: boolean;
	    cause: string;
	    reason: string;
	    remedies: string[];
	    fit: string;
	    memory: MemoryPlan;
	    planned: boolean;
	    shortByBytes: number;
	    maxContext: number;
	    layers: number;
	    layersOnGpu: number;
	    tokensPerSecond: number;
	    promptTokensPerSecond: number;
	    source: string;
	    error: number;
	    disturbed: boolean;
	}
	
	
	export interface RentedCard {
	    id: string;
	    rentPerHour: number;
	    rentTokensPerSecond: number;
	    rentPromptTokensPerSecond: number;
	}
	export interface SideAsk {
	    refs: string[];
	    prompt: string;
	    system: string;
	    seed: number;
	    tokens: number;
	}
	export interface SideColumn {
	    ref: string;
	    name: string;
	    quant: string;
	    state: string;
	    text: string;
	    thinking: string;
	    problem: Problem;
	    tokens: number;
	    tokensPerSecond: number;
	    timeToFirstTokenSeconds: number;
	    loadSeconds: number;
	}
	export interface SideRun {
	    id: string;
	    prompt: string;
	    seed: number;
	    atOnce: boolean;
	    reason: string;
	    running: boolean;
	    columns: SideColumn[];
	}
	export interface StartReport {
	    problem: Problem;
	    notice: Problem;
	    again: boolean;
	    kept: string;
	    stored: Record<string, string>;
	}
	
	export interface SumsAnswer {
	    apiPerMonth: number;
	    electricityPerMonth: number;
	    hardwarePerMonth: number;
	    ownPerMonth: number;
	    hoursPerDay: number;
	    breakEvenMonths: number;
	    rentPerMonth: number;
	}
	export interface SumsAsk {
	    inputTokensPerDay: number;
	    outputTokensPerDay: number;
	    inputPrice: number;
	    outputPrice: number;
	    tokensPerSecond: number;
	    promptTokensPerSecond: number;
	    watts: number;
	    pricePerKwh: number;
	    hardwarePrice: number;
	    hardwareYears: number;
	    resaleShare: number;
	    rentPerHour: number;
	    rentHoursPerDay: number;
	    rentTokensPerSecond: number;
	    rentPromptTokensPerSecond: number;
	}
	export interface Usage {
	    id: string;
	    messagesPerDay: number;
	    inputTokensPerDay: number;
	    outputTokensPerDay: number;
	    days: number;
	}
	export interface SumsStart {
	    ask: SumsAsk;
	    model: string;
	    measured: boolean;
	    power: string;
	    usages: Usage[];
	    cards: RentedCard[];
	    readingSpeed: number;
	}
	export interface Task {
	    id: string;
	}
	export interface TaskProgress {
	    id: string;
	    seq: number;
	    kind: string;
	    done: number;
	    total: number;
	    label: string;
	    of: string;
	    waits: string;
	    left: number;
	    startedAt: number;
	}
	export interface TemplateFamily {
	    id: string;
	    name: string;
	    text: string;
	    fits: string;
	}
	export interface TemplateChoices {
	    ref: string;
	    chosen: string;
	    text: string;
	    families: TemplateFamily[];
	}
	
	
	
	
	export interface Token {
	    set: boolean;
	    place: string;
	    note: string;
	}
	
	
	export interface Turn {
	    user: Message;
	    answer: Message;
	}
	
	
	export interface VerifyReport {
	    models: number;
	    at: number;
	    bad: Damage[];
	}

}

