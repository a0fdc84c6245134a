/**
 * Sending, as the store sees it: what is due, what is being sent, and what became of it. Only who holds the lease of an account
 * changes what is due by it; every one of those transactions is fenced.
 */
import {sql, type RawBuilder} from 'kysely'
import {leaseLost} from '../errors.ts'
import type {RawChunk} from '../message/raw-chunks.ts'
import type {StoreDialect} from './dialect.ts'
import {reserve} from './ids.ts'
import {insertMany, slices} from './insert-many.ts'
import {eventRow, storable} from './intake-rows.ts'
import type {Db, OutgoingRecipientTable, OutgoingTable, Tx} from './schema.ts'

/** A message that is due, and what is needed to send it. */
export interface DueMessage {
  readonly id: number
  readonly ticketId: number
  readonly kind: OutgoingTable['kind']
  readonly rawId: number
  /** Bytes. */
  readonly size: number
  readonly attempts: number
  readonly returnPath: string
  readonly fallbackReturnPath: string | null
  readonly expiresAt: string | null
}

/**
 * Longest time, in ms, that anything waits for another attempt, and some. What is to wait longer was written by a clock that
 * was wrong, and is due.
 */
export const LONGEST_WAIT_MS = 5 * 60 * 60 * 1000

/** The accounts by which something is due at `now`. */
export async function dueSenders(db: Db, portalId: number, now: string): Promise<number[]> {
  const rows = await db
    .selectFrom('outgoing')
    .select('sender_id')
    .distinct()
    .where('portal_id', '=', portalId)
    .where('next_at', 'is not', null)
    .where(isDue('next_at', now))
    .where('sender_id', 'is not', null)
    .orderBy('sender_id')
    .execute()
  return rows.map((row) => row.sender_id!)
}

const isDue = (column: string, now: string): RawBuilder<boolean> => {
  const far = new Date(Date.parse(now) + LONGEST_WAIT_MS).toISOString()
  return sql<boolean>`(${sql.ref(column)} <= ${now} or ${sql.ref(column)} > ${far})`
}

/** What is due by an account, the longest due first; `first` before all others. */
export async function dueMessages(
  db: Db,
  portalId: number,
  senderId: number,
  {now, limit, first = 0}: {readonly now: string; readonly limit: number; readonly first?: number | undefined},
): Promise<DueMessage[]> {
  const rows = await db
    .selectFrom('outgoing')
    .innerJoin('message', (join) =>
      join.onRef('message.portal_id', '=', 'outgoing.portal_id').onRef('message.id', '=', 'outgoing.message_id'),
    )
    .select([
      'outgoing.message_id',
      'message.ticket_id',
      'outgoing.kind',
      'message.raw_id',
      'message.size',
      'outgoing.attempts',
      'outgoing.return_path',
      'outgoing.fallback_return_path',
      'outgoing.expires_at',
    ])
    .where('outgoing.portal_id', '=', portalId)
    .where('outgoing.sender_id', '=', senderId)
    .where(isDue('outgoing.next_at', now))
    .$if(first !== 0, (query) => query.orderBy(sql`case when outgoing.message_id = ${first} then 0 else 1 end`))
    .orderBy('outgoing.next_at')
    .orderBy('outgoing.message_id')
    .limit(limit)
    .execute()
  return rows.flatMap((row) =>
    row.raw_id === null
      ? []
      : [
          {
            id: row.message_id,
            ticketId: row.ticket_id,
            kind: row.kind,
            rawId: row.raw_id,
            size: row.size,
            attempts: row.attempts,
            returnPath: row.return_path,
            fallbackReturnPath: row.fallback_return_path,
            expiresAt: row.expires_at,
          },
        ],
  )
}

/** The stored bytes of several raw mails at once, each first to last. Meant for small ones. */
export async function readSmallRaws(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  rawIds: readonly number[],
): Promise<ReadonlyMap<number, readonly RawChunk[]>> {
  const rows = await db
    .selectFrom('raw_chunk')
    .select(['raw_id', 'size', 'encoding', 'data'])
    .where('portal_id', '=', portalId)
    .where(dialect.among('raw_id', rawIds))
    .orderBy('raw_id')
    .orderBy('seq')
    .execute()
  return Map.groupBy(rows, (row) => row.raw_id)
}

/** The lease under which an account is worked on. */
export interface SenderLease {
  readonly portalId: number
  readonly senderId: number
  readonly token: number
  /** How often somebody had acted when the run began (`sender.generation`). */
  readonly generation: number
  /** As people know the account. */
  readonly shownAs: string
}

/** The lease still holds, and holds until this transaction ends. @throws 75 where it was taken over. */
async function fenceSender(
  tx: Tx,
  dialect: StoreDialect,
  {portalId, senderId, token, shownAs}: SenderLease,
): Promise<void> {
  // SQLite has the lock of the whole file already, and would write a page for an update that changes nothing.
  const held = await tx
    .selectFrom('sender')
    .select('id')
    .where('portal_id', '=', portalId)
    .where('id', '=', senderId)
    .where('lease_token', '=', token)
    .$call((query) => (dialect.name === 'postgres' ? query.forUpdate() : query))
    .executeTakeFirst()
  if (held === undefined) throw leaseLost(shownAs)
}

/** What is to be written of one recipient. */
export interface SettledRecipient {
  readonly address: string
  readonly state: Exclude<OutgoingRecipientTable['state'], 'sending' | 'bounced'>
  readonly reply: string
}

/** What an attempt came to, as it is written. */
export interface SettledMessage {
  readonly id: number
  readonly ticketId: number
  readonly recipients: readonly SettledRecipient[]
  /** False where the attempt never began: it does not count. */
  readonly attempted: boolean
  readonly nextAt: string | null
  /** The Message-ID that the provider gave it in place of ours; null where it kept ours. */
  readonly messageId: string | null
}

/** What a group of connections asks of the store at once. */
export interface SendStep {
  readonly settle: readonly SettledMessage[]
  /** Messages that are to be sent next. */
  readonly claim: readonly number[]
}

/**
 * Writes what became of messages, and takes the next ones: their recipients are `sending` from then on, so that whoever
 * finds them so after a crash knows that nobody knows. One transaction for all connections. Returns the recipients to be
 * sent to, by message; none for one that was cancelled meanwhile.
 */
export async function writeStep(
  tx: Tx,
  dialect: StoreDialect,
  lease: SenderLease,
  {settle, claim}: SendStep,
  now: string,
): Promise<ReadonlyMap<number, readonly string[]>> {
  await settleMessages(tx, dialect, lease, settle, now)
  const taken = new Map<number, string[]>()
  if (claim.length === 0) return taken
  const rows = await tx
    .updateTable('outgoing_recipient')
    .set({state: 'sending', at: now})
    .where('portal_id', '=', lease.portalId)
    .where(dialect.among('message_id', claim))
    .where('state', '=', 'queued')
    .returning(['message_id', 'address'])
    .execute()
  for (const {message_id: id, address} of rows) {
    const known = taken.get(id)
    if (known) known.push(address)
    else taken.set(id, [address])
  }
  // Whom nobody waits for any more, by a person's word or by a bounce, is not looked at again and again.
  const done = claim.filter((id) => !taken.has(id))
  if (done.length > 0)
    await tx
      .updateTable('outgoing')
      .set({next_at: null})
      .where('portal_id', '=', lease.portalId)
      .where(dialect.among('message_id', done))
      .execute()
  return taken
}

/** Fences, and writes what became of messages. What did not arrive, or may not have, stands in the ticket as well. */
async function settleMessages(
  tx: Tx,
  dialect: StoreDialect,
  lease: SenderLease,
  settled: readonly SettledMessage[],
  now: string,
): Promise<void> {
  const {portalId} = lease
  const notes = notesOf(settled)
  // The portal is locked before the sender, as everywhere.
  const {firstId} = notes.length === 0 ? {firstId: 0} : await reserve(tx, portalId, notes.length)
  await fenceSender(tx, dialect, lease)
  await settleRecipients(tx, dialect, portalId, settled, now)
  const set = (ids: readonly number[], nextAt: string | null, attempts: number) =>
    tx
      .updateTable('outgoing')
      .set((eb) => ({attempts: eb('attempts', '+', attempts), next_at: nextAt}))
      .where('portal_id', '=', portalId)
      .where(dialect.among('message_id', ids))
      .execute()
  // Mostly all were tried and none is tried again: one statement for them together.
  const alike = Map.groupBy(settled, ({attempted, nextAt}) => `${attempted} ${nextAt}`)
  for (const messages of alike.values())
    await set(
      messages.map(({id}) => id),
      messages[0]!.nextAt,
      Number(messages[0]!.attempted),
    )
  for (const {id, messageId} of settled)
    if (messageId !== null)
      await tx
        .updateTable('message')
        .set({header_id: storable(messageId)})
        .where('portal_id', '=', portalId)
        .where('id', '=', id)
        .execute()
  await insertMany(
    tx,
    dialect,
    'ticket_event',
    notes.map(({ticketId, kind, details}, index) => ({
      ...eventRow({portalId, id: firstId + index, now}, ticketId, kind, details),
      by: 'outbox',
    })),
  )
}

/** Writes what became of the recipients of all these messages. */
async function settleRecipients(
  tx: Tx,
  dialect: StoreDialect,
  portalId: number,
  settled: readonly SettledMessage[],
  now: string,
): Promise<void> {
  const rows = settled.flatMap(({id, recipients}) =>
    recipients.map(({address, state, reply}) => ({id, address, state, reply: storable(reply)})),
  )
  // Both databases call the columns of VALUES column1, column2 and so on. Only who is `sending` still: a bounce may have
  // been quicker than we are.
  for (const some of slices(rows, dialect)) {
    const values = some.map(
      ({id, address, state, reply}) => sql`(cast(${id} as bigint), ${address}, ${state}, ${reply})`,
    )
    await sql`update outgoing_recipient set state = became.column3, reply = became.column4, at = ${now}
      from (values ${sql.join(values)}) as became
      where portal_id = ${portalId} and message_id = became.column1 and address = became.column2
        and state = 'sending'`.execute(tx)
  }
}

/** The events of what did not arrive, or may not have. */
const notesOf = (settled: readonly SettledMessage[]) =>
  settled.flatMap(({id, ticketId, recipients}) =>
    (['failed', 'unknown'] as const).flatMap((state) => {
      const named = recipients.filter((recipient) => recipient.state === state)
      if (named.length === 0) return []
      const details = {message: id, recipients: named.map(({address, reply}) => ({address, reply: storable(reply)}))}
      return [{ticketId, kind: state === 'failed' ? 'not-sent' : 'sent-unknown', details}]
    }),
  )

/** Whether something by the account is being sent, or was when a process died. */
export async function hasUnsettled(db: Db, portalId: number, senderId: number): Promise<boolean> {
  const row = await db
    .selectFrom('outgoing_recipient')
    .innerJoin('outgoing', (join) =>
      join
        .onRef('outgoing.portal_id', '=', 'outgoing_recipient.portal_id')
        .onRef('outgoing.message_id', '=', 'outgoing_recipient.message_id'),
    )
    .select('outgoing.message_id')
    .where('outgoing_recipient.portal_id', '=', portalId)
    .where('outgoing_recipient.state', '=', 'sending')
    .where(sql<boolean>`outgoing_recipient.state <> 'sent'`)
    .where('outgoing.sender_id', '=', senderId)
    .executeTakeFirst()
  return row !== undefined
}

/** Why nobody knows what became of a message. */
const ORPHANED = 'the process that was sending it ended before the server had answered'

/**
 * What a process that died was sending: nobody knows whether it left, so it is not sent again by itself. Called by who has
 * just taken the lease, when nobody else can be sending by the account. Returns how many messages.
 */
export async function settleOrphans(tx: Tx, dialect: StoreDialect, lease: SenderLease, now: string): Promise<number> {
  const {portalId, senderId} = lease
  const rows = await tx
    .selectFrom('outgoing_recipient')
    .innerJoin('outgoing', (join) =>
      join
        .onRef('outgoing.portal_id', '=', 'outgoing_recipient.portal_id')
        .onRef('outgoing.message_id', '=', 'outgoing_recipient.message_id'),
    )
    .innerJoin('message', (join) =>
      join.onRef('message.portal_id', '=', 'outgoing.portal_id').onRef('message.id', '=', 'outgoing.message_id'),
    )
    .select(['outgoing_recipient.message_id', 'outgoing_recipient.address', 'message.ticket_id', 'outgoing.next_at'])
    .where('outgoing_recipient.portal_id', '=', portalId)
    .where('outgoing_recipient.state', '=', 'sending')
    .where(sql<boolean>`outgoing_recipient.state <> 'sent'`)
    .where('outgoing.sender_id', '=', senderId)
    .execute()
  if (rows.length === 0) return 0
  const orphans: SettledMessage[] = []
  for (const [id, recipients] of Map.groupBy(rows, (row) => row.message_id)) {
    const queued = await tx
      .selectFrom('outgoing_recipient')
      .select('address')
      .where('portal_id', '=', portalId)
      .where('message_id', '=', id)
      .where('state', '=', 'queued')
      .executeTakeFirst()
    orphans.push({
      id,
      ticketId: recipients[0]!.ticket_id,
      recipients: recipients.map(({address}) => ({address, state: 'unknown', reply: ORPHANED})),
      attempted: true,
      nextAt: queued ? recipients[0]!.next_at : null,
      messageId: null,
    })
  }
  await settleMessages(tx, dialect, lease, orphans, now)
  return orphans.length
}

/**
 * What is due by an account and whose time is over is given up. Returns what became of it. Called where the account could
 * not be reached once more: what was never tried is not given up for a machine that was off.
 */
export async function settleExpired(
  tx: Tx,
  dialect: StoreDialect,
  lease: SenderLease,
  why: string,
  now: string,
): Promise<SettledMessage[]> {
  const due = await tx
    .selectFrom('outgoing')
    .innerJoin('message', (join) =>
      join.onRef('message.portal_id', '=', 'outgoing.portal_id').onRef('message.id', '=', 'outgoing.message_id'),
    )
    .select(['outgoing.message_id', 'message.ticket_id'])
    .where('outgoing.portal_id', '=', lease.portalId)
    .where('outgoing.sender_id', '=', lease.senderId)
    .where('outgoing.next_at', '<=', now)
    .where('outgoing.expires_at', '<=', now)
    .execute()
  if (due.length === 0) return []
  const claim = due.map((row) => row.message_id)
  const recipients = await writeStep(tx, dialect, lease, {settle: [], claim}, now)
  const settled = due.map((row): SettledMessage => ({
    id: row.message_id,
    ticketId: row.ticket_id,
    recipients: (recipients.get(row.message_id) ?? []).map((address) => ({address, state: 'failed', reply: why})),
    attempted: false,
    nextAt: null,
    messageId: null,
  }))
  await settleMessages(tx, dialect, lease, settled, now)
  return settled
}
