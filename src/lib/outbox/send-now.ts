/** Sends a message that was just written, so that who wrote it sees what became of it. */
import {setTimeout as sleep} from 'node:timers/promises'
import type {PostdeskError} from '../errors.ts'
import {outboxItems, type OutboxItem} from './items.ts'
import {flushOutbox, type FlushOptions} from './flush.ts'

/** Other messages of the same account that are sent with it: what is due leaves, and nobody waits for a thousand. */
const OTHERS = 20

/** How long, in ms, another process that sends by the account already is given to take it along. */
const PATIENCE_MS = 10_000
const POLL_MS = 100

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
  const {held} = await flushOutbox({...options, first: message, limit: 1 + OTHERS})
  const look = async () => (await outboxItems(store, portal, [message.id]))[0]!
  const {error: obstacle = null, paused = false} = held[0] ?? {}
  let item = await look()
  if (obstacle?.code !== 'OUTBOX_BUSY') return {item, obstacle: isOpen(item) ? obstacle : null, paused}
  const until = performance.now() + PATIENCE_MS
  while (isUntried(item) && performance.now() < until && !signal.aborted) {
    await sleep(POLL_MS)
    item = await look()
  }
  return {item, obstacle: isUntried(item) ? obstacle : null, paused: false}
}

const isOpen = ({recipients}: OutboxItem) => recipients.some(({state}) => state === 'queued' || state === 'sending')

const isUntried = (item: OutboxItem) => item.attempts === 0 && isOpen(item)
