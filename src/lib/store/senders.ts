/** The accounts that mail leaves by, as far as sending has made them known: paused, failing, or well. */
import type {Selectable} from 'kysely'
import type {Db, SenderTable, Tx} from './schema.ts'

export type SenderRow = Selectable<SenderTable>

/** The id of the portal's relay among its senders; a channel's is that of the channel. */
export const RELAY_ID = 0

export const listSenders = (db: Db, portalId: number): Promise<SenderRow[]> =>
  db.selectFrom('sender').selectAll().where('portal_id', '=', portalId).orderBy('id').execute()

export const findSender = (db: Db, portalId: number, id: number): Promise<SenderRow | undefined> =>
  db.selectFrom('sender').selectAll().where('portal_id', '=', portalId).where('id', '=', id).executeTakeFirst()

/** The row of an account, made where nothing was ever sent by it. */
export async function ensureSender(db: Db, portalId: number, id: number): Promise<SenderRow> {
  const known = await findSender(db, portalId, id)
  if (known) return known
  await db
    .insertInto('sender')
    .values({
      portal_id: portalId,
      id,
      paused: null,
      failures: 0,
      retry_at: null,
      last_ok_at: null,
      last_error: null,
      lease_owner: null,
      lease_token: 0,
      lease_until: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return (await findSender(db, portalId, id))!
}

const update = async (db: Db, portalId: number, id: number, fields: Partial<SenderRow>): Promise<void> => {
  await db.updateTable('sender').set(fields).where('portal_id', '=', portalId).where('id', '=', id).execute()
}

/** An error as it is noted on an account: a `SyncError`, with the exit code of its stage. */
type Noted = Readonly<Record<string, string | number>>

/** Nothing leaves by the account until somebody acts. */
export const pauseSender = (db: Db, portalId: number, id: number, error: Noted): Promise<void> =>
  update(db, portalId, id, {paused: JSON.stringify(error), last_error: JSON.stringify(error)})

/** The account is left alone until `retryAt`. */
export async function noteSenderFailure(
  db: Db,
  portalId: number,
  id: number,
  error: Noted,
  retryAt: string,
): Promise<void> {
  await db
    .updateTable('sender')
    .set((eb) => ({failures: eb('failures', '+', 1), retry_at: retryAt, last_error: JSON.stringify(error)}))
    .where('portal_id', '=', portalId)
    .where('id', '=', id)
    .execute()
}

/** Mail leaves by the account. */
export const noteSenderSuccess = (db: Db, portalId: number, id: number, now: string): Promise<void> =>
  update(db, portalId, id, {paused: null, failures: 0, retry_at: null, last_ok_at: now, last_error: null})

/** Somebody acted: it is tried again at once. */
export const resumeSender = (tx: Tx, portalId: number, id: number): Promise<void> =>
  update(tx, portalId, id, {paused: null, failures: 0, retry_at: null, last_error: null})

/** The account is gone. Whoever sends by it meanwhile can commit no more. */
export async function deleteSender(tx: Tx, portalId: number, id: number): Promise<void> {
  await tx.deleteFrom('sender').where('portal_id', '=', portalId).where('id', '=', id).execute()
}
