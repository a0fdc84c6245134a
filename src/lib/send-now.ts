/** Sends a message that was just written, so that who wrote it sees what became of it. */
import {setTimeout as sleep} from 'node:timers/promises'
import type {PostdeskError} from './errors.ts'
import {outboxItems, type OutboxItem} from './outbox.ts'
import {flushOutbox, type FlushOptions} from './outbox/flush.ts'

/** Other messages of the same account that are sent with it: what is due leaves, and nobody waits for a thousand. */
const OTHERS = 20

/** How long, in ms, another process that sends by the account already is given to take it along. */
const PATIENCE_MS = 10_000
const POLL_MS = 100

/** `obstacle`: why it was not tried; null where it was. */
export async function sendNow(
  options: Omit<FlushOptions, 'first' | 'limit'>,
  message: {readonly id: number; readonly senderId: number},
): Promise<{readonly item: OutboxItem; readonly obstacle: PostdeskError | null}> {
  const {store, portal, signal} = options
  const {held} = await flushOutbox({...options, first: message, limit: 1 + OTHERS})
  const look = async () => (await outboxItems(store, portal, [message.id]))[0]!
  const obstacle = held[0]?.error ?? null
  let item = await look()
  if (obstacle?.code !== 'OUTBOX_BUSY') return {item, obstacle: isOpen(item) ? obstacle : null}
  const until = performance.now() + PATIENCE_MS
  while (isUntried(item) && performance.now() < until && !signal.aborted) {
    await sleep(POLL_MS)
    item = await look()
  }
  return {item, obstacle: isUntried(item) ? obstacle : null}
}

const isOpen = ({recipients}: OutboxItem) => recipients.some(({state}) => state === 'queued' || state === 'sending')

const isUntried = (item: OutboxItem) => item.attempts === 0 && isOpen(item)
