/** What a test came to, as JSON and JUnit show it. */
import type {Evidence, Stage, StageStatus} from '../channel/stage.ts'
import type {StageGroup, StageId} from '../channel/stages.ts'
import type {Instant} from '../clock.ts'
import type {TranscriptLine} from '../diagnosis/subject.ts'
import {lastingWarnings, verdictOfAll, type Verdict, type VerdictOptions} from '../diagnosis/verdict.ts'
import type {Certainty, ExitCode, Fix} from '../errors.ts'
import type {TestResult} from './run-ladders.ts'

/** A stage of a test. */
export interface StageReport {
  readonly id: StageId
  readonly group: StageGroup
  readonly status: StageStatus
  /** How long it took. */
  readonly ms: number
  /** What it found, in one line; of a skipped one what it would look at. */
  readonly title: string
  /** What was seen, by name. */
  readonly evidence: Evidence
  /** What is wrong, and below what it means: of `warn` and `fail` alone. */
  readonly code?: string
  readonly exitCode?: ExitCode
  readonly why?: string
  readonly causes?: readonly string[]
  readonly fixes?: readonly Fix[]
  readonly certainty?: Certainty
  /** The server's own words. */
  readonly serverReply?: string
  /** Why it was skipped. */
  readonly because?: string
}

/** What a test of one target came to. */
export interface EmailTestReport {
  /** An address, `inbound`, `relay`, or HOST:PORT. */
  readonly target: string
  readonly startedAt: Instant
  readonly durationMs: number
  readonly verdict: Verdict
  readonly stages: readonly StageReport[]
  /** What passed over the wire, credentials masked; only with --transcript. */
  readonly transcript?: readonly TranscriptLine[]
}

export function reportOf(result: TestResult, {transcript}: {readonly transcript: boolean}): EmailTestReport {
  const {target, startedAt, durationMs, verdict, stages} = result
  return {
    target,
    startedAt,
    durationMs,
    verdict,
    stages: stages.map(stageReport),
    ...(transcript ? {transcript: result.transcript} : {}),
  }
}

/** Each warning as the verdict that it would be alone. */
export const warningsOf = ({stages, verdict}: EmailTestReport): Verdict[] =>
  lastingWarnings(stages).map(({id, title, code = '', why = '', fixes = [], causes, certainty, serverReply}) => ({
    status: 'warn',
    code,
    exitCode: verdict.exitCode,
    title,
    why,
    fixes,
    stage: id,
    ...(causes === undefined ? {} : {causes}),
    ...(certainty === undefined ? {} : {certainty}),
    ...(serverReply === undefined ? {} : {serverReply}),
  }))

/** What several come to together. */
export const togetherOf = (reports: readonly EmailTestReport[], options: VerdictOptions): Verdict =>
  verdictOfAll(reports, options)

function stageReport({id, group, status, ms, title, evidence, because, problem}: Stage): StageReport {
  return {
    id,
    group,
    status,
    ms,
    title,
    evidence,
    ...(because === undefined ? {} : {because}),
    ...(problem === undefined
      ? {}
      : {
          code: problem.code,
          exitCode: problem.exitCode,
          why: problem.why,
          fixes: problem.fixes ?? [],
          ...(problem.causes === undefined ? {} : {causes: problem.causes}),
          ...(problem.certainty === undefined ? {} : {certainty: problem.certainty}),
          ...(problem.serverReply === undefined ? {} : {serverReply: problem.serverReply}),
        }),
  }
}
