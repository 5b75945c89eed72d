import type { Problem } from './common'

/** ChatSummary is a row of the chat list. */
export interface ChatSummary {
  id: string
  title: string
  model: string
  pinned: boolean
  createdAt: number
  updatedAt: number
  /** 0: not in the trash */
  deletedAt: number
  /** when it is deleted for good; 0: not in the trash */
  purgeAt: number
  /** an answer is being written */
  streaming: boolean
}

/** FoundChat is a chat that a search has found, with the newest of its messages that hold the words. */
export interface FoundChat {
  chat: ChatSummary
  /** empty: only the title holds them */
  messageId: string
  /** the words' surroundings in the message, on one line */
  before: string
  match: string
  after: string
}

/** ChatOptions is what Chat settings changes about a chat. */
export interface ChatOptions {
  system: string
  /** -1: the model's default */
  temperature: number
  /** -1: the model's default */
  topP: number
  /** -1: the model's default */
  topK: number
  /** -1: the model's default */
  minP: number
  /** -1: the model's default */
  repeatPenalty: number
  /** words that end the answer; empty: the model's own */
  stop: string[]
  /** -1: a new one each time */
  seed: number
  /** 0: no limit but the context */
  maxTokens: number
  /** tokens; 0: the setting's default */
  contextLength: number
}

/** Chat is a whole conversation: every message of its tree, and the leaf whose branch is shown. */
export interface Chat extends ChatOptions {
  id: string
  title: string
  model: string
  leaf: string
  draft: string
  pinned: boolean
  createdAt: number
  updatedAt: number
  messages: Message[]
}

/** ChatDefaults is what counts where a chat says nothing. */
export interface ChatDefaults {
  system: string
  temperature: number
  topP: number
  topK: number
  minP: number
  repeatPenalty: number
  stop: string[]
  /** names of the fields that the model brings; the others are the engine's */
  fromModel: string[]
}

/** ChatPreset is a named way of drawing answers. */
export interface ChatPreset {
  name: string
  /** comes with the app, and leaves the system prompt and the lengths alone */
  builtIn: boolean
  options: ChatOptions
}

/** Message is one node of a chat's tree. */
export interface Message {
  id: string
  chatId: string
  /** empty: a root */
  parentId: string
  role: 'user' | 'assistant'
  text: string
  thinking: string
  state: 'streaming' | 'done' | 'stopped' | 'failed' | 'interrupted'
  problem: Problem
  model: string
  createdAt: number
  promptTokens: number
  tokens: number
  promptTokensPerSecond: number
  tokensPerSecond: number
  timeToFirstTokenSeconds: number
  loadSeconds: number
  thinkingSeconds: number
}

/** Turn is what Send, Regenerate and Edit begin: the prompt as saved and the answer that will stream. */
export interface Turn {
  user: Message
  answer: Message
}

/** ChatDelta is text that an answer grew by. */
export interface ChatDelta {
  /** of the message */
  id: string
  chatId: string
  seq: number
  /** length of the text before this delta, in UTF-16 units: a gap means refetch */
  offset: number
  text: string
  thinking: string
  /** for thinking what offset is for text */
  thinkingOffset: number
}

/** ChatPhase says what an answer waits for. */
export interface ChatPhase {
  id: string
  chatId: string
  seq: number
  /** waiting (for another chat), starting (the engine), loading (the model), reading (the prompt), writing */
  phase: 'waiting' | 'starting' | 'loading' | 'reading' | 'writing'
  /** 0..1; -1: unknown */
  progress: number
  /** chat that is answered first, while waiting */
  behind: string
}

/** ChatEnd says that an answer is stored in its final state. Fetch it by Chats.Message. */
export interface ChatEnd {
  id: string
  chatId: string
  seq: number
  state: Message['state']
}

/** ChatBackup is a daily copy of all chats. */
export interface ChatBackup {
  /** what Chats.RestoreBackup takes */
  name: string
  at: number
  bytes: number
  /** outside the trash */
  chats: number
  /** why it can't be restored; no code: it can */
  problem: Problem
}

/** AddedChats is what an import or a restored backup has brought. */
export interface AddedChats {
  /** the file; empty: the person cancelled */
  from: string
  /** that were not here */
  chats: number
  /** that came back from the trash */
  back: number
  /** that were here already */
  known: number
  /** that were not here, in new and in known chats */
  messages: number
}
