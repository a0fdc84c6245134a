/** A look into what mail comes in by, for a few mails that are waited for: nothing is altered, and nothing is taken. */
import type {Instant} from '../clock.ts'

/** What a mail is recognised by, and a report on it by what it returns of the mail. */
export interface SoughtMail {
  /** A field of its header, and a word that stands in no other mail. */
  readonly field: string
  readonly word: string
  /** Its Message-ID, without angle brackets. */
  readonly messageId: string
  /** Its subject, whole or in part: another mail may have been written around it. */
  readonly subject: string
}

/** Where a mail was seen: where the inbound is fetched from, among what a filter takes for junk, or elsewhere. */
export type PlaceRole = 'inbound' | 'junk' | 'other'

/** A mail that is there. Whether it is the one that is waited for is told by what stands in it. */
export interface SightedMail {
  /** At most `SIGHTED_BYTES` of it. */
  readonly raw: Uint8Array
  readonly isWhole: boolean
  /** When the mailbox took it; null where it does not say. */
  readonly receivedAt: Instant | null
  /** The name of the mailbox. */
  readonly place: string
  readonly role: PlaceRole
}

/** Bytes of a mail that is read: one that is waited for is short, and servers add some 20 KB on the way. */
export const SIGHTED_BYTES = 256 * 1024

/** Mails that are read of one place: one that is waited for is there once or twice. */
export const MAX_SIGHTED = 20

export interface InboundLook {
  /** Those that are there by now and were not given before. @throws catalogued, or the signal's reason. */
  find(sought: readonly SoughtMail[], signal: AbortSignal): Promise<readonly SightedMail[]>
  /** As `find`, in all that the account has: a filter may have put it away. Takes its time. */
  findAnywhere(sought: readonly SoughtMail[], signal: AbortSignal): Promise<readonly SightedMail[]>
  close(): void
}
