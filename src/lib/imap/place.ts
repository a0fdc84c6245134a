/**
 * Where a source stands in an IMAP mailbox, as its cursor keeps it, and how messages are named there.
 */
import {createHash} from 'node:crypto'
import type {Instant} from '../clock.ts'
import type {Cursor, ItemKey} from '../channel/delivery.ts'
import type {MailboxState, Metadata} from './mailbox.ts'

export interface Place {
  /** UIDVALIDITY; `UNSTABLE` where the mailbox has none. Items also carry a generation in theirs: `itemOf`. */
  readonly epoch: string
  /** UIDNEXT as the server last said it. */
  readonly uidNext: number | null
  /** The lowest UID that may still be unsettled: all below are in the ledger. */
  readonly lowest: number
  /** When all UIDs were last compared with the ledger. */
  readonly reconciledAt: Instant | null
  /**
   * UIDNEXT has gone back to here, so UIDs from here on may have been given out twice: they carry `generation` in
   * their epoch. Null while that has never happened.
   */
  readonly suspectFrom: number | null
  readonly generation: number
}

/** The epoch of a mailbox whose UIDs mean nothing beyond a session. Its messages are named by what they are. */
export const UNSTABLE = 'unstable'

/** The place that a cursor of this source holds; null for none, or for one that another program wrote. */
export function readPlace(cursor: Cursor | null): Place | null {
  if (cursor === null) return null
  const {epoch, uidNext, lowest, reconciledAt, suspectFrom, generation} = cursor
  if (typeof epoch !== 'string' || typeof lowest !== 'number') return null
  return {
    epoch,
    lowest,
    uidNext: typeof uidNext === 'number' ? uidNext : null,
    reconciledAt: typeof reconciledAt === 'string' ? reconciledAt : null,
    suspectFrom: typeof suspectFrom === 'number' ? suspectFrom : null,
    generation: typeof generation === 'number' ? generation : 0,
  }
}

/** The cursor that keeps a place. */
export const toCursor = (place: Place): Cursor => ({...place})

/** True where nothing can have come since `place`: then nothing but STATUS was needed. */
export function isUnchanged(place: Place, state: MailboxState): boolean {
  return (
    state.uidValidity === place.epoch &&
    state.uidNext !== null &&
    state.uidNext === place.uidNext &&
    place.lowest >= state.uidNext
  )
}

/** The place to go on from in the mailbox as it is now: the known one, or the beginning of a new epoch. */
export function placeIn(known: Place | null, state: MailboxState): Place {
  const epoch = state.uidValidity ?? UNSTABLE
  const {uidNext} = state
  // Any other UIDVALIDITY, also a lower one, makes every known UID void (RFC 9051 2.3.1.1).
  if (known?.epoch !== epoch) return {epoch, uidNext, lowest: 1, reconciledAt: null, suspectFrom: null, generation: 0}
  if (epoch !== UNSTABLE && uidNext !== null && known.uidNext !== null && uidNext < known.uidNext)
    return {
      ...known,
      uidNext,
      lowest: Math.min(known.lowest, uidNext),
      reconciledAt: null,
      suspectFrom: Math.min(known.suspectFrom ?? uidNext, uidNext),
      generation: known.generation + 1,
    }
  return {...known, uidNext}
}

/** Ten digits hold every UID, and text of one length sorts as its numbers do. */
const UID_DIGITS = 10

/** The ledger key of a UID. */
export const keyOf = (uid: number): string => String(uid).padStart(UID_DIGITS, '0')

/** The item of a UID. One that may have been given out twice is of another epoch: that of its generation. */
export function itemOf(uid: number, {epoch, suspectFrom, generation}: Place): ItemKey {
  const suspect = suspectFrom !== null && uid >= suspectFrom
  return {epoch: suspect ? `${epoch}.${generation}` : epoch, key: keyOf(uid)}
}

/** The epochs of the items that the mailbox may hold. */
export const epochsOf = ({epoch, suspectFrom, generation}: Place): readonly string[] =>
  suspectFrom === null ? [epoch] : [epoch, `${epoch}.${generation}`]

/** The UIDVALIDITY in the epoch of an item, or `UNSTABLE`. */
export const uidValidityIn = (epoch: string): string => epoch.split('.', 1)[0]!

/** The UID in a ledger key; null in the key of an unstable mailbox. */
export function uidIn(key: string): number | null {
  // Keys once carried the generation at their end.
  const digits = /^\d{10}(?=$|\.)/.exec(key)
  return digits ? Number(digits[0]) : null
}

/** The UID of an item; null where the UID may have become another message's since. */
export function uidOf({epoch, key}: ItemKey, place: Place): number | null {
  const uid = uidIn(key)
  if (uid === null) return null
  const item = itemOf(uid, place)
  return item.epoch === epoch && item.key === key ? uid : null
}

/**
 * The name of a message in a mailbox without stable UIDs: what the server itself calls it, else what it looks like.
 * Two messages alike in all of that are copies of one mail.
 */
export function identityOf({emailId, receivedAt, size, header}: Metadata): string {
  if (emailId !== null) return `email-${emailId}`
  const hash = createHash('sha256').update(`${receivedAt?.toISOString() ?? ''}\n${size}\n`)
  return `looks-${hash
    .update(header ?? Buffer.alloc(0))
    .digest('hex')
    .slice(0, 32)}`
}
