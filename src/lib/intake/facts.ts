/** What the store knows that a decision needs, and the decision itself. Values only: nothing here reads or writes. */
import type {Instant} from '../clock.ts'
import type {Envelope, ItemKey} from '../channel/delivery.ts'
import type {Message} from '../message/message.ts'
import type {AgentLoad, ClosedPolicy, Status} from '../ticket/ticket.ts'

/** A row id. Negative while the row is only planned: what a batch creates gets its real ids when it is committed. */
export type RowId = number

/** What is known about the source that a delivery came from. */
export interface SourceFacts {
  readonly id: RowId
  readonly kind: 'imap' | 'maildir' | 'pipe'
  /** The address of the mailbox that is pulled, in lower case: it names no channel. */
  readonly catchAll: string | null
  /** The one header that names the SMTP recipient, in lower case; null for the usual ones. */
  readonly envelopeHeader: string | null
}

export interface ChannelFacts {
  readonly id: RowId
  /** The current address. */
  readonly address: string
  readonly queueId: RowId | null
  readonly assignOnline: boolean
  readonly active: boolean
}

export interface QueueFacts {
  readonly id: RowId
  readonly key: string
  readonly closedPolicy: ClosedPolicy
  readonly members: readonly RowId[]
}

export interface TicketFacts {
  readonly id: RowId
  /** Null while it is only planned. */
  readonly number: number | null
  readonly status: Status
  readonly closedAt: Instant | null
  readonly queueId: RowId | null
}

/** A message that is in the store, or is decided to be. */
export interface KnownMessage {
  readonly id: RowId
  readonly ticketId: RowId
  readonly headerId: string | null
  readonly fingerprint: string | null
  readonly sourceId: RowId | null
  readonly sourceEpoch: string | null
  readonly envelope: Envelope | null
  readonly fromAddress: string
  readonly baseSubject: string
  readonly date: Instant | null
  readonly receivedAt: Instant
}

/** The facts of a batch. `learn` adds what was decided, so that a mail sees the ones before it in the same batch. */
export interface Facts {
  readonly portal: {readonly id: RowId; readonly key: string; readonly domain: string}
  readonly now: Instant
  /** By every address they answer to, in lower case. */
  readonly channels: ReadonlyMap<string, ChannelFacts>
  readonly queues: ReadonlyMap<RowId, QueueFacts>
  readonly agents: Map<RowId, AgentLoad>
  readonly tickets: Map<RowId, TicketFacts>
  readonly byFingerprint: Map<string, KnownMessage>
  /** Several messages may carry the same Message-ID. Oldest first. */
  readonly byHeaderId: Map<string, KnownMessage[]>
  /** The messages that refer to an id, whether that id was ever seen or not. Oldest first. */
  readonly referringTo: Map<string, KnownMessage[]>
}

/** A delivery whose bytes were read. */
export interface Arrival {
  readonly item: ItemKey
  readonly source: SourceFacts
  readonly envelope: Envelope | null
  readonly receivedAt: Instant
  readonly message: Message
}

/** Which channel a mail is for, and by which header that was found. */
export interface RecipientMatch {
  readonly channel: ChannelFacts
  readonly address: string
  /** `envelope`, or the field name in lower case. */
  readonly header: string
}

export type ThreadMethod = 'reference' | 'new'

export interface ThreadMatch {
  readonly method: ThreadMethod
  /** Null for a new ticket. */
  readonly ticket: TicketFacts | null
  /** The id that joined it. */
  readonly value: string | null
  readonly rejected: readonly {readonly method: ThreadMethod; readonly value: string; readonly why: string}[]
  /** True where the mail opens a closed ticket again. */
  readonly reopens: boolean
}

export interface Route {
  readonly queueId: RowId | null
  readonly owner: AgentLoad | null
  readonly why: string
}

/** Why a mail waits in the quarantine. A stable list; what follows from each stands in quarantine-reasons.ts. */
export const QUARANTINE_REASONS = [
  'unknown-recipient',
  'loop',
  'channel-inactive',
  'needs-queue',
  'parse-failed',
  'oversized',
  'poison',
  'not-storable',
] as const
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number]

/** Everything that will be written about an arrival, complete before anything is. */
export type Decision =
  | {
      readonly kind: 'duplicate'
      readonly of: KnownMessage
      readonly why: string
      readonly recipient: RecipientMatch | null
    }
  | {
      readonly kind: 'quarantine'
      readonly reason: QuarantineReason
      readonly why: string
      readonly recipient: RecipientMatch | null
    }
  | {
      readonly kind: 'accept'
      readonly recipient: RecipientMatch
      readonly thread: ThreadMatch
      /** Null where the mail joins a ticket. */
      readonly route: Route | null
      readonly baseSubject: string
    }
