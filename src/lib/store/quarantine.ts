import {sql, type RawBuilder, type Selectable, type SqlBool} from 'kysely'
import type {StoreDialect} from './dialect.ts'
import {dropUnusedRaw} from './raw.ts'
import type {Db, QuarantineTable, Tx} from './schema.ts'

export type QuarantineRow = Selectable<QuarantineTable>

/** Which quarantined mails are meant: some by their ids, or all that something is true of. */
export type QuarantineSelection =
  | {readonly ids: readonly number[]}
  | {
      readonly reasons?: readonly string[]
      /** Those that wait for this channel. */
      readonly channelId?: number
      /** Those that were quarantined before this instant. */
      readonly before?: string
      /** Those that were purged, and not those that wait. */
      readonly purged?: boolean
    }

/** A quarantined mail with the names that its ids stand for. */
export interface NamedQuarantineRow extends Omit<QuarantineRow, 'header'> {
  readonly source_identity: string
  /** The current address of the channel it waits for. */
  readonly channel_address: string | null
}

const named = (db: Db, portalId: number) =>
  db
    .selectFrom('quarantine')
    .innerJoin('source', (join) =>
      join.onRef('source.portal_id', '=', 'quarantine.portal_id').onRef('source.id', '=', 'quarantine.source_id'),
    )
    .leftJoin('channel', (join) =>
      join.onRef('channel.portal_id', '=', 'quarantine.portal_id').onRef('channel.id', '=', 'quarantine.channel_id'),
    )
    .select([
      'quarantine.portal_id',
      'quarantine.id',
      'quarantine.source_id',
      'quarantine.epoch',
      'quarantine.item_key',
      'quarantine.raw_id',
      'quarantine.channel_id',
      'quarantine.reason',
      'quarantine.detail',
      'quarantine.from_text',
      'quarantine.subject',
      'quarantine.size',
      'quarantine.received_at',
      'quarantine.envelope',
      'quarantine.created_at',
      'quarantine.purged_at',
      'source.identity as source_identity',
      'channel.address as channel_address',
    ])
    .where('quarantine.portal_id', '=', portalId)

/** One reason as an equality: SQLite then walks the index of that reason. */
const oneOf = (reasons: readonly string[]): RawBuilder<SqlBool> =>
  reasons.length === 1
    ? sql<SqlBool>`quarantine.reason = ${reasons[0]}`
    : sql<SqlBool>`quarantine.reason in (${sql.join(reasons)})`

function selected(dialect: StoreDialect, selection: QuarantineSelection): RawBuilder<SqlBool> {
  if ('ids' in selection) return dialect.among('quarantine.id', selection.ids)
  const {reasons, channelId, before, purged = false} = selection
  return sql<SqlBool>`(${sql.join(
    [
      purged ? sql`quarantine.purged_at is not null` : sql`quarantine.purged_at is null`,
      ...(reasons === undefined ? [] : [oneOf(reasons)]),
      ...(channelId === undefined ? [] : [sql`quarantine.channel_id = ${channelId}`]),
      ...(before === undefined ? [] : [sql`quarantine.created_at < ${before}`]),
    ],
    sql` and `,
  )})`
}

/** A page of the quarantine, the newest first. `below`: ids below this one, where the page before ended. */
export function listQuarantine(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  selection: QuarantineSelection,
  page: {readonly below?: number; readonly limit: number},
): Promise<NamedQuarantineRow[]> {
  const {below, limit} = page
  return named(db, portalId)
    .where(selected(dialect, selection))
    .$if(below !== undefined, (query) => query.where('quarantine.id', '<', below ?? 0))
    .orderBy('quarantine.id', 'desc')
    .limit(limit)
    .execute()
}

/** Mails of a page: one statement reads as many, and what is done to them is done in transactions of fewer. */
const PAGE = 200

/**
 * The mails of a selection, the oldest first, page by page. What joins the quarantine meanwhile is not among them, so that
 * the walk ends; a mail that stays keeps its id and is met once.
 */
export async function* walkQuarantine(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  selection: QuarantineSelection,
): AsyncGenerator<NamedQuarantineRow[]> {
  if ('ids' in selection) {
    const ids = [...new Set(selection.ids)].sort((a, b) => a - b)
    for (let start = 0; start < ids.length; start += PAGE)
      yield await named(db, portalId)
        .where(selected(dialect, {ids: ids.slice(start, start + PAGE)}))
        .orderBy('quarantine.id')
        .execute()
    return
  }
  const [newest] = await listQuarantine(db, dialect, portalId, selection, {limit: 1})
  if (newest === undefined) return
  for (let after = 0; after < newest.id;) {
    const rows = await named(db, portalId)
      .where(selected(dialect, selection))
      .where('quarantine.id', '>', after)
      .orderBy('quarantine.id')
      .limit(PAGE)
      .execute()
    // With this bound in the statement SQLite would walk the ids of all that was purged as well.
    const old = rows.filter(({id}) => id <= newest.id)
    if (old.length === 0) return
    yield old
    after = old.at(-1)!.id
  }
}

/** How many mails a selection has, and how many bytes they had as they came. */
export async function measureSelection(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  selection: QuarantineSelection,
): Promise<{mails: number; bytes: number}> {
  const row = await db
    .selectFrom('quarantine')
    .select((eb) => [
      eb.fn.countAll<number>().as('mails'),
      eb.cast<number>(eb.fn.coalesce(eb.fn.sum('quarantine.size'), sql.lit(0)), 'bigint').as('bytes'),
    ])
    .where('quarantine.portal_id', '=', portalId)
    .where(selected(dialect, selection))
    .executeTakeFirstOrThrow()
  return row
}

/** What is left of a quarantined mail. */
export type QuarantineState = Pick<QuarantineRow, 'id' | 'raw_id' | 'purged_at'>

/** Of these ids, those that there are. */
export async function findIds(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  ids: readonly number[],
): Promise<ReadonlyMap<number, QuarantineState>> {
  const rows = await db
    .selectFrom('quarantine')
    .select(['id', 'raw_id', 'purged_at'])
    .where('portal_id', '=', portalId)
    .where(dialect.among('id', ids))
    .execute()
  return new Map(rows.map((row) => [row.id, row]))
}

/** One quarantined mail, with the header that was kept where the mail itself was not. */
export const findQuarantined = (
  db: Db,
  portalId: number,
  id: number,
): Promise<(NamedQuarantineRow & Pick<QuarantineRow, 'header'>) | undefined> =>
  named(db, portalId).select('quarantine.header').where('quarantine.id', '=', id).executeTakeFirst()

/** How many mails there are for each reason: those that wait, or those that were purged. */
export async function countQuarantine(
  db: Db,
  portalId: number,
  which: 'waiting' | 'purged' = 'waiting',
): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('quarantine')
    .select((eb) => ['reason', eb.fn.countAll<number>().as('n')])
    .where('portal_id', '=', portalId)
    .where('purged_at', which === 'waiting' ? 'is' : 'is not', null)
    .groupBy('reason')
    .orderBy('reason')
    .execute()
  return Object.fromEntries(rows.map((row) => [row.reason, row.n]))
}

/** How many wait for each channel, and of those how many because it is switched off. Null for no channel. */
export async function countByChannel(
  db: Db,
  portalId: number,
): Promise<ReadonlyMap<number | null, {quarantined: number; waiting: number}>> {
  const rows = await db
    .selectFrom('quarantine')
    .select((eb) => [
      'channel_id',
      eb.fn.countAll<number>().as('quarantined'),
      eb.fn.countAll<number>().filterWhere('reason', '=', 'channel-inactive').as('waiting'),
    ])
    .where('portal_id', '=', portalId)
    .where('purged_at', 'is', null)
    .groupBy('channel_id')
    .execute()
  return new Map(rows.map(({channel_id: id, quarantined, waiting}) => [id, {quarantined, waiting}]))
}

/** The ids of those that wait because this channel is switched off, the oldest first. */
export async function listWaiting(db: Db, portalId: number, channelId: number): Promise<number[]> {
  const rows = await db
    .selectFrom('quarantine')
    .select('id')
    .where('portal_id', '=', portalId)
    .where('reason', '=', 'channel-inactive')
    .where('channel_id', '=', channelId)
    .orderBy('id')
    .execute()
  return rows.map((row) => row.id)
}

// Removing ----------------------------------------------------------------------------------------------------------

/**
 * Removes mails for good, with their raw bytes where nothing else needs them. The ledger keeps that they were here: a sync
 * does not fetch them again. Gives those that were still there. The caller has locked the portal.
 */
export async function deleteQuarantined(
  tx: Tx,
  dialect: StoreDialect,
  portalId: number,
  ids: readonly number[],
): Promise<{id: number; reason: string}[]> {
  const rows = await tx
    .deleteFrom('quarantine')
    .where('portal_id', '=', portalId)
    .where(dialect.among('id', ids))
    .returning(['id', 'reason', 'source_id', 'epoch', 'item_key', 'raw_id'])
    .execute()
  for (const row of rows) {
    await tx
      .updateTable('source_item')
      .set({state: 'dropped', next_try_at: null})
      .where('portal_id', '=', portalId)
      .where('source_id', '=', row.source_id)
      .where('epoch', '=', row.epoch)
      .where('item_key', '=', row.item_key)
      .execute()
    if (row.raw_id !== null) await dropUnusedRaw(tx, portalId, row.raw_id)
  }
  return rows.map(({id, reason}) => ({id, reason})).sort((a, b) => a.id - b.id)
}

/** A mail that is to be purged. `header`: what is kept of it. */
export interface Purgeable {
  readonly id: number
  readonly raw_id: number | null
  readonly header: Uint8Array | null
}

/**
 * Removes all but the header of a mail. False where it was settled meanwhile. The caller has locked the portal.
 */
export async function purgeQuarantined(tx: Tx, portalId: number, mail: Purgeable, now: string): Promise<boolean> {
  const {numUpdatedRows} = await tx
    .updateTable('quarantine')
    .set({purged_at: now, ...(mail.raw_id === null ? {} : {raw_id: null, header: mail.header})})
    .where('portal_id', '=', portalId)
    .where('id', '=', mail.id)
    .where('purged_at', 'is', null)
    .$call((query) => (mail.raw_id === null ? query : query.where('raw_id', '=', mail.raw_id)))
    .executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) return false
  if (mail.raw_id !== null) await dropUnusedRaw(tx, portalId, mail.raw_id)
  return true
}
