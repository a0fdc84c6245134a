/** What the stages of a diagnosis come to: pure, and the same for text, JSON and JUnit. */
import type {Stage} from '../channel/stage.ts'
import {EXIT, type Certainty, type ErrorParts, type ExitCode, type Fix} from '../errors.ts'

export interface Verdict {
  readonly status: 'pass' | 'warn' | 'fail'
  /** That of the catalogue, or `OK`. */
  readonly code: string
  readonly exitCode: ExitCode
  readonly title: string
  readonly why: string
  readonly fixes: readonly Fix[]
  /** The stage that decided it; left out where all is well. */
  readonly stage?: Stage['id']
  /** The server's own words. */
  readonly serverReply?: string
  /** How sure `why` is; left out where nothing is guessed. */
  readonly certainty?: Certainty
  /** Where the server's words have several causes: each, the most likely first. */
  readonly causes?: readonly string[]
}

export interface VerdictOptions {
  /** Warnings end with 2 (`--strict`). */
  readonly strict: boolean
  /** Domain authentication that is broken is a failure of its own (`--require-domain-auth`). */
  readonly requireDomainAuth: boolean
}

/**
 * The earliest stage that failed decides. What is wrong with the authentication of the domain never hides what is wrong with
 * the server or the login: it comes last.
 */
export function verdictOf(stages: readonly Stage[], {strict, requireDomainAuth}: VerdictOptions): Verdict {
  const domainFails = ({group, status, problem}: Stage) =>
    requireDomainAuth && group === 'domain' && status === 'warn' && problem?.exitCode === EXIT.domainAuthentication
  const failing = stages.find(({status}) => status === 'fail') ?? stages.find(domainFails)
  if (failing) return deciding(failing, 'fail', failing.problem?.exitCode ?? EXIT.unclassified)
  const unseen = stages.find(({blocks}) => blocks === true)
  if (unseen) return deciding(unseen, 'fail', EXIT.unclassified)
  const [warning] = lastingWarnings(stages)
  if (warning) return deciding(warning, 'warn', strict ? EXIT.findings : EXIT.ok)
  return allIsWell(stages)
}

/** What is to be warned of. That a password looks odd is none once it was taken. */
export function lastingWarnings<Any extends Pick<Stage, 'id' | 'status'>>(stages: readonly Any[]): Any[] {
  const isTaken = stages.some(({id, status}) => id === 'login' && status === 'pass')
  return stages.filter(({id, status}) => status === 'warn' && !(isTaken && id === 'password'))
}

/** The lowest class of those that failed; 75 only where waiting can mend all of them. */
export function verdictOfAll(
  tests: readonly {readonly target: string; readonly verdict: Verdict}[],
  {strict}: Pick<VerdictOptions, 'strict'>,
): Verdict {
  const worst = (status: Verdict['status']) => tests.filter(({verdict}) => verdict.status === status)
  const [failed, warned] = [worst('fail'), worst('warn')]
  const named = (some: typeof tests) => some.map(({target, verdict}) => `${target} (${verdict.code})`).join(', ')
  if (failed.length > 0) {
    const lasting = failed.filter(({verdict}) => verdict.exitCode !== EXIT.tryAgain)
    const lowest = (lasting.length > 0 ? lasting : failed).toSorted(
      (a, b) => a.verdict.exitCode - b.verdict.exitCode,
    )[0]!.verdict
    return {
      status: 'fail',
      code: lowest.code,
      exitCode: lowest.exitCode,
      title: `${failed.length} of ${tests.length} failed`,
      why: named(failed),
      fixes: lowest.fixes,
    }
  }
  if (warned.length > 0)
    return {
      status: 'warn',
      code: warned[0]!.verdict.code,
      exitCode: strict ? EXIT.findings : EXIT.ok,
      title: `${warned.length} of ${tests.length} have warnings`,
      why: named(warned),
      fixes: warned[0]!.verdict.fixes,
    }
  const title = tests.length === 0 ? 'There was nothing to test' : `All ${tests.length} are well`
  return {status: 'pass', code: 'OK', exitCode: EXIT.ok, title, why: '', fixes: []}
}

/** The verdict that a single error of the catalogue is. */
export const verdictOfParts = (parts: ErrorParts): Verdict => ({
  status: 'fail',
  code: parts.code,
  exitCode: parts.exitCode,
  title: parts.title,
  why: parts.why,
  fixes: parts.fixes ?? [],
  ...(parts.serverReply === undefined ? {} : {serverReply: parts.serverReply}),
  ...(parts.certainty === undefined ? {} : {certainty: parts.certainty}),
  ...(parts.causes === undefined ? {} : {causes: parts.causes}),
})

function deciding({id, problem, title, because}: Stage, status: 'warn' | 'fail', exitCode: ExitCode): Verdict {
  const parts: ErrorParts = problem ?? {
    code: 'NOT_LOOKED_AT',
    exitCode,
    title: `Nobody could look at ${id}: ${title}`,
    why: because ?? 'what it needs is not there',
    fixes: [{text: 'Leave out --only and --until, so that all stages are looked at.'}],
  }
  return {...verdictOfParts(parts), status, exitCode, stage: id}
}

function allIsWell(stages: readonly Stage[]): Verdict {
  const passed = stages.filter(({status}) => status === 'pass')
  const last = passed.at(-1)
  return {
    status: 'pass',
    code: 'OK',
    exitCode: EXIT.ok,
    title: last === undefined ? 'There was nothing to look at' : `All ${passed.length} stages pass`,
    why: '',
    fixes: [],
  }
}
