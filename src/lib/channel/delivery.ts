/**
 * The contract between a source of mail and its reception, shared by all protocols.
 *
 * A source pushes deliveries; the sink resolves only when they are durable. The sink is the common thing, not the
 * source: an IMAP mailbox, a Maildir and an MTA's pipe have nothing in common but this.
 */

import type {Instant} from '../clock.ts'

/** MAIL FROM and RCPT TO of an SMTP transaction, nothing else (RFC 5321 2.3.1). */
export interface Envelope {
  /** Null for the null reverse-path `<>`; undefined where the MTA did not tell. */
  readonly sender?: string | null
  readonly recipients: readonly string[]
}

/** Which item of a source this is: IMAP (UIDVALIDITY, UID), a Maildir base name, a queue id of a pipe. */
export interface ItemKey {
  /** UIDVALIDITY for IMAP, with a generation where UIDs were given out twice; `0` where there is no such notion. */
  readonly epoch: string
  /** Unique within source and epoch. IMAP UIDs are padded to ten digits, so that they sort as text. */
  readonly key: string
}

/** Where a source resumes. Opaque to everyone but the source that made it; kept as JSON. */
export type Cursor = Readonly<Record<string, string | number | null>>

/** What a source found at an item. */
export type Content =
  /** The whole message in memory. The bytes are the receiver's, who frees them once they are durable. */
  | {readonly kind: 'raw'; readonly bytes: Uint8Array}
  /** A message too large to hold: read once, in pieces of at most 1 MB. */
  | {readonly kind: 'stream'; readonly chunks: AsyncIterable<Uint8Array>}
  /** Over the configured size limit: only its header was fetched. */
  | {readonly kind: 'oversized'; readonly header: Uint8Array; readonly size: number}
  /** It was announced, and is no longer there. */
  | {readonly kind: 'gone'}
  /** It is there, and the server does not hand it out. */
  | {readonly kind: 'poison'; readonly why: string}
  /** Left for later by `--since`: it is older than the date asked for. */
  | {readonly kind: 'deferred'}

/** A message, or the lack of one, plus how it arrived and the cursor that is reached once it is settled. */
export interface Delivery {
  readonly item: ItemKey
  readonly content: Content
  /** Null where mail is pulled and the envelope is lost. */
  readonly envelope: Envelope | null
  /** When the mail store took it (INTERNALDATE), or now for a pipe. */
  readonly receivedAt: Instant
  /** Where to resume after this delivery and all before it are durable. */
  readonly cursor: Cursor
}

/** What became of a delivery. */
export type OutcomeKind = 'created' | 'appended' | 'duplicate' | 'quarantined' | 'skipped'

export interface Outcome {
  readonly item: ItemKey
  readonly kind: OutcomeKind
  /** The ticket's public number where there is one. */
  readonly ticket: number | null
  /** The channel address that it came to, where one was found. */
  readonly address: string | null
  /** Why, as a stable word or sentence for people and logs. */
  readonly reason: string
  /** Bytes of the raw message. */
  readonly bytes: number
}

/** Takes deliveries and resolves only when all of them are durable. Rejects only when the infrastructure fails. */
export type Receive = (deliveries: readonly Delivery[]) => Promise<readonly Outcome[]>

/** What the store remembers of a source's items, for the source to ask. */
export interface Ledger {
  /**
   * Those keys of the epoch, at or above `from`, that need nothing more: stored, gone or deferred, or poison not due yet. With
   * `among` only those of them.
   */
  settled(epoch: string, from: string, among?: readonly string[]): Promise<ReadonlySet<string>>
  /** Deferred or poison items that are due now, whatever the cursor says. */
  due(epoch: string): Promise<readonly string[]>
  /** Committed items whose effect on the server (seen, moved) is still to be done. */
  unfinished(epoch: string): Promise<readonly string[]>
  /** Records that these items' effect on the server is done. */
  finished(epoch: string, keys: readonly string[]): Promise<void>
}

/** How far a source has come, for a progress bar. */
export interface SourceProgress {
  /** Items that are known to wait, including those taken. */
  readonly expected: number
  readonly taken: number
}

export interface SourceRun {
  readonly cursor: Cursor | null
  readonly ledger: Ledger
  /** At most this many items, oldest first; the cursor stays before the rest. */
  readonly limit?: number
  /** Items received before this instant are deferred. */
  readonly since?: Instant
  /** True for a dry run: nothing is altered on the server. */
  readonly readOnly: boolean
  readonly signal: AbortSignal
  /** Called once when the number of waiting items is known; a false answer ends the run without an error. */
  readonly confirm?: (expected: number) => Promise<boolean>
  readonly onProgress?: (progress: SourceProgress) => void
}

/** Milliseconds of work on the way in, added up by whoever does it. The three overlap. */
export interface Timings {
  /** Waiting for the server and reading what it sends. */
  fetchMs: number
  /** Reading and compressing raw mail. */
  parseMs: number
  commitMs: number
}

/** Pulls mail. Resolves with the cursor reached when nothing more waits; rejects with a catalogued error. */
export interface Source {
  run(receive: Receive, run: SourceRun): Promise<Cursor | null>
  /** Resolves when something may have arrived, at the latest after `timeoutMs`; only a doorbell. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
