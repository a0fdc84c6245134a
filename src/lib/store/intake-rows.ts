/** The rows that a mail becomes. Only values: who gets which id is decided in commit.ts. */
import type {Insertable} from 'kysely'
import type {Envelope, ItemKey} from '../channel/delivery.ts'
import {budgetAddress, domainOf} from '../intake/auto-reply.ts'
import type {Arrival, Decision, Facts, QuarantineReason} from '../intake/facts.ts'
import {referencedIds} from '../intake/match-thread.ts'
import type {Address, Message} from '../message/message.ts'
import type {Schema, TicketTable} from './schema.ts'

/** Text as both databases take it: PostgreSQL's text cannot hold NUL. */
export const storable = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text)

const orNull = (text: string | null): string | null => (text === null ? null : storable(text))

/**
 * Longest id that is looked up by, in bytes: PostgreSQL's indexes take rows of 2,704. An id fits on a line of 998
 * characters (RFC 5322 2.1.1); what is longer joins nothing.
 */
const INDEXED_ID_BYTES = 2000

const indexable = (id: string): boolean => Buffer.byteLength(id) <= INDEXED_ID_BYTES

const envelopeJson = (envelope: Envelope | null): string | null => (envelope === null ? null : JSON.stringify(envelope))

const formatAddress = (address: Address | undefined): string =>
  address === undefined ? '' : address.name === '' ? address.address : `${address.name} <${address.address}>`

type Accepted = Extract<Decision, {kind: 'accept'}>

interface Placed {
  readonly portalId: number
  readonly id: number
  readonly now: string
}

export function ticketRow(
  {portalId, id, now}: Placed,
  number: number,
  message: Message,
  decision: Accepted,
): TicketTable {
  const {requester, thread} = decision
  return {
    portal_id: portalId,
    id,
    number,
    subject: storable(message.subject),
    status: 'open',
    queue_id: decision.route?.queueId ?? null,
    owner_id: decision.route?.owner?.id ?? null,
    channel_id: decision.recipient.channel.id,
    requester_name: storable(requester.name),
    requester_address: storable(requester.address),
    message_count: 1,
    closed_at: null,
    merged_into_id: null,
    third_party: thread.thirdParty ? 1 : 0,
    bounced: 0,
    created_at: now,
    updated_at: now,
  }
}

/** Why the ticket is where it is, for the event of its creation. `reusesIdOf`: the real id of that message. */
export const creationDetails = (
  {recipient, route, verdict, autoReply, forwardedBy, thread}: Accepted,
  reusesIdOf: number | null,
  facts: Facts,
) => ({
  address: recipient.address,
  header: recipient.header,
  verdict: verdict.kind,
  queue: route?.queueId ? (facts.queues.get(route.queueId)?.key ?? null) : null,
  owner: route?.owner?.email ?? null,
  why: route?.why ?? '',
  autoReply: autoReply.send,
  autoReplyWhy: autoReply.why,
  ...(forwardedBy === null ? {} : {forwardedBy}),
  ...(reusesIdOf === null ? {} : {reusesMessageIdOf: reusesIdOf}),
  ...(thread.rejected.length === 0 ? {} : {rejected: thread.rejected}),
})

export function eventRow(
  {portalId, id, now}: Placed,
  ticketId: number,
  kind: string,
  details: Readonly<Record<string, unknown>>,
): Insertable<Schema['ticket_event']> {
  return {portal_id: portalId, id, ticket_id: ticketId, at: now, kind, by: 'intake', details: JSON.stringify(details)}
}

/** `fingerprint` is null for an equal mail that counts as another one: the fingerprint stays with the first. */
export function messageRow(
  {portalId, id}: Placed,
  {
    arrival,
    decision,
    ...place
  }: {
    readonly arrival: Arrival
    readonly decision: Accepted
    readonly ticketId: number
    readonly rawId: number
    readonly fingerprint: string | null
  },
): Insertable<Schema['message']> {
  const {message, source, item} = arrival
  const {method, value, thirdParty} = decision.thread
  const {kind, reason, header} = decision.verdict
  const {send, why} = decision.autoReply
  return {
    portal_id: portalId,
    id,
    ticket_id: place.ticketId,
    direction: 'in',
    kind,
    raw_id: place.rawId,
    header_id: message.messageId !== null && indexable(message.messageId) ? storable(message.messageId) : null,
    fingerprint: place.fingerprint,
    source_id: source.id,
    source_epoch: item.epoch,
    envelope: envelopeJson(arrival.envelope),
    from_name: storable(message.from[0]?.name ?? ''),
    from_address: storable(message.from[0]?.address ?? ''),
    subject: storable(message.subject),
    base_subject: storable(decision.baseSubject),
    date: message.date,
    received_at: arrival.receivedAt,
    author: null,
    note: null,
    threaded_by: value === null ? method : storable(`${method} ${value}`),
    size: message.size,
    verdict: storable(JSON.stringify({kind, reason, header, autoReply: {send, why}})),
    authentication: arrival.authentication === null ? null : storable(JSON.stringify(arrival.authentication)),
    third_party: thirdParty ? 1 : 0,
  }
}

export const participantRows = (
  portalId: number,
  ticketId: number,
  messageId: number,
  addresses: readonly string[],
): Insertable<Schema['participant']>[] =>
  addresses
    .filter(indexable)
    .map((address) => ({portal_id: portalId, ticket_id: ticketId, address: storable(address), message_id: messageId}))

/** An automatic reply that was decided on, for the budgets. */
export function autoReplyRow(
  {portalId, id, now}: Placed,
  place: {readonly ticketId: number; readonly messageId: number},
  address: string,
): Insertable<Schema['auto_reply']> {
  return {
    portal_id: portalId,
    id,
    ticket_id: place.ticketId,
    message_id: place.messageId,
    sender: storable(budgetAddress(address)),
    domain: storable(domainOf(address)),
    at: now,
  }
}

export const referenceRows = (
  portalId: number,
  messageId: number,
  message: Message,
): Insertable<Schema['message_reference']>[] =>
  // Two ids may differ in a NUL alone.
  [...new Set(referencedIds(message).filter(indexable).map(storable))].map((id) => ({
    portal_id: portalId,
    header_id: id,
    message_id: messageId,
  }))

export const attachmentRows = (
  portalId: number,
  messageId: number,
  message: Message,
): Insertable<Schema['attachment']>[] =>
  message.attachments.map((attachment) => ({
    portal_id: portalId,
    message_id: messageId,
    part: attachment.part,
    filename: orNull(attachment.filename),
    content_type: storable(attachment.contentType),
    size: attachment.size,
    sha256: attachment.sha256,
    content_id: orNull(attachment.contentId),
    inline: attachment.inline ? 1 : 0,
    offset: attachment.offset,
    length: attachment.length,
    transfer_encoding: attachment.transferEncoding,
  }))

/** A mail that waits, and what is known of it. */
export interface Quarantined {
  readonly item: ItemKey
  readonly reason: QuarantineReason
  readonly why: string
  readonly receivedAt: string
  readonly envelope: Envelope | null
  /** What could be read of it. */
  readonly message: Message | null
  /** The header alone, where the mail itself is not kept. */
  readonly header: Uint8Array | null
  readonly size: number
}

export function quarantineRow(
  {portalId, id, now}: Placed,
  mail: Quarantined,
  place: {readonly sourceId: number; readonly rawId: number | null; readonly channelId: number | null},
): Insertable<Schema['quarantine']> {
  return {
    portal_id: portalId,
    id,
    source_id: place.sourceId,
    epoch: mail.item.epoch,
    item_key: mail.item.key,
    raw_id: place.rawId,
    channel_id: place.channelId,
    reason: mail.reason,
    detail: storable(mail.why),
    from_text: storable(formatAddress(mail.message?.from[0])),
    subject: storable(mail.message?.subject ?? ''),
    size: mail.size,
    received_at: mail.receivedAt,
    envelope: envelopeJson(mail.envelope),
    header: mail.header,
    created_at: now,
    purged_at: null,
  }
}

/**
 * Seconds after which an item that the server withholds is asked for again: such a server seldom changes its mind
 * within minutes, and an hour is still the same working day.
 */
const POISON_RETRY_SECONDS = 3600

/** The ledger's word on an item. `kept`: the mail is here whole, so the server's copy may be marked or moved. */
export function itemRow(
  {portalId, now}: Omit<Placed, 'id'>,
  sourceId: number,
  item: {readonly item: ItemKey; readonly receivedAt: string; readonly envelope: Envelope | null},
  settled: {
    readonly state: Schema['source_item']['state']
    readonly messageId: number | null
    readonly effect: Schema['source_item']['effect']
  },
): Insertable<Schema['source_item']> {
  const poison = settled.state === 'poison'
  return {
    portal_id: portalId,
    source_id: sourceId,
    epoch: item.item.epoch,
    item_key: item.item.key,
    state: settled.state,
    effect: settled.effect,
    attempts: poison ? 1 : 0,
    next_try_at: poison ? new Date(Date.parse(now) + POISON_RETRY_SECONDS * 1000).toISOString() : null,
    received_at: item.receivedAt,
    message_id: settled.messageId,
    envelope: envelopeJson(item.envelope),
  }
}
