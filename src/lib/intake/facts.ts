/** What the store knows that a decision needs, and the decision itself. Values only: nothing here reads or writes. */
import type {Instant} from '../clock.ts'
import type {Authentication} from '../channel/authentication.ts'
import type {Envelope, ItemKey} from '../channel/delivery.ts'
import type {Address, BouncedRecipient, Message} from '../message/message.ts'
import type {AgentLoad, ClosedPolicy, Status} from '../ticket/ticket.ts'
import type {ProbeSighting} from './match-probe.ts'

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
  /** Whose Authentication-Results are believed (RFC 8601 2.5); null for nobody's. */
  readonly trustedAuthservId: string | null
  /** Where it took the place of another source: when. What it holds from before was answered there, or is not to be. */
  readonly replacedAt: Instant | null
}

export interface ChannelFacts {
  readonly id: RowId
  readonly kind: 'internal' | 'gmail' | 'smtp'
  /** The current address. */
  readonly address: string
  readonly queueId: RowId | null
  /** Null only for an SMTP address that leaves both to the internal address that it forwards to. */
  readonly assignOnline: boolean | null
  readonly autoReply: boolean | null
  readonly active: boolean
  /** The internal channel that an SMTP address forwards to; null for all others. */
  readonly forwardsTo: RowId | null
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
  /** The channel that it came by. */
  readonly channelId: RowId | null
  readonly ownerId: RowId | null
}

/** A message that is in the store, or is decided to be. */
export interface KnownMessage {
  readonly id: RowId
  readonly ticketId: RowId
  /** `out` for mail that was sent from here. */
  readonly direction: 'in' | 'out'
  readonly headerId: string | null
  readonly fingerprint: string | null
  readonly sourceId: RowId | null
  readonly sourceEpoch: string | null
  readonly envelope: Envelope | null
  readonly fromAddress: string
  /** True where it was shown not to be of its sender. */
  readonly forged: boolean
  readonly baseSubject: string
  readonly date: Instant | null
  readonly receivedAt: Instant
}

/** An outgoing message as its token leads to it. */
export interface TokenFacts {
  readonly kind: 'reply' | 'return-path' | 'message-id'
  readonly ticketId: RowId
  readonly messageId: RowId
  /** After it the token opens nothing; null for never. */
  readonly expiresAt: Instant | null
}

/** A mail of ours that is to come back. */
export interface ProbeFacts {
  readonly id: RowId
  /** The current address of the SMTP channel that is tested. */
  readonly address: string
  /** What comes later is not taken for it. */
  readonly expiresAt: Instant
}

/** Automatic replies that were decided on lately: what the budgets count. Newest or oldest first alike. */
export interface AutoReplyFacts {
  /** The last 24 hours, by `budgetAddress`. */
  readonly bySender: Map<string, Instant[]>
  /** The last hour, by domain. */
  readonly byDomain: Map<string, Instant[]>
  /** The last hour, of the whole portal. */
  portalLastHour: number
}

/** The facts of a batch. `learn` adds what was decided, so that a mail sees the ones before it in the same batch. */
export interface Facts {
  readonly portal: {
    readonly id: RowId
    readonly key: string
    readonly domain: string
    /** What the portal marks its mail with (`loopMark`). */
    readonly loopMark: string
    /** How the system's own mail leaves: by an account of its own, by a channel, or not at all. */
    readonly relay: {readonly kind: 'smtp'} | {readonly kind: 'channel'; readonly channelId: RowId} | null
  }
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
  /** By hash, those that the mails of the batch may carry. */
  readonly tokens: ReadonlyMap<string, TokenFacts>
  /** By the hash of the nonce, those whose mark the mails of the batch bear. */
  readonly probes: ReadonlyMap<string, ProbeFacts>
  /** By public number, where a merged one leads to the ticket it is part of; those that the subjects name. */
  readonly ticketsByNumber: ReadonlyMap<number, RowId>
  /** Of each ticket, in lower case: at least those participants that sent a mail of the batch. */
  readonly participants: Map<RowId, Set<string>>
  readonly autoReplies: AutoReplyFacts
}

/** A delivery whose bytes were read. */
export interface Arrival {
  readonly item: ItemKey
  readonly source: SourceFacts
  readonly envelope: Envelope | null
  readonly receivedAt: Instant
  readonly message: Message
  /** What is known of its sender's authenticity; null where nobody asked, which counts as unknown. */
  readonly authentication: Authentication | null
  /** A person says that it waits in the quarantine for this reason wrongly; left out where nobody does. */
  readonly overruled?: 'forwarding-confirmation'
}

/** What kind of mail it is. It decides what follows from the mail, never whether it is kept. */
export interface Verdict {
  readonly kind: 'human' | 'auto-reply' | 'bulk' | 'bounce' | 'report' | 'loop' | 'own'
  readonly reason: string
  /** The field that shows it, in lower case; `envelope` for the SMTP envelope; null where none does. */
  readonly header: string | null
  /** What a bounce says of each recipient; empty for all others. */
  readonly bounces: readonly BouncedRecipient[]
}

/** Which channel a mail is for, and by which header that was found. */
export interface RecipientMatch {
  readonly channel: ChannelFacts
  readonly address: string
  /** `envelope`, or the field name in lower case. */
  readonly header: string
  /** For mail that was forwarded for an SMTP address: the internal channel that it came in by; null for all other mail. */
  readonly internal: ChannelFacts | null
}

export type ThreadMethod = 'reply-token' | 'own-message-id' | 'reference' | 'subject-tag' | 'new'

/** A ticket that a mail points to and does not join. */
export interface RejectedThread {
  readonly method: ThreadMethod
  /** What points to it, tokens masked. */
  readonly value: string
  readonly why: string
}

export interface ThreadMatch {
  readonly method: ThreadMethod
  /** Null for a new ticket. */
  readonly ticket: TicketFacts | null
  /** What joined it, tokens masked. */
  readonly value: string | null
  readonly rejected: readonly RejectedThread[]
  /** True where the mail opens a closed or pending ticket again. */
  readonly reopens: boolean
  /** True where its sender is no participant of the ticket: it is shown, and changes nothing else. */
  readonly thirdParty: boolean
  /** The outgoing message that a bounce or another report is about; null where none was found. */
  readonly reported: {readonly messageId: RowId} | null
}

/** Whether the mail is answered automatically, and why or why not. */
export interface AutoReplyDecision {
  readonly send: boolean
  readonly why: string
  /** How the answer leaves; null where none is sent, or there is no way. */
  readonly by: AutoReplyWay | null
}

/** In whose name an automatic reply is written, and by which account it leaves. */
export interface AutoReplyWay {
  /** The channel whose account it leaves by; null for the relay's own. */
  readonly account: ChannelFacts | null
  /** Whose address stands in From. */
  readonly from: ChannelFacts
  /** Where answers go, if not to From. */
  readonly replyTo: ChannelFacts | null
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
  'forwarding-confirmation',
] as const
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number]

/** What is said of every arrival, whatever becomes of it. */
interface Judged {
  readonly verdict: Verdict
  readonly recipient: RecipientMatch | null
}

/** Everything that will be written about an arrival, complete before anything is. */
export type Decision =
  | (Judged & {readonly kind: 'duplicate'; readonly of: Pick<KnownMessage, 'id' | 'ticketId'>; readonly why: string})
  /** A mail of ours that was to come back, or a report on one: it is noted, and kept nowhere else. */
  | (Judged & {
      readonly kind: 'probe'
      readonly probe: ProbeFacts
      readonly sighting: ProbeSighting
      readonly why: string
    })
  | (Judged & {readonly kind: 'quarantine'; readonly reason: QuarantineReason; readonly why: string})
  | (Judged & {
      readonly kind: 'accept'
      readonly recipient: RecipientMatch
      readonly thread: ThreadMatch
      /** Null where the mail joins a ticket. */
      readonly route: Route | null
      /** Who asks, for a new ticket. */
      readonly requester: Address
      /** The agent who forwarded the mail of the requester; null where the requester wrote himself. */
      readonly forwardedBy: string | null
      /** Who belongs to the conversation from now on, in lower case. */
      readonly participants: readonly string[]
      readonly autoReply: AutoReplyDecision
      /** The message whose Message-ID it has with other content; null for an id of its own. */
      readonly reusesIdOf: RowId | null
      readonly baseSubject: string
    })
