/**
 * What connections write, together: each waits for its own step, and one transaction takes the steps of all that wait. A
 * commit to the disk takes as long as a message to a near server, so that single ones would halve the speed.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import type {Clock} from '../clock.ts'
import {PostdeskError} from '../errors.ts'
import type {Store} from '../store/open.ts'
import {writeStep, type SenderLease, type SettledMessage} from '../store/outgoing-steps.ts'

/** Writes what became of a message, and takes the next one. Resolves, once that is durable, with its recipients. */
export type WriteStep = (settled: SettledMessage | null, claim: number | null) => Promise<readonly string[]>

interface Waiting {
  readonly settled: SettledMessage | null
  readonly claim: number | null
  readonly resolve: (recipients: readonly string[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * Longest time, in ms, that a step waits for others to join it: about as long as a near server takes for a message of each
 * connection, so that they stay in step. To a far one, which takes a tenth of a second, it is nothing.
 */
const PATIENCE_MS = 5

/** `active`: how many connections there are, all of which will come with a step before long. */
export function createStepWriter(
  {store, lease, clock}: {readonly store: Store; readonly lease: SenderLease; readonly clock: Clock},
  active: () => number,
): WriteStep {
  let waiting: Waiting[] = []
  let writing = false
  /** Ends the wait for others. */
  let complete = (): void => {}
  // Half of them: while their step is written the server works on the mails of the others.
  const isComplete = () => waiting.length >= active() / 2

  /** Waits a little while others are likely to come. */
  const together = (): Promise<void> =>
    new Promise((resolve) => {
      if (isComplete()) return resolve()
      const timer = setTimeout(resolve, PATIENCE_MS)
      complete = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const step = (group: readonly Waiting[]) =>
    store.transaction((tx) =>
      writeStep(
        tx,
        store.dialect,
        lease,
        {settle: group.flatMap(({settled}) => settled ?? []), claim: group.flatMap(({claim}) => claim ?? [])},
        clock.now(),
      ),
    )

  /**
   * The store refused a step: it is full, or away. What servers have answered is known here alone, and would be unknown once
   * we are gone; so it is tried again for a while, without taking anything new.
   */
  const keepTrying = async (group: readonly Waiting[]): Promise<void> => {
    const known = group.filter(({settled}) => settled !== null).map((waiting) => ({...waiting, claim: null}))
    const until = performance.now() + STORE_PATIENCE_MS
    while (known.length > 0 && performance.now() < until) {
      await sleep(STORE_PAUSE_MS)
      const failure = await step(known).then(
        () => null,
        (error: unknown) => error,
      )
      if (failure === null || (failure instanceof PostdeskError && failure.code === 'LEASE_LOST')) return
    }
  }

  const write = async (): Promise<void> => {
    writing = true
    try {
      while (waiting.length > 0) {
        await together()
        const group = waiting
        waiting = []
        try {
          const taken = await step(group)
          for (const {claim, resolve} of group) resolve(claim === null ? [] : (taken.get(claim) ?? []))
        } catch (error) {
          await keepTrying(group)
          for (const {reject} of group) reject(error)
        }
      }
    } finally {
      writing = false
    }
  }

  return (settled, claim) =>
    new Promise((resolve, reject) => {
      waiting.push({settled, claim, resolve, reject})
      if (!writing) void write()
      else if (isComplete()) complete()
    })
}

/** How long, in ms, a store that refuses is asked again to keep what servers have answered. The lease holds for 60 s. */
const STORE_PATIENCE_MS = 30_000
const STORE_PAUSE_MS = 500
