/** What an admin should look at. */
import type {Fix} from './errors.ts'

/** Findings that `--fail-on` can ask for. */
export const FAILURES = ['stale', 'error', 'consent', 'unverified'] as const
export type Failure = (typeof FAILURES)[number]

/** Something an admin should look at. */
export interface Finding {
  readonly code: string
  readonly text: string
  readonly fixes: readonly Fix[]
  /** The word of `--fail-on` that asks for it; null where none does. */
  readonly failOn: Failure | null
}
