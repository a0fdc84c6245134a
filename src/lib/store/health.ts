/** How a store is at this moment: its clock, the newest that it holds, whether it can be written. */
import {sql} from 'kysely'
import type {Instant} from '../clock.ts'
import type {Store} from './open.ts'
import {lockStore} from './portals.ts'
import type {Db} from './schema.ts'

/** What the database's own clock says. */
export async function databaseNow({db, dialect}: Store): Promise<Instant> {
  const {rows} = await sql<{now: Instant}>`select ${dialect.now} as now`.execute(db)
  return rows[0]!.now
}

/** The newest instant that a machine wrote down when it was so: the last change, sync or sending. Null for an empty store. */
export async function newestInstant(db: Db): Promise<Instant | null> {
  const columns = [
    ['portal', 'updated_at'],
    ['channel', 'updated_at'],
    ['source', 'last_ok_at'],
    ['sender', 'last_ok_at'],
  ] as const
  const found: (Instant | null)[] = []
  for (const [table, column] of columns) {
    const {rows} = await sql<{
      at: Instant | null
    }>`select max(${sql.ref(column)}) as at from ${sql.table(table)}`.execute(db)
    found.push(rows[0]?.at ?? null)
  }
  return found.reduce((newest, at) => (at !== null && (newest === null || at > newest) ? at : newest), null)
}

/** Takes back what was tried. */
class TakenBack extends Error {}

/** Writes, and takes it back. @throws 69 or 75 as every transaction. */
export async function tryWrite(store: Store): Promise<void> {
  try {
    await store.transaction(async (tx) => {
      await lockStore(tx)
      throw new TakenBack()
    })
  } catch (error) {
    if (!(error instanceof TakenBack)) throw error
  }
}

/** The channels of a portal for which mail came at `since` or later. */
export async function channelsWithMailSince(db: Db, portalId: number, since: Instant): Promise<ReadonlySet<number>> {
  const rows = await db
    .selectFrom('ticket')
    .innerJoin('message', (join) =>
      join.onRef('message.portal_id', '=', 'ticket.portal_id').onRef('message.ticket_id', '=', 'ticket.id'),
    )
    .select('ticket.channel_id')
    .distinct()
    .where('ticket.portal_id', '=', portalId)
    // So that the messages of old tickets are not looked at.
    .where('ticket.updated_at', '>=', since)
    .where('message.direction', '=', 'in')
    .where('message.received_at', '>=', since)
    .execute()
  return new Set(rows.flatMap(({channel_id: id}) => (id === null ? [] : [id])))
}
