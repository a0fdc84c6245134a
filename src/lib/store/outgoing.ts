/** A mail that is put into the outbox: rows with a fixed Message-ID and fixed bytes, due at once. */
import type {Insertable} from 'kysely'
import type {Message} from '../message/message.ts'
import type {RawChunk} from '../message/raw-chunks.ts'
import type {StoreDialect} from './dialect.ts'
import {insertMany} from './insert-many.ts'
import {attachmentRows, participantRows, referenceRows, storable} from './intake-rows.ts'
import type {OutgoingTable, Schema, TokenTable, Tx} from './schema.ts'

/** A message that was written, complete before anything of it is stored. */
export interface NewOutgoing {
  readonly kind: OutgoingTable['kind']
  /** What stands in its bytes. */
  readonly message: Message
  readonly chunks: readonly RawChunk[]
  readonly baseSubject: string
  /** Hashes of the tokens that it carries. */
  readonly tokens: readonly {readonly hash: string; readonly kind: TokenTable['kind']}[]
  /** The channel in whose name it is written. */
  readonly channelId: number
  /** The account that it leaves by. */
  readonly senderId: number
  readonly returnPath: string
  readonly fallbackReturnPath: string | null
  /** Bare addresses as they are written in the mail. */
  readonly recipients: readonly string[]
  /** Email of the agent who wrote it, `admin`, or null for an automatic one. */
  readonly author: string | null
  readonly expiresAt: string | null
}

/** Row ids that an outgoing message needs: its own and that of its raw mail. */
export const IDS_PER_OUTGOING = 2

/**
 * Puts a message into the outbox, due at once, and into its ticket. Its recipients belong to the conversation from then on.
 * `ids`: two that were reserved, the first of which becomes its own.
 */
export async function insertOutgoing(
  tx: Tx,
  dialect: StoreDialect,
  place: {readonly portalId: number; readonly ticketId: number; readonly ids: readonly [number, number]},
  {message, ...outgoing}: NewOutgoing,
  now: string,
): Promise<number> {
  const {portalId, ticketId} = place
  const [id, rawId] = place.ids
  const own = {portal_id: portalId}
  await insertMany(tx, dialect, 'raw', [
    {...own, id: rawId, sha256: message.sha256, size: message.size, created_at: now},
  ])
  await insertMany(
    tx,
    dialect,
    'raw_chunk',
    outgoing.chunks.map((chunk, seq) => ({...own, raw_id: rawId, seq, ...chunk})),
  )
  const row: Insertable<Schema['message']> = {
    ...own,
    id,
    ticket_id: ticketId,
    direction: 'out',
    kind: outgoing.kind,
    raw_id: rawId,
    header_id: message.messageId,
    fingerprint: null,
    source_id: null,
    source_epoch: null,
    envelope: null,
    from_name: storable(message.from[0]?.name ?? ''),
    from_address: storable(message.from[0]?.address ?? ''),
    subject: storable(message.subject),
    base_subject: storable(outgoing.baseSubject),
    date: message.date,
    received_at: now,
    author: outgoing.author,
    note: null,
    threaded_by: outgoing.kind,
    size: message.size,
    verdict: null,
    authentication: null,
    third_party: 0,
  }
  await insertMany(tx, dialect, 'message', [row])
  await insertMany(tx, dialect, 'message_reference', referenceRows(portalId, id, message))
  await insertMany(tx, dialect, 'attachment', attachmentRows(portalId, id, message))
  await insertMany(
    tx,
    dialect,
    'token',
    outgoing.tokens.map((token) => ({
      ...own,
      ...token,
      ticket_id: ticketId,
      message_id: id,
      expires_at: null,
      created_at: now,
    })),
  )
  await insertMany(tx, dialect, 'outgoing', [
    {
      ...own,
      message_id: id,
      channel_id: outgoing.channelId,
      kind: outgoing.kind,
      attempts: 0,
      next_at: now,
      sender_id: outgoing.senderId,
      return_path: outgoing.returnPath,
      fallback_return_path: outgoing.fallbackReturnPath,
      expires_at: outgoing.expiresAt,
      created_at: now,
    },
  ])
  // Each once; as written, since a local part may mean another mailbox in other letters (RFC 5321 2.4).
  const recipients = [
    ...new Map(outgoing.recipients.map((address) => [address.toLowerCase(), storable(address)])).entries(),
  ]
  await insertMany(
    tx,
    dialect,
    'outgoing_recipient',
    recipients.map(([, address]) => ({
      ...own,
      message_id: id,
      address,
      state: 'queued' as const,
      reply: null,
      at: now,
    })),
  )
  const participants = recipients.map(([address]) => address)
  for (const participant of participantRows(portalId, ticketId, id, participants))
    await tx
      .insertInto('participant')
      .values(participant)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  await tx
    .updateTable('ticket')
    .set((eb) => ({message_count: eb('message_count', '+', 1), updated_at: now}))
    .where('portal_id', '=', portalId)
    .where('id', '=', ticketId)
    .execute()
  return id
}
