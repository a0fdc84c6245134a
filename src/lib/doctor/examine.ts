/** Makes the checks of `doctor`, all at once, and tells them in order. */
import type {Evidence, Finding, StageStatus} from '../channel/stage.ts'
import {type Certainty, type ExitCode, type Fix, partsOf, PostdeskError} from '../errors.ts'
import {CHECKS, type CheckGroup, type CheckId} from './checks.ts'

/** A check, and what it takes to make it. */
export interface Examination {
  readonly id: CheckId
  /** What it has to wait for, which is not part of its time. */
  readonly after?: Promise<unknown>
  /** What is thrown of the catalogue is a failure of the check. */
  readonly look: () => Promise<Finding> | Finding
}

/** A check that was made, or was not. */
export interface Check {
  readonly id: CheckId
  readonly group: CheckGroup
  readonly status: StageStatus
  /** How long it took. */
  readonly ms: number
  /** What it found, in one line; of a skipped one what it would look at. */
  readonly title: string
  readonly evidence: Evidence
  /** Why it was skipped. */
  readonly because?: string
  /** Of `warn` and `fail` alone, as all that follows. */
  readonly code?: string
  readonly exitCode?: ExitCode
  readonly why?: string
  /** How sure `why` is; left out where nothing is guessed. */
  readonly certainty?: Certainty
  readonly fixes?: readonly Fix[]
}

/** Rejects only for a bug. */
export const examine = (examinations: readonly Examination[]): Promise<Check[]> => Promise.all(examinations.map(make))

async function make({id, after, look}: Examination): Promise<Check> {
  await after
  const began = performance.now()
  const finding = await found(look)
  return checkOf(id, finding, Math.round(performance.now() - began))
}

async function found(look: Examination['look']): Promise<Finding> {
  try {
    return await look()
  } catch (error) {
    if (!(error instanceof PostdeskError)) throw error
    return {status: 'fail', problem: partsOf(error)}
  }
}

function checkOf(id: CheckId, finding: Finding, ms: number): Check {
  const {group, summary}: {readonly group: CheckGroup; readonly summary: string} = CHECKS[id]
  const common = {id, group, status: finding.status, ms, evidence: finding.evidence ?? {}}
  switch (finding.status) {
    case 'pass':
      return {...common, title: finding.title}
    case 'skip':
      return {...common, title: summary, because: finding.because}
    case 'warn':
    case 'fail': {
      const {code, exitCode, title, why, certainty, fixes = []} = finding.problem
      return {...common, title, code, exitCode, why, ...(certainty === undefined ? {} : {certainty}), fixes}
    }
  }
}
