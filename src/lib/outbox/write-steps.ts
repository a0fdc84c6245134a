/**
 * What connections write, together: each waits for its own step, and one transaction takes the steps of all that wait. A
 * commit to the disk takes as long as a message to a near server, so that single ones would halve the speed.
 */
import type {Clock} from '../clock.ts'
import type {Store} from '../store/open.ts'
import {writeStep, type SenderLease, type SettledMessage} from '../store/outgoing.ts'

/** Writes what became of a message, and takes the next one. Resolves, once that is durable, with its recipients. */
export type WriteStep = (settled: SettledMessage | null, claim: number | null) => Promise<readonly string[]>

interface Waiting {
  readonly settled: SettledMessage | null
  readonly claim: number | null
  readonly resolve: (recipients: readonly string[]) => void
  readonly reject: (error: unknown) => void
}

/** `active`: how many connections there are, all of which will come with a step before long. */
export function createStepWriter(
  {store, lease, clock}: {readonly store: Store; readonly lease: SenderLease; readonly clock: Clock},
  active: () => number,
): WriteStep {
  let waiting: Waiting[] = []
  let writing = false

  const write = async (): Promise<void> => {
    writing = true
    try {
      while (waiting.length > 0) {
        await together(() => waiting.length, active)
        const group = waiting
        waiting = []
        try {
          const taken = await store.transaction((tx) =>
            writeStep(
              tx,
              store.dialect,
              lease,
              {
                settle: group.flatMap(({settled}) => settled ?? []),
                claim: group.flatMap(({claim}) => claim ?? []),
              },
              clock.now(),
            ),
          )
          for (const {claim, resolve} of group) resolve(claim === null ? [] : (taken.get(claim) ?? []))
        } catch (error) {
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
    })
}

/** Longest time, in ms, that a step waits for others to join it: a few commits of a local disk. */
const PATIENCE_MS = 2

/** Waits a little while others are likely to come. */
async function together(here: () => number, active: () => number): Promise<void> {
  const until = performance.now() + PATIENCE_MS
  while (here() < active() && performance.now() < until) await new Promise((resolve) => setImmediate(resolve))
}
