/**
 * Mail on its way out: rows with a fixed Message-ID and fixed bytes, and what became of each recipient. Only who holds the
 * lease of an account changes what is due by it; every one of those transactions is fenced.
 */
import {sql, type Insertable, type RawBuilder, type Selectable} from 'kysely'
import {leaseLost} from '../errors.ts'
import type {Message} from '../message/message.ts'
import type {RawChunk} from '../message/raw-chunks.ts'
import type {StoreDialect} from './dialect.ts'
import {reserve} from './ids.ts'
import {insertMany, slices} from './insert-many.ts'
import {attachmentRows, eventRow, participantRows, referenceRows, storable} from './intake-rows.ts'
import type {Db, OutgoingRecipientTable, OutgoingTable, Schema, TokenTable, Tx} from './schema.ts'

export type OutgoingRow = Selectable<OutgoingTable>
export type OutgoingRecipientRow = Selectable<OutgoingRecipientTable>
export type RecipientState = OutgoingRecipientTable['state']

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

// Sending ---------------------------------------------------------------------------------------------------------

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
  readonly state: Exclude<RecipientState, 'sending' | 'bounced'>
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

// Looking, and a person's word ------------------------------------------------------------------------------------

/** A message of the outbox. */
export interface ListedOutgoing extends OutgoingRow {
  readonly ticket_id: number
  readonly ticket_number: number
  readonly header_id: string | null
  readonly channel_address: string | null
  /** Of its account, as in `sender`. */
  readonly paused: string | null
  readonly retry_at: string | null
  readonly last_error: string | null
  /** When its channel was switched off; null while it is on. */
  readonly deactivated_at: string | null
  readonly recipients: readonly OutgoingRecipientRow[]
}

/** Recipients in one of these states still need something: time, or a person. */
export const OPEN_STATES = ['queued', 'sending', 'unknown', 'failed'] as const satisfies readonly RecipientState[]

/** Written out, so that both databases see that the index of the open ones has all that is asked for. */
const NOT_SENT = sql<boolean>`state <> 'sent'`

/**
 * Messages with a recipient in one of the states, or those with these ids, the oldest first. `after`: ids above this one.
 */
export async function listOutgoing(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  filter: {
    readonly states?: readonly Exclude<RecipientState, 'sent'>[]
    /** Left out: those too that somebody has dismissed. */
    readonly undismissed?: boolean
    readonly ids?: readonly number[]
    readonly after?: number
    readonly limit: number
  },
): Promise<ListedOutgoing[]> {
  const {states, ids, after = 0, limit} = filter
  let wanted = db
    .selectFrom('outgoing')
    .innerJoin('message', (join) =>
      join.onRef('message.portal_id', '=', 'outgoing.portal_id').onRef('message.id', '=', 'outgoing.message_id'),
    )
    .innerJoin('ticket', (join) =>
      join.onRef('ticket.portal_id', '=', 'message.portal_id').onRef('ticket.id', '=', 'message.ticket_id'),
    )
    .leftJoin('channel', (join) =>
      join.onRef('channel.portal_id', '=', 'outgoing.portal_id').onRef('channel.id', '=', 'outgoing.channel_id'),
    )
    .leftJoin('sender', (join) =>
      join.onRef('sender.portal_id', '=', 'outgoing.portal_id').onRef('sender.id', '=', 'outgoing.sender_id'),
    )
    .selectAll('outgoing')
    .select([
      'sender.paused',
      'sender.retry_at',
      'sender.last_error',
      'message.ticket_id',
      'ticket.number as ticket_number',
      'message.header_id',
      'channel.address as channel_address',
      'channel.deactivated_at',
    ])
    .where('outgoing.portal_id', '=', portalId)
    .where('outgoing.message_id', '>', after)
  if (ids) wanted = wanted.where(dialect.among('outgoing.message_id', ids))
  if (filter.undismissed) wanted = wanted.where('outgoing.dismissed_at', 'is', null)
  if (states)
    wanted = wanted.where('outgoing.message_id', 'in', (eb) =>
      eb
        .selectFrom('outgoing_recipient')
        .select('message_id')
        .where('portal_id', '=', portalId)
        .where('state', 'in', states)
        .where(NOT_SENT),
    )
  const rows = await wanted.orderBy('outgoing.message_id').limit(limit).execute()
  if (rows.length === 0) return []
  const recipients = await db
    .selectFrom('outgoing_recipient')
    .selectAll()
    .where('portal_id', '=', portalId)
    .where(
      dialect.among(
        'message_id',
        rows.map((row) => row.message_id),
      ),
    )
    .orderBy('message_id')
    .orderBy('address')
    .execute()
  const byMessage = Map.groupBy(recipients, (row) => row.message_id)
  return rows.map((row) => ({...row, recipients: byMessage.get(row.message_id) ?? []}))
}

/** How many recipients are in each state that is not `sent`, without what somebody has dismissed. */
export async function countOutgoing(db: Db, portalId: number): Promise<Partial<Record<RecipientState, number>>> {
  const rows = await db
    .selectFrom('outgoing_recipient')
    .innerJoin('outgoing', (join) =>
      join
        .onRef('outgoing.portal_id', '=', 'outgoing_recipient.portal_id')
        .onRef('outgoing.message_id', '=', 'outgoing_recipient.message_id'),
    )
    .select(['outgoing_recipient.state', (eb) => eb.fn.countAll<number>().as('n')])
    .where('outgoing_recipient.portal_id', '=', portalId)
    .where(NOT_SENT)
    .where('outgoing.dismissed_at', 'is', null)
    .groupBy('outgoing_recipient.state')
    .execute()
  return Object.fromEntries(rows.map(({state, n}) => [state, n]))
}

/** How many messages wait for each account, due or not. */
export async function countDueBySender(db: Db, portalId: number): Promise<Map<number, number>> {
  const rows = await db
    .selectFrom('outgoing')
    .select(['sender_id', (eb) => eb.fn.countAll<number>().as('n')])
    .where('portal_id', '=', portalId)
    .where('next_at', 'is not', null)
    .groupBy('sender_id')
    .execute()
  return new Map(rows.flatMap(({sender_id: id, n}) => (id === null ? [] : [[id, n]])))
}

/** Since when the longest waiting message is due, where that was before `before`; null for none. */
export async function oldestDue(
  db: Db,
  portalId: number,
  {before, except}: {readonly before: string; /** Accounts that do not count. */ readonly except: readonly number[]},
): Promise<string | null> {
  const row = await db
    .selectFrom('outgoing')
    .select((eb) => eb.fn.min('next_at').as('at'))
    .where('portal_id', '=', portalId)
    .where('next_at', 'is not', null)
    .where('next_at', '<', before)
    .where('sender_id', 'is not', null)
    .$if(except.length > 0, (query) => query.where('sender_id', 'not in', except))
    .executeTakeFirst()
  return row?.at ?? null
}

/** How many automatic replies were decided on after `since`. */
export async function countAutoReplies(db: Db, portalId: number, since: string): Promise<number> {
  const {n} = await db
    .selectFrom('auto_reply')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('portal_id', '=', portalId)
    .where('at', '>', since)
    .executeTakeFirstOrThrow()
  return n
}

/** Whoever sends by these accounts writes nothing until this transaction ends. */
export async function lockSenders(
  tx: Tx,
  dialect: StoreDialect,
  portalId: number,
  ids: readonly number[],
): Promise<void> {
  await tx
    .updateTable('sender')
    .set((eb) => ({lease_token: eb.ref('lease_token')}))
    .where('portal_id', '=', portalId)
    .where(dialect.among('id', ids))
    .execute()
}

/** What became of a message need not be shown any more. False where there is nothing to show, or that was said before. */
export async function dismissOutgoing(tx: Tx, portalId: number, messageId: number, now: string): Promise<boolean> {
  const {numUpdatedRows} = await tx
    .updateTable('outgoing')
    .set({dismissed_at: now})
    .where('portal_id', '=', portalId)
    .where('message_id', '=', messageId)
    .where('dismissed_at', 'is', null)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('outgoing_recipient')
          .select('address')
          .whereRef('outgoing_recipient.portal_id', '=', 'outgoing.portal_id')
          .whereRef('outgoing_recipient.message_id', '=', 'outgoing.message_id')
          .where('outgoing_recipient.state', 'in', ['failed', 'unknown', 'bounced']),
      ),
    )
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/**
 * Recipients in one of `from` become `to`, by a person's word, and the message is due at `nextAt`. Returns the addresses
 * that changed. Whoever is being sent to (`sending`) is left alone.
 */
export async function changeRecipients(
  tx: Tx,
  portalId: number,
  messageId: number,
  change: {
    readonly from: readonly RecipientState[]
    readonly to: 'queued' | 'failed'
    readonly reply: string | null
    readonly nextAt: string | null
    /** A new end of patience; left out it stays. */
    readonly expiresAt?: string | null
  },
  now: string,
): Promise<string[]> {
  const changed = await tx
    .updateTable('outgoing_recipient')
    .set({state: change.to, at: now, ...(change.reply === null ? {} : {reply: storable(change.reply)})})
    .where('portal_id', '=', portalId)
    .where('message_id', '=', messageId)
    .where('state', 'in', change.from)
    .returning('address')
    .execute()
  if (changed.length > 0)
    await tx
      .updateTable('outgoing')
      .set({
        next_at: change.nextAt,
        dismissed_at: null,
        ...(change.expiresAt === undefined ? {} : {expires_at: change.expiresAt}),
      })
      .where('portal_id', '=', portalId)
      .where('message_id', '=', messageId)
      .execute()
  return changed.map(({address}) => address)
}
