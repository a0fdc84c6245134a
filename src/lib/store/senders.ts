/** What is remembered of the accounts that mail leaves by: the account of a channel, or the relay of a portal. */
import type {Insertable, Selectable} from 'kysely'
import {reserve} from './ids.ts'
import {eventRow, storable} from './intake-rows.ts'
import {revokeLease} from './leases.ts'
import type {SenderLease} from './outgoing-steps.ts'
import type {Db, SenderTable, Tx} from './schema.ts'

export type SenderRow = Selectable<SenderTable>

/** The id of a portal's relay among the senders: ids of rows count from 1. */
export const RELAY_SENDER = 0

/** An account of which nothing bad is known. */
const UNTROUBLED = {paused: null, failures: 0, retry_at: null, last_error: null} as const

/** Undefined where no mail was ever tried by it. */
export const findSender = (db: Db, portalId: number, id: number): Promise<SenderRow | undefined> =>
  db.selectFrom('sender').selectAll().where('portal_id', '=', portalId).where('id', '=', id).executeTakeFirst()

export const listSenders = (db: Db, portalId: number): Promise<SenderRow[]> =>
  db.selectFrom('sender').selectAll().where('portal_id', '=', portalId).orderBy('id').execute()

const newRow = (portalId: number, id: number): Insertable<SenderTable> => ({
  portal_id: portalId,
  id,
  generation: 0,
  ...UNTROUBLED,
  last_ok_at: null,
  lease_owner: null,
  lease_token: 0,
  lease_until: null,
})

/** The row of an account, made where nothing was ever sent by it. */
export async function ensureSender(db: Db, portalId: number, id: number): Promise<SenderRow> {
  const known = await findSender(db, portalId, id)
  if (known) return known
  await db
    .insertInto('sender')
    .values(newRow(portalId, id))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return (await findSender(db, portalId, id))!
}

/** What a run may write of an account: as long as it holds the lease, and nobody has acted since it looked. */
export interface SenderWriter extends Pick<SenderLease, 'portalId' | 'senderId' | 'token'> {
  readonly generation: number
}

async function update(db: Db, {portalId, senderId, token, generation}: SenderWriter, fields: Partial<SenderRow>) {
  await db
    .updateTable('sender')
    .set(fields)
    .where('portal_id', '=', portalId)
    .where('id', '=', senderId)
    .where('lease_token', '=', token)
    .where('generation', '=', generation)
    .execute()
}

/** An error as it is noted on an account: a `SyncError`, with the exit code of its stage. */
type Noted = object

/** Nothing leaves by the account until somebody acts. */
export const pauseSender = (db: Db, writer: SenderWriter, error: Noted): Promise<void> =>
  update(db, writer, {paused: JSON.stringify(error), last_error: JSON.stringify(error)})

/** After so many failures in a row the account is left alone until `retryAt`. */
export const noteSenderFailure = (
  db: Db,
  writer: SenderWriter,
  {failures, error, retryAt}: {readonly failures: number; readonly error: Noted; readonly retryAt: string},
): Promise<void> => update(db, writer, {failures, retry_at: retryAt, last_error: JSON.stringify(error)})

/** Mail leaves by the account. */
export const noteSenderSuccess = (db: Db, writer: SenderWriter, now: string): Promise<void> =>
  update(db, writer, {...UNTROUBLED, last_ok_at: now})

/** What went wrong with an account is forgotten: it has other settings now, or a person says that it is mended. */
export async function resumeSender(tx: Tx, portalId: number, id: number): Promise<void> {
  await tx
    .insertInto('sender')
    .values(newRow(portalId, id))
    .onConflict((conflict) =>
      conflict
        .columns(['portal_id', 'id'])
        .doUpdateSet((eb) => ({...UNTROUBLED, generation: eb('sender.generation', '+', 1)})),
    )
    .execute()
}

/** Whoever sends by it can write nothing more. */
export async function deleteSender(tx: Tx, portalId: number, id: number): Promise<void> {
  await tx.deleteFrom('sender').where('portal_id', '=', portalId).where('id', '=', id).execute()
}

/** How many recipients wait for their mail to leave by an account. */
export async function countQueuedOf(db: Db, portalId: number, senderId: number): Promise<number> {
  const {n} = await db
    .selectFrom('outgoing_recipient')
    .innerJoin('outgoing', (join) =>
      join
        .onRef('outgoing.portal_id', '=', 'outgoing_recipient.portal_id')
        .onRef('outgoing.message_id', '=', 'outgoing_recipient.message_id'),
    )
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('outgoing.portal_id', '=', portalId)
    .where('outgoing.sender_id', '=', senderId)
    .where('outgoing_recipient.state', '=', 'queued')
    .executeTakeFirstOrThrow()
  return n
}

/**
 * Gives up what waits to leave by an account, with an event on each ticket. What is being sent at this moment is nobody's to
 * finish: whether it left is not known. Returns how many recipients get nothing.
 */
export async function failQueuedOf(
  tx: Tx,
  portalId: number,
  senderId: number,
  why: string,
  now: string,
): Promise<number> {
  // Whoever sends by it writes nothing from here on, so that what is read stays true.
  await revokeLease(tx, 'sender', {portal_id: portalId, id: senderId})
  const open = await tx
    .selectFrom('outgoing')
    .innerJoin('message', (join) =>
      join.onRef('message.portal_id', '=', 'outgoing.portal_id').onRef('message.id', '=', 'outgoing.message_id'),
    )
    .innerJoin('outgoing_recipient', (join) =>
      join
        .onRef('outgoing_recipient.portal_id', '=', 'outgoing.portal_id')
        .onRef('outgoing_recipient.message_id', '=', 'outgoing.message_id'),
    )
    .select(['outgoing.message_id', 'message.ticket_id', 'outgoing_recipient.address', 'outgoing_recipient.state'])
    .where('outgoing.portal_id', '=', portalId)
    .where('outgoing.sender_id', '=', senderId)
    .where('outgoing_recipient.state', 'in', ['queued', 'sending'])
    .orderBy('outgoing.message_id')
    .orderBy('outgoing_recipient.address')
    .execute()
  for (const [from, to] of [
    ['queued', 'failed'],
    ['sending', 'unknown'],
  ] as const) {
    const byMessage = [...Map.groupBy(open, (row) => row.message_id)].flatMap(([message, rows]) => {
      const recipients = rows.filter(({state}) => state === from).map(({address}) => ({address, reply: why}))
      return recipients.length === 0 ? [] : [{message, ticketId: rows[0]!.ticket_id, recipients}]
    })
    if (byMessage.length === 0) continue
    await tx
      .updateTable('outgoing_recipient')
      .set({state: to, reply: storable(why), at: now})
      .where('portal_id', '=', portalId)
      .where('state', '=', from)
      .where('message_id', 'in', (eb) =>
        eb
          .selectFrom('outgoing')
          .select('message_id')
          .where('portal_id', '=', portalId)
          .where('sender_id', '=', senderId),
      )
      .execute()
    const {firstId} = await reserve(tx, portalId, byMessage.length)
    for (const [index, {ticketId, ...details}] of byMessage.entries())
      await tx
        .insertInto('ticket_event')
        .values({
          ...eventRow(
            {portalId, id: firstId + index, now},
            ticketId,
            to === 'failed' ? 'not-sent' : 'sent-unknown',
            details,
          ),
          by: 'outbox',
        })
        .execute()
  }
  await tx
    .updateTable('outgoing')
    .set({next_at: null})
    .where('portal_id', '=', portalId)
    .where('sender_id', '=', senderId)
    .where('next_at', 'is not', null)
    .execute()
  return open.filter(({state}) => state === 'queued').length
}
