/**
 * The tables as Kysely sees them. `portal_id` is part of every key. Only three column types are used, so that both
 * databases hold the same values: integers below 2^53, text (instants as ISO 8601 UTC, lists as JSON), bytes.
 * What a column means is never changed; a migration adds another.
 */
import type {Kysely, Transaction} from 'kysely'

/** One row: the store itself. */
export interface StoreTable {
  /** Random; secrets are kept under it, so that two stores with equal portal keys never meet. */
  id: string
  next_portal_id: number
  created_at: string
}

export interface MigrationTable {
  version: number
  name: string
  applied_at: string
}

export interface PortalTable {
  id: number
  key: string
  domain: string
  name: string
  timezone: string
  locale: string
  /** Bytes; a larger message is quarantined with its header. */
  max_message_size: number
  inbound_source_id: number | null
  /** How the system's own mail leaves, JSON of `Relay`; null where nothing was said. */
  relay: string | null
  /** The next free row id of this portal, shared by all its tables: one statement reserves the ids of a batch. */
  next_id: number
  next_ticket_number: number
  created_at: string
  updated_at: string
}

export interface QueueTable {
  portal_id: number
  id: number
  key: string
  name: string
  /** What a new mail does to a closed ticket: `reopen`, `new`, `new-after=DAYS`. */
  closed_policy: string
  sender_channel_id: number | null
  created_at: string
  updated_at: string
}

export interface AgentTable {
  portal_id: number
  id: number
  email: string
  name: string
  /** Null while offline. */
  online_since: string | null
  /** When a ticket was last given to the agent; null for never, which is longest ago. */
  last_assigned_at: string | null
  created_at: string
  updated_at: string
}

export interface QueueMemberTable {
  portal_id: number
  queue_id: number
  agent_id: number
}

export interface ChannelTable {
  portal_id: number
  id: number
  kind: string
  /** The current address, as written by the admin. */
  address: string
  /** The display name. */
  name: string
  queue_id: number | null
  assign_online: number
  /** Null while the channel is active. */
  deactivated_at: string | null
  auto_reply: number
  auto_reply_subject: string
  auto_reply_body: string
  created_at: string
  updated_at: string
}

/** Every address a channel answers to: the current one and those it had before. */
export interface ChannelAddressTable {
  portal_id: number
  /** In lower case. */
  address: string
  channel_id: number
}

/** What an SMTP address has beside what every channel has. */
export interface SmtpChannelTable {
  portal_id: number
  channel_id: number
  host: string
  port: number
  security: string
  user_name: string
  /** The internal channel that its owner forwards its mail to; null while nothing comes in by it. */
  forwards_to_id: number | null
  forwarding_verified_at: string | null
  /** When a login with the host, port, security and user of now succeeded; null for never. */
  verified_at: string | null
  /** 1 where a round trip proved that `local+detail@` arrives; null while that is not known. */
  plus_addressing: number | null
  /** 1 where a round trip proved that the provider keeps our Message-ID; null while that is not known. */
  keeps_message_id: number | null
  /** Its own word on both; null for that of the internal channel that it forwards to. */
  assign_online: number | null
  auto_reply: number | null
}

/** Something mail is pulled from or handed in by. It is what it points at: another host is another source. */
export interface SourceTable {
  portal_id: number
  id: number
  kind: string
  /** Names what it points at, such as `imap:user@host:993/INBOX`; unique in the store while in use. */
  identity: string
  /** The settings of its kind, JSON. */
  config: string
  /** Where to resume, JSON; null before the first run. */
  cursor: string | null
  last_ok_at: string | null
  /** JSON `{code, title, why, at}` of the last failure; null after a success. */
  last_error: string | null
  lease_owner: string | null
  lease_token: number
  lease_until: string | null
  created_at: string
  updated_at: string
}

/** An account that mail leaves by: that of a channel, or the relay of the portal. */
export interface SenderTable {
  portal_id: number
  /** That of the channel; 0 for the relay, since ids of rows count from 1. */
  id: number
  /** Counts how often somebody acted. What a run finds out that began before is no longer noted. */
  generation: number
  /** JSON of `SyncError`: why nothing leaves by it until somebody acts; null while mail leaves. */
  paused: string | null
  /** Failures in a row that had nothing to do with the mail. */
  failures: number
  /** Not tried before; null where nothing went wrong. */
  retry_at: string | null
  last_ok_at: string | null
  /** JSON of `SyncError`; null after a success. */
  last_error: string | null
  lease_owner: string | null
  lease_token: number
  lease_until: string | null
}

/** The ledger: what became of each item of a source. For a message that came, also the record of its delivery. */
export interface SourceItemTable {
  portal_id: number
  source_id: number
  epoch: string
  item_key: string
  /**
   * `dropped`: a person removed it from the quarantine for good. `probe`: it is a mail of ours that was to come back, and is
   * noted in `probe`. Neither is fetched again.
   */
  state: 'stored' | 'quarantined' | 'gone' | 'poison' | 'deferred' | 'dropped' | 'probe'
  /** `due` until what the inbound asks for (seen, moved) was done on the server. */
  effect: 'none' | 'due' | 'done'
  attempts: number
  next_try_at: string | null
  received_at: string
  /** The message it is, or is a second copy of. */
  message_id: number | null
  /** JSON of the SMTP envelope; null where mail is pulled. */
  envelope: string | null
}

/** A raw mail, once per portal. */
export interface RawTable {
  portal_id: number
  id: number
  /** Hex; null while a large mail is still being written. */
  sha256: string | null
  size: number
  created_at: string
}

/** At most 1 MB of a raw mail, compressed. */
export interface RawChunkTable {
  portal_id: number
  raw_id: number
  seq: number
  /** Bytes after decompression. */
  size: number
  encoding: 'zstd' | 'none'
  data: Uint8Array
}

export interface TicketTable {
  portal_id: number
  id: number
  number: number
  subject: string
  status: 'open' | 'pending' | 'closed'
  queue_id: number | null
  owner_id: number | null
  channel_id: number | null
  requester_name: string
  requester_address: string
  message_count: number
  closed_at: string | null
  /** The ticket that it was merged into, never one that is merged itself; null for one of its own. */
  merged_into_id: number | null
  /** How many of its messages came from somebody who is no participant. */
  third_party: number
  /** How many deliveries of its outgoing messages came back. */
  bounced: number
  created_at: string
  updated_at: string
}

export interface TicketEventTable {
  portal_id: number
  id: number
  ticket_id: number
  at: string
  kind: string
  by: string
  details: string
}

export interface MessageTable {
  portal_id: number
  id: number
  ticket_id: number
  direction: 'in' | 'out' | 'note'
  kind: string
  raw_id: number | null
  /** The Message-ID without angle brackets; null where the mail has none. */
  header_id: string | null
  fingerprint: string | null
  /** Where it came from first; null for what an agent wrote. */
  source_id: number | null
  source_epoch: string | null
  /** JSON of the SMTP envelope of its first delivery; null where mail is pulled. */
  envelope: string | null
  from_name: string
  from_address: string
  subject: string
  base_subject: string
  /** The Date field in UTC; null where it cannot be read. */
  date: string | null
  received_at: string
  /** Email of the agent who wrote it; null for mail that came in. */
  author: string | null
  /** The text of a note; the text of a mail stands in its raw bytes. */
  note: string | null
  /** How it found its ticket. */
  threaded_by: string
  size: number
  /** JSON `{kind, reason, header, autoReply: {send, why}}`: what kind of mail it is, and whether it is answered; null for what was not judged. */
  verdict: string | null
  /** JSON of `Authentication`; null where nobody asked. */
  authentication: string | null
  /** 1 where its sender is no participant of the ticket. */
  third_party: number
}

/** Who belongs to the conversation of a ticket: the requester, whom an agent wrote to, whom a participant added. */
export interface ParticipantTable {
  portal_id: number
  ticket_id: number
  /** In lower case. */
  address: string
  /** The message that brought it in; null for a requester who is older than this table. */
  message_id: number | null
}

/** What an outgoing mail can be recognised by when it is answered. Never the token itself: its hash. */
export interface TokenTable {
  portal_id: number
  /** SHA-256 in hex of 128 random bits as they are written. */
  hash: string
  /**
   * `reply`: in the address that answers go to. `return-path`: in the one that bounces go to. `message-id`: the left part of
   * our Message-ID.
   */
  kind: 'reply' | 'return-path' | 'message-id'
  ticket_id: number
  message_id: number
  /** After it the token opens nothing; null for never. */
  expires_at: string | null
  created_at: string
}

/** A message on its way out, or gone. One row a message with `direction` `out`. */
export interface OutgoingTable {
  portal_id: number
  message_id: number
  /** The channel in whose name it is written; null where that was removed. */
  channel_id: number | null
  kind: 'reply' | 'auto-reply'
  attempts: number
  /** When it is tried next; null where nothing is to be done. */
  next_at: string | null
  /** The account that it leaves by: the id in `sender`; null where its channel was removed. */
  sender_id: number | null
  /** The reverse-path of its envelope; empty for the null one (RFC 5321 4.5.5). */
  return_path: string
  /** Tried where a server does not take a null reverse-path. */
  fallback_return_path: string | null
  /** After it the message is given up; null for never. */
  expires_at: string | null
  /** When somebody said that what became of it need not be shown any more; null while it is. */
  dismissed_at: string | null
  created_at: string
}

/** What became of an outgoing message for one recipient. */
export interface OutgoingRecipientTable {
  portal_id: number
  message_id: number
  /** As it stands in the mail; a message has no two that differ in upper and lower case alone. */
  address: string
  state: 'queued' | 'sending' | 'sent' | 'unknown' | 'failed' | 'bounced'
  /** The last words of a server about it; null where there are none. */
  reply: string | null
  at: string
}

/** An automatic reply that was decided on. Budgets count these. */
export interface AutoReplyTable {
  portal_id: number
  id: number
  ticket_id: number
  /** The message that it answers. */
  message_id: number
  /** The address answered, without what the same person can vary (`budgetAddress`). */
  sender: string
  domain: string
  at: string
}

/** Which ids a message refers to, also those not seen yet, so that a parent that comes late finds its children. */
export interface MessageReferenceTable {
  portal_id: number
  header_id: string
  message_id: number
}

/** Where an attachment stands in its raw mail. */
export interface AttachmentTable {
  portal_id: number
  message_id: number
  part: string
  filename: string | null
  content_type: string
  size: number
  sha256: string
  content_id: string | null
  inline: number
  offset: number
  length: number
  transfer_encoding: string
}

export interface QuarantineTable {
  portal_id: number
  id: number
  source_id: number
  epoch: string
  item_key: string
  raw_id: number | null
  /** The channel it waits for; null where none was found. */
  channel_id: number | null
  reason: string
  detail: string
  from_text: string
  subject: string
  size: number
  received_at: string
  /** JSON of the SMTP envelope; null where mail is pulled. */
  envelope: string | null
  /** The header alone, where the message itself was too large to keep, or was purged. */
  header: Uint8Array | null
  created_at: string
  /** When all but its header was removed because its time was over; null while it waits. */
  purged_at: string | null
}

/** A mail that was sent by an SMTP address to find out whether what is sent to it comes in here. */
export interface ProbeTable {
  portal_id: number
  id: number
  /** The SMTP channel. */
  channel_id: number
  /** `forwarding`: to the address itself. `plus-addressing`: to the address with a detail (RFC 5233). */
  kind: 'forwarding' | 'plus-addressing'
  /** SHA-256 in hex of 128 random bits as they are written (`hashToken`). */
  nonce_hash: string
  sent_to: string
  /** Ours, as it was sent, without angle brackets. */
  message_id: string
  sent_at: string
  /** A mail that arrives later is not taken for the probe. */
  expires_at: string
  /** When it was first seen again; null for never. */
  arrived_at: string | null
  /** JSON of `ProbeSighting[]`, the first one first; null where there is none. */
  arrived: string | null
}

/** That a secret exists and what it is bound to; never its value. */
export interface SecretTable {
  portal_id: number
  /** `inbound`, or the id of a channel. */
  owner: string
  field: string
  /** `host:port:security:user` that it may be used with. */
  bound_to: string
  created_at: string
}

export interface Schema {
  store: StoreTable
  migration: MigrationTable
  portal: PortalTable
  queue: QueueTable
  agent: AgentTable
  queue_member: QueueMemberTable
  channel: ChannelTable
  channel_address: ChannelAddressTable
  smtp_channel: SmtpChannelTable
  source: SourceTable
  source_item: SourceItemTable
  sender: SenderTable
  raw: RawTable
  raw_chunk: RawChunkTable
  ticket: TicketTable
  ticket_event: TicketEventTable
  message: MessageTable
  message_reference: MessageReferenceTable
  attachment: AttachmentTable
  participant: ParticipantTable
  token: TokenTable
  outgoing: OutgoingTable
  outgoing_recipient: OutgoingRecipientTable
  auto_reply: AutoReplyTable
  quarantine: QuarantineTable
  probe: ProbeTable
  secret: SecretTable
}

/** A handle for reading, or for a change of one statement. */
export type Db = Kysely<Schema>
/** A handle inside a transaction. Functions that change several rows ask for it. */
export type Tx = Transaction<Schema>
