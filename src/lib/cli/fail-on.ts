/** The values of `--fail-on`: which findings make `email status` exit with 2. */
import {FAILURES, type Failure} from '../finding.ts'
import {invalidValue} from '../errors.ts'
import {nearNames} from '../near-names.ts'

const SECONDS = {s: 1, m: 60, h: 3600, d: 86_400} as const

export interface FailOn {
  readonly failures: ReadonlySet<Failure>
  /** Seconds without a sync that are too many. */
  readonly staleAfter?: number
}

/** Reads `error`, `consent`, `unverified` and `stale=1h`. @throws 64 for anything else. */
export function parseFailOn(words: readonly string[]): FailOn {
  const failures = new Set<Failure>()
  let staleAfter: number | undefined
  for (const word of words) {
    const name = word.split('=', 1)[0]!
    const failure = FAILURES.find((known) => known === name)
    if (!failure || (failure === 'stale') !== word.includes('='))
      throw invalidValue(
        `--fail-on ${JSON.stringify(word)}`,
        'use error, consent, unverified, or stale with a time, such as stale=1h',
        nearNames(name, FAILURES).map((near) => ({text: `Did you mean "${near === 'stale' ? 'stale=1h' : near}"?`})),
      )
    failures.add(failure)
    if (failure === 'stale') staleAfter = parseDuration(word.slice('stale='.length))
  }
  return {failures, ...(staleAfter === undefined ? {} : {staleAfter})}
}

function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (unit === undefined) throw invalidValue(`--fail-on stale=${text}`, 'write a time such as 90s, 30m, 1h or 2d')
  return Number(count) * SECONDS[unit as keyof typeof SECONDS]
}
