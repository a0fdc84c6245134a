/** What the outbox holds, and what a person's word changes of it. */
import {sql, type Selectable} from 'kysely'
import type {StoreDialect} from './dialect.ts'
import {storable} from './intake-rows.ts'
import type {Db, OutgoingRecipientTable, OutgoingTable, Tx} from './schema.ts'

type OutgoingRow = Selectable<OutgoingTable>
type OutgoingRecipientRow = Selectable<OutgoingRecipientTable>
export type RecipientState = OutgoingRecipientTable['state']

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
