/** Sources of mail: what they point at, where they resume, who is pulling them, and what became of each item. */
import {sql, type Selectable} from 'kysely'
import {leaseLost} from '../errors.ts'
import type {Cursor, Ledger} from '../channel/delivery.ts'
import {reserveId} from './ids.ts'
import {revokeLease, takeLease, type Tenure} from './leases.ts'
import {lockPortal} from './portals.ts'
import type {Store} from './open.ts'
import type {Db, SourceTable, Tx} from './schema.ts'

export type SourceRow = Selectable<SourceTable>

export const findSource = (db: Db, portalId: number, id: number): Promise<SourceRow | undefined> =>
  db.selectFrom('source').selectAll().where('portal_id', '=', portalId).where('id', '=', id).executeTakeFirst()

/** The source that points there, in whatever portal. */
export const findSourceByIdentity = (db: Db, identity: string): Promise<SourceRow | undefined> =>
  db.selectFrom('source').selectAll().where('identity', '=', identity).executeTakeFirst()

/** The source of that identity, made or brought to `config`. It keeps its ledger when it is pointed at again. */
export async function putSource(
  tx: Tx,
  portalId: number,
  fields: Pick<SourceRow, 'kind' | 'identity' | 'config'>,
  now: string,
): Promise<SourceRow> {
  const known = await findSourceByIdentity(tx, fields.identity)
  if (known) {
    await tx
      .updateTable('source')
      .set({config: fields.config, updated_at: now})
      .where('portal_id', '=', known.portal_id)
      .where('id', '=', known.id)
      .execute()
    return {...known, config: fields.config, updated_at: now}
  }
  return tx
    .insertInto('source')
    .values({
      ...fields,
      portal_id: portalId,
      id: await reserveId(tx, portalId),
      cursor: null,
      last_ok_at: null,
      last_error: null,
      lease_owner: null,
      lease_token: 0,
      lease_until: null,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Frees the identity of a source that its portal no longer uses, so that another portal can point there. */
export async function retireSource(tx: Tx, source: SourceRow, now: string): Promise<void> {
  await revokeLease(tx, 'source', source)
  await setSource(tx, source, {identity: `${source.identity} (portal ${source.portal_id}, until ${now})`})
}

/** When a mailbox took the place of another one of its portal; null for the first, and for a pipe, which holds no old mail. */
export async function replacedAt(db: Db, source: SourceRow): Promise<string | null> {
  if (source.kind === 'pipe') return null
  const earlier = await db
    .selectFrom('source')
    .select('id')
    .where('portal_id', '=', source.portal_id)
    .where('kind', '!=', 'pipe')
    .where('id', '<', source.id)
    .limit(1)
    .executeTakeFirst()
  return earlier === undefined ? null : source.created_at
}

/** The identity of a portal's pipe; there is such a source once an MTA has handed in a mail. */
export const pipeIdentity = (portalId: number): string => `pipe:${portalId}`

/** The pipe of a portal: what an MTA hands in. */
export async function pipeSource(store: Store, portalId: number, now: string): Promise<SourceRow> {
  const identity = pipeIdentity(portalId)
  return (
    (await findSourceByIdentity(store.db, identity)) ??
    store.transaction(async (tx) => {
      await lockPortal(tx, portalId) // the first deliveries of a portal may come at once
      return putSource(tx, portalId, {kind: 'pipe', identity, config: '{}'}, now)
    })
  )
}

export async function noteSuccess(db: Db, source: SourceRow, now: string): Promise<void> {
  await setSource(db, source, {last_ok_at: now, last_error: null})
}

export async function noteFailure(
  db: Db,
  source: SourceRow,
  error: {code: string; exitCode?: number; title: string; why: string; at: string},
): Promise<void> {
  await setSource(db, source, {last_error: JSON.stringify(error)})
}

async function setSource(db: Db, source: SourceRow, fields: Partial<SourceRow>): Promise<void> {
  await db
    .updateTable('source')
    .set(fields)
    .where('portal_id', '=', source.portal_id)
    .where('id', '=', source.id)
    .execute()
}

// Lease -----------------------------------------------------------------------------------------------------------

/** The right to pull a source. */
export interface Lease extends Tenure {
  readonly source: SourceRow
}

/** Takes the right to pull a source. @throws 75 when another process is at it. */
export async function acquireLease(store: Store, source: SourceRow, shownAs: string): Promise<Lease> {
  const tenure = await takeLease(store, 'source', source, shownAs)
  return {...tenure, source: (await findSource(store.db, source.portal_id, source.id)) ?? source}
}

/** The first statement of every intake transaction: moves the cursor if the lease still holds, and locks the source. */
export async function fence(tx: Tx, lease: Lease, cursor: Cursor, shownAs: string): Promise<void> {
  const {numUpdatedRows} = await tx
    .updateTable('source')
    .set({cursor: JSON.stringify(cursor)})
    .where('portal_id', '=', lease.source.portal_id)
    .where('id', '=', lease.source.id)
    .where('lease_token', '=', lease.token)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) throw leaseLost(shownAs)
}

/** Keeps the cursor that a run ended at, where its last items needed no commit. */
export async function saveCursor(store: Store, lease: Lease, cursor: Cursor, shownAs: string): Promise<void> {
  await store.transaction((tx) => fence(tx, lease, cursor, shownAs))
}

// Ledger ----------------------------------------------------------------------------------------------------------

/** Written out, so that both databases see that the index of the few unsettled items holds all that is asked for. */
const unsettled = (state: 'poison' | 'deferred') =>
  sql<boolean>`(state = ${sql.lit(state)} and state in ('poison', 'deferred'))`

/** What the store remembers of the items of a source. `since`: deferred items from that instant on are due again. */
export function ledgerOf(store: Store, source: SourceRow, options: {readonly since?: string} = {}): Ledger {
  const items = () =>
    store.db.selectFrom('source_item').where('portal_id', '=', source.portal_id).where('source_id', '=', source.id)
  return {
    async settled(epoch, from, among) {
      const rows = await items()
        .select('item_key')
        .where('epoch', '=', epoch)
        .where('item_key', '>=', from)
        .$if(among !== undefined, (query) => query.where(store.dialect.among('item_key', among ?? [])))
        .execute()
      return new Set(rows.map((row) => row.item_key))
    },
    async due(epoch) {
      const poison = await items()
        .select('item_key')
        .where('epoch', '=', epoch)
        .where(unsettled('poison'))
        .where('next_try_at', '<=', store.dialect.now)
        .execute()
      if (options.since === undefined) return poison.map((row) => row.item_key).sort()
      const deferred = await items()
        .select('item_key')
        .where('epoch', '=', epoch)
        .where(unsettled('deferred'))
        .where('received_at', '>=', options.since)
        .execute()
      return [...poison, ...deferred].map((row) => row.item_key).sort()
    },
    async unfinished(epoch) {
      const rows = await items().select('item_key').where('epoch', '=', epoch).where('effect', '=', 'due').execute()
      return rows.map((row) => row.item_key)
    },
    async finished(epoch, keys) {
      if (keys.length === 0) return
      await store.db
        .updateTable('source_item')
        .set({effect: 'done'})
        .where('portal_id', '=', source.portal_id)
        .where('source_id', '=', source.id)
        .where('epoch', '=', epoch)
        .where(store.dialect.among('item_key', keys))
        .execute()
    },
  }
}

/** Makes an item due again, whatever became of it: the next run asks its source for it. */
export async function askAgain(
  store: Store,
  portalId: number,
  item: {readonly source_id: number; readonly epoch: string; readonly item_key: string},
): Promise<void> {
  await store.db
    .updateTable('source_item')
    .set({state: 'poison', next_try_at: store.dialect.now})
    .where('state', 'in', ['quarantined', 'poison'])
    .where('portal_id', '=', portalId)
    .where('source_id', '=', item.source_id)
    .where('epoch', '=', item.epoch)
    .where('item_key', '=', item.item_key)
    .execute()
}
