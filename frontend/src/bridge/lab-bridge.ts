import type {
  Adapter,
  AdapterUse,
  BlindAsk,
  BlindTest,
  CompareAsk,
  LabComparison,
  LabQuant,
  LabSetup,
  LabSummary,
  LabText,
  SideAsk,
  SideRun,
} from './lab-types'
import type { Task } from './types'

/** The form that the figures of a comparison are written in. */
export type LabFormat = 'json' | 'csv' | 'markdown' | 'llama-bench'

/** The quant lab: comparisons, blind tests, side by side, adapters. */
export interface LabService {
  setup(): Promise<LabSetup>
  /** What could be made from a model, with sizes foretold. */
  quants(ref: string): Promise<LabQuant[]>
  /** Resolves to a text without a path when the dialog was cancelled. */
  chooseText(): Promise<LabText>
  /** Resolves to the comparison's id. `lab:progress` and `lab:changed` follow it; `stop` ends it and keeps finished rows. */
  compare(ask: CompareAsk): Promise<string>
  stop(id: string): Promise<void>
  comparisons(): Promise<LabSummary[]>
  comparison(id: string): Promise<LabComparison>
  forget(id: string): Promise<void>
  /** Resolves to the path written, or to an empty string when the dialog was cancelled. */
  export(id: string, format: LabFormat): Promise<string>
  saveReport(id: string, html: string): Promise<string>

  /** Newest first. */
  blinds(): Promise<BlindTest[]>
  blind(id: string): Promise<BlindTest>
  startBlind(ask: BlindAsk): Promise<BlindTest>
  /** Has every variant answer; the task's result is the test's id, and then its answers are there. Empty: the next built-in prompt. */
  askBlind(id: string, prompt: string): Promise<Task>
  /** `choice` is the place of the better answer; -1 is a tie. */
  voteBlind(id: string, choice: number): Promise<BlindTest>
  /** Ends the test and tells which was which. */
  endBlind(id: string): Promise<BlindTest>
  forgetBlind(id: string): Promise<void>

  /** `side:delta` follows. */
  sideBySide(ask: SideAsk): Promise<SideRun>
  side(id: string): Promise<SideRun>
  stopSide(id: string): Promise<void>

  adapters(): Promise<Adapter[]>
  /** Opens a dialog and imports what was chosen; resolves to an adapter without an id when it was cancelled. */
  addAdapter(): Promise<Adapter>
  removeAdapter(id: string): Promise<void>
  /** Resolves to the reference of the base with these adapters, which every page can then use like any other model. */
  attach(base: string, uses: AdapterUse[]): Promise<string>
}
