/** Sends a message that was just written, so that who wrote it sees what became of it. */
import {setTimeout as sleep} from 'node:timers/promises'
import type {PostdeskError} from '../errors.ts'
import {outboxItems, type OutboxItem} from './items.ts'
import {flushOutbox, type FlushOptions} from './flush.ts'

/** Other messages of the same account that are sent with it: what is due leaves, and nobody waits for a thousand. */
const OTHERS = 20

/** How long, in ms, another process that sends by the account already is given to take it along. */
const PATIENCE_MS = 10_000
const POLL_MS = 200

/** A message after the attempt to send it. */
export interface SentNow {
  readonly item: OutboxItem
  /** Why it was not tried; null where it was. */
  readonly obstacle: PostdeskError | null
  /** True where nothing leaves by its account until somebody acts. */
  readonly paused: boolean
}

export async function sendNow(
  options: Omit<FlushOptions, 'first' | 'limit'>,
  message: {readonly id: number; readonly senderId: number},
): Promise<SentNow> {
  const {store, portal, signal} = options
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    const {held} = await flushOutbox({...options, first: message, limit: 1 + OTHERS})
    const item = (await outboxItems(store, portal, [message.id]))[0]!
    const {error: obstacle = null, paused = false} = held[0] ?? {}
    if (!isOpen(item)) return {item, obstacle: null, paused: false}
    // The other one takes it along, or ends without having seen it.
    const waits = obstacle?.code === 'OUTBOX_BUSY' && item.attempts === 0
    if (!waits || performance.now() >= until || signal.aborted) return {item, obstacle, paused}
    await sleep(POLL_MS)
  }
}

const isOpen = ({recipients}: OutboxItem) => recipients.some(({state}) => state === 'queued' || state === 'sending')
