/** What a diagnosis finds, stage by stage: shared by all protocols, and by what shows it. */
import type {ErrorParts} from '../errors.ts'
import type {StageGroup, StageId} from './stages.ts'

/** `skip`: not looked at, and `because` says why. */
export type StageStatus = 'pass' | 'warn' | 'fail' | 'skip'

/** A value that JSON has. */
export type EvidenceValue =
  string | number | boolean | null | readonly EvidenceValue[] | {readonly [name: string]: EvidenceValue}

/** What was seen, by name. It may hold words of servers; a secret never. */
export type Evidence = Readonly<Record<string, EvidenceValue>>

/** What a stage came to, before it is known when. */
export type Finding =
  | {readonly status: 'pass'; readonly title: string; readonly evidence?: Evidence}
  /** What is wrong is an error of the catalogue, also where the work can go on. */
  | {readonly status: 'warn' | 'fail'; readonly problem: ErrorParts; readonly evidence?: Evidence}
  /** `blocks`: what needs it cannot be looked at either; without it there was merely nothing to look at. */
  | {readonly status: 'skip'; readonly because: string; readonly blocks?: boolean; readonly evidence?: Evidence}

/** A stage that was looked at, or was not. */
export interface Stage {
  readonly id: StageId
  readonly group: StageGroup
  readonly status: StageStatus
  /** How long it took. */
  readonly ms: number
  /** What it found, in one line; of a skipped one what it would look at. */
  readonly title: string
  readonly evidence: Evidence
  /** Why it was skipped. */
  readonly because?: string
  /** What is wrong, of `warn` and `fail` alone. */
  readonly problem?: ErrorParts
  /** True where what needs it cannot be looked at. */
  readonly blocks?: boolean
}

export const passed = (title: string, evidence: Evidence = {}): Finding => ({status: 'pass', title, evidence})
export const failed = (problem: ErrorParts, evidence: Evidence = {}): Finding => ({status: 'fail', problem, evidence})
export const warned = (problem: ErrorParts, evidence: Evidence = {}): Finding => ({status: 'warn', problem, evidence})
export const skipped = (because: string, evidence: Evidence = {}): Finding => ({status: 'skip', because, evidence})
/** There is something to look at, and no way to it. */
export const blocked = (because: string): Finding => ({status: 'skip', because, blocks: true})
