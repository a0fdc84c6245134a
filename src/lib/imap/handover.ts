/**
 * Hands batches to the reception in order without waiting for each: the next one is fetched while it works.
 */
import type {Cursor, Delivery, Outcome, Receive} from '../channel/delivery.ts'

export interface Handover {
  /** Hands a batch over. `release` is called when the reception is done with it, whatever became of it. */
  hand(deliveries: readonly Delivery[], release?: () => Promise<void>): void
  /** Waits until at most `most` batches are not durable yet. Rejects with what the reception rejects with. */
  settle(most: number): Promise<void>
  /**
   * Waits for what was handed over, so that nobody commits after the run has ended. Gives the cursor of the last
   * durable batch; rejects with what the reception rejects with.
   */
  finish(): Promise<Cursor | null>
}

interface Batch {
  readonly deliveries: readonly Delivery[]
  readonly outcomes: Promise<readonly Outcome[]>
  isSettled: boolean
}

/** `whenDurable` is called for each batch in order, from within `settle`. `cursor` holds before the first batch. */
export function createHandover(
  receive: Receive,
  cursor: Cursor | null,
  whenDurable: (deliveries: readonly Delivery[]) => Promise<void>,
): Handover {
  const pending: Batch[] = []
  let reached = cursor

  /** The batch in front, which leaves the queue once it is durable. */
  const next = async () => {
    const {deliveries, outcomes} = pending[0]!
    await outcomes
    pending.shift()
    reached = deliveries.at(-1)!.cursor
    return deliveries
  }
  return {
    hand(deliveries, release = async () => {}) {
      if (deliveries.length === 0) return
      const receiveAndRelease = async () => {
        try {
          return await receive(deliveries)
        } finally {
          await release()
        }
      }
      const batch: Batch = {deliveries, outcomes: receiveAndRelease(), isSettled: false}
      const settled = () => {
        batch.isSettled = true
      }
      // Looked at in its turn; until then a rejection must not count as unhandled.
      batch.outcomes.then(settled, settled)
      pending.push(batch)
    },
    async settle(most) {
      while (pending.length > most || pending[0]?.isSettled === true) {
        await whenDurable(await next())
      }
    },
    async finish() {
      await Promise.allSettled(pending.map(({outcomes}) => outcomes))
      while (pending.length > 0) await next()
      return reached
    },
  }
}
