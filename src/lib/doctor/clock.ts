/** Whether this machine knows what time it is, by what it can be compared with without asking anybody. */
import {failed, passed, warned, type Finding} from '../channel/stage.ts'
import type {Clock} from '../clock.ts'
import {EXIT, type ErrorParts, type Fix} from '../errors.ts'
import {databaseNow, newestInstant} from '../store/health.ts'
import type {Store} from '../store/open.ts'

/** This program was written after it: a clock before it is wrong. Moved forward with releases, now and then. */
export const WRITTEN_AFTER = '2026-11-01T00:00:00.000Z'

/** What a connection and an unhurried machine may make of two equal clocks; and what a person does not notice. */
const SMALL_MS = 30_000
/** Certificates, signatures and tokens are refused for it (RFC 7519 4.1.4: "no more than a few minutes"). */
const LARGE_MS = 5 * 60_000

const SET_IT: Fix = {text: 'Have the system set its clock (NTP):', command: 'timedatectl set-ntp true'}

export async function lookAtClock(clock: Clock, store: Store | null): Promise<Finding> {
  const now = Date.parse(clock.now())
  const evidence: Record<string, string | number | null> = {now: clock.now()}
  if (now < Date.parse(WRITTEN_AFTER))
    return failed(
      wrongClock(`The clock of this machine says ${clock.now()}`, 'that is before this program was written'),
      evidence,
    )
  if (store === null) return passed(`${clock.now()}; there is nothing to compare it with`, evidence)
  const skew = store.dialect.name === 'postgres' ? await skewOf(store, clock) : null
  const newest = await newestInstant(store.db)
  Object.assign(evidence, {aheadOfDatabaseMs: skew, newestInStore: newest})
  if (skew !== null && Math.abs(skew) >= SMALL_MS) {
    const seconds = Math.round(Math.abs(skew) / 1000)
    const problem = wrongClock(
      `The clock of this machine is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} that of the database`,
      'one of the two is wrong; times in the store are those of the machine that wrote them',
    )
    return Math.abs(skew) >= LARGE_MS ? failed(problem, evidence) : warned(problem, evidence)
  }
  if (newest !== null && Date.parse(newest) > now + LARGE_MS)
    return warned(
      wrongClock(
        `The store holds an instant that is to come: ${newest}`,
        `this machine says ${clock.now()}: its clock is behind, or another that works on the store was ahead`,
      ),
      evidence,
    )
  return passed(
    skew === null ? clock.now() : `${clock.now()}, within ${Math.ceil(Math.abs(skew) / 1000)} s of the database`,
    evidence,
  )
}

/** How far this machine's clock is ahead of the database's, in ms; the way there and back counts half. */
async function skewOf(store: Store, clock: Clock): Promise<number> {
  const before = Date.parse(clock.now())
  const there = Date.parse(await databaseNow(store))
  return (before + Date.parse(clock.now())) / 2 - there
}

const wrongClock = (title: string, why: string): ErrorParts => ({
  code: 'CLOCK_WRONG',
  exitCode: EXIT.config,
  title,
  why,
  fixes: [SET_IT, {text: 'In a virtual machine or a container: set the clock of its host.'}],
})
