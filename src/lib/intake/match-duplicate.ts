/** Whether a mail is one that the portal has already. */
import type {Envelope} from '../channel/delivery.ts'
import {isFailure} from './authenticity.ts'
import type {Arrival, Facts, KnownMessage, RowId} from './facts.ts'

export interface DuplicateMatch {
  readonly of: KnownMessage
  readonly why: string
}

/**
 * How far apart two arrivals of one mail may be where its bytes alone do not tell, in ms: a forwarder changes them, and a
 * machine may write the same alarm each day.
 */
const SAME_MAIL_MS = 24 * 60 * 60 * 1000

/**
 * Two tiers: the exact fingerprint; or the same Message-ID, From, Date and base subject from a different source within
 * a day, since a forwarder changes bytes. A reused Message-ID with other content is another mail.
 */
export function matchDuplicate(arrival: Arrival, baseSubject: string, facts: Facts): DuplicateMatch | null {
  const {message, source} = arrival
  const exact = facts.byFingerprint.get(message.fingerprint)
  if (exact && (message.messageId !== null || isSameItem(arrival, exact)))
    return {of: exact, why: 'the same mail is here already (fingerprint)'}
  if (message.messageId === null || isFailure(arrival)) return null
  const forwarded = (facts.byHeaderId.get(message.messageId) ?? []).find(
    (known) =>
      // What is not of its sender must not stand in the place of what is.
      !known.forged &&
      known.sourceId !== null &&
      known.sourceId !== source.id &&
      known.date !== null &&
      known.date === message.date &&
      known.fromAddress === (message.from[0]?.address ?? '') &&
      known.baseSubject === baseSubject &&
      areClose(arrival, known),
  )
  return forwarded
    ? {of: forwarded, why: 'the same mail came by another source (Message-ID, From, Date, subject)'}
    : null
}

/**
 * Without a Message-ID equal bytes may still be two mails (a form that is sent twice), so it must also be the same item:
 * listed again under another UIDVALIDITY or by a new source, or handed in again in the same envelope soon after, as by an
 * MTA that did not hear our answer.
 */
function isSameItem(arrival: Arrival, known: KnownMessage): boolean {
  const listedAgain = known.sourceId !== arrival.source.id || known.sourceEpoch !== arrival.item.epoch
  const handedInAgain = arrival.envelope !== null && sameEnvelope(arrival.envelope, known.envelope)
  return listedAgain || (handedInAgain && areClose(arrival, known))
}

const areClose = (arrival: Arrival, known: KnownMessage): boolean =>
  Math.abs(Date.parse(known.receivedAt) - Date.parse(arrival.receivedAt)) <= SAME_MAIL_MS

function sameEnvelope(a: Envelope, b: Envelope | null): boolean {
  return b !== null && a.sender === b.sender && a.recipients.join('\n') === b.recipients.join('\n')
}

/** A message with the same Message-ID and other content: programs of shops and carriers reuse ids. Null where none is. */
export function reusedId({message}: Arrival, facts: Facts): RowId | null {
  return message.messageId === null ? null : (facts.byHeaderId.get(message.messageId)?.[0]?.id ?? null)
}
