/**
 * The contract between the outbox and what sends its mail, shared by all protocols: what leaves, and what a server said of
 * it, recipient by recipient.
 */
import type {PostdeskError} from '../errors.ts'

/** A message on its way out. The same bytes at every attempt. */
export interface Outgoing {
  /** The reverse-path of the envelope; `''` for the null one (RFC 5321 4.5.5). */
  readonly sender: string
  /** Tried where a server takes no null reverse-path; null where there is nothing to fall back on. */
  readonly fallbackSender: string | null
  /** Those who are to get it now, as they were written: only its server knows whether case matters before the @ (RFC 5321 2.4). */
  readonly recipients: readonly string[]
  readonly raw: Uint8Array
}

/** What an attempt came to for one recipient. */
export type RecipientResult =
  /** The server took the message for it: the final reply was 2yz (RFC 5321 4.2.1). */
  | 'sent'
  /** Refused for good, 5yz. */
  | 'failed'
  /** Refused for now, 4yz, or not reached before the message was given over: may be tried again. */
  | 'deferred'
  /** The connection was lost after the message was given over: nobody knows. */
  | 'unknown'

export interface RecipientReceipt {
  readonly address: string
  readonly result: RecipientResult
  /** The server's own words; for what no server said anything about, why, in ours. */
  readonly reply: string
}

/** What came of one attempt. */
export interface Receipt {
  readonly recipients: readonly RecipientReceipt[]
  /** The Message-ID that the provider gave the message in place of ours, without angle brackets; null where it kept ours. */
  readonly messageId: string | null
  /**
   * What stands in the way of every message of this account: the login or the sender is refused, the server throttles, the
   * connection is lost. Null where whatever happened concerns this message alone.
   */
  readonly obstacle: PostdeskError | null
}

/** An open way out. One message at a time. */
export interface SenderConnection {
  /** Never rejects for what a server says or does: that is in the receipt. Rejects only where the program is wrong. */
  send(outgoing: Outgoing): Promise<Receipt>
  /** False once the connection takes no further message. */
  isOpen(): boolean
  /** Says QUIT where that can be said, and frees the socket. */
  close(): Promise<void>
}

/** Where mail of an account goes out. */
export interface Sender {
  /** Connects and logs in. @throws what stands in the way, catalogued: 20 to 25, 75. */
  open(signal: AbortSignal): Promise<SenderConnection>
}
