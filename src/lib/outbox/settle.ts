/**
 * What follows from an attempt: which recipients are done, which are tried again and when. Pure; the clock is an argument.
 *
 * A connection that was lost after the message was given over leaves `unknown`, which is never tried again unless a person
 * says so: a customer who gets no answer asks again, one who gets it twice thinks less of us.
 */
import type {Instant} from '../clock.ts'
import type {Receipt, RecipientReceipt} from '../channel/outgoing.ts'
import type {DueMessage, SettledMessage, SettledRecipient} from '../store/outgoing-steps.ts'

const MINUTE_MS = 60_000

/**
 * Milliseconds until the next attempt, by how many there were; the last one holds from then on. RFC 5321 4.5.4.1 asks for 30
 * minutes in the long run, and allows quick ones at first: greylisting lets in what comes back after some minutes.
 */
const PAUSES_MS = [1, 5, 15, 30, 60, 120, 240].map((minutes) => minutes * MINUTE_MS)

/** How long a message is tried, in milliseconds. */
const PATIENCE_MS: Readonly<Record<DueMessage['kind'], number>> = {
  // RFC 5321 4.5.4.1: at least 4 to 5 days.
  reply: 5 * 24 * 60 * MINUTE_MS,
  // It says that a mail came in. Later than that it only confuses.
  'auto-reply': 3 * 24 * 60 * MINUTE_MS,
}

/** When a message that is written now is given up. */
export const expiryOf = (kind: DueMessage['kind'], now: Instant): Instant => later(now, PATIENCE_MS[kind])

/** How long after so many failures in a row (from 1) it is tried again, in milliseconds. */
export const pauseAfter = (failures: number): number =>
  PAUSES_MS[Math.min(Math.max(failures, 1), PAUSES_MS.length) - 1]!

const later = (now: Instant, ms: number): Instant => new Date(Date.parse(now) + ms).toISOString()

/** Why a message is given up. */
export const EXPIRED = 'given up: it could not be sent in time'

/**
 * True where it is not even tried any more. A reply is tried whatever its age, since it may have been held, or this machine
 * been off; of an automatic one nobody waits for the late answer.
 */
export const isTooLate = ({kind, expiresAt}: DueMessage, now: Instant): boolean =>
  kind === 'auto-reply' && expiresAt !== null && expiresAt <= now

/** A message that is given up without another attempt. */
export function giveUp(message: DueMessage, addresses: readonly string[], why: string = EXPIRED): SettledMessage {
  return {
    id: message.id,
    ticketId: message.ticketId,
    recipients: addresses.map((address) => ({address, state: 'failed', reply: why})),
    attempted: false,
    nextAt: null,
    messageId: null,
  }
}

/** What is written after an attempt. */
export function settle(message: DueMessage, receipt: Receipt, now: Instant): SettledMessage {
  const nextTry = later(now, pauseAfter(message.attempts + 1))
  const tooLate = message.expiresAt !== null && message.expiresAt <= nextTry
  const recipients = receipt.recipients.map((recipient) => settleRecipient(recipient, tooLate))
  return {
    id: message.id,
    ticketId: message.ticketId,
    recipients,
    attempted: true,
    nextAt: recipients.some(({state}) => state === 'queued') ? nextTry : null,
    messageId: receipt.messageId,
  }
}

function settleRecipient({address, result, reply}: RecipientReceipt, tooLate: boolean): SettledRecipient {
  if (result !== 'deferred') return {address, state: result, reply}
  return tooLate ? {address, state: 'failed', reply: `${EXPIRED}; last: ${reply}`} : {address, state: 'queued', reply}
}
