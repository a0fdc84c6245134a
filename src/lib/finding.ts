/** What an admin should look at. */
import {EXIT, type ExitCode, type Fix} from './errors.ts'

/** Findings that `--fail-on` can ask for. */
export const FAILURES = ['stale', 'error', 'consent', 'unverified'] as const
export type Failure = (typeof FAILURES)[number]

/** Something an admin should look at. */
export interface Finding {
  readonly code: string
  /** What is so, and why that matters: behind a colon, where there is one. */
  readonly text: string
  readonly fixes: readonly Fix[]
  /**
   * The word of `--fail-on` that asks for it; null where none does. `error`: mail does not flow, or did not arrive.
   * `unverified`: nobody has seen that it works.
   */
  readonly failOn: Failure | null
  /** With what `doctor` fails for it; left out where the portal works, and somebody should merely look. */
  readonly exitCode?: ExitCode
}

/** The class of an error that was noted with a source or an account. */
export function notedClass(json: string): ExitCode {
  const {exitCode} = JSON.parse(json) as {readonly exitCode?: ExitCode}
  return exitCode ?? EXIT.unclassified
}
