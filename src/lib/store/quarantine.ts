import type {Selectable} from 'kysely'
import type {Db, QuarantineTable, Tx} from './schema.ts'

export type QuarantineRow = Selectable<QuarantineTable>

export interface QuarantineFilter {
  readonly reason?: string
  /** Ids below this one: where the page before ended. */
  readonly below?: number
  readonly limit: number
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

/** What waits in the quarantine, the newest first. */
export async function listQuarantine(
  db: Db,
  portalId: number,
  filter: QuarantineFilter,
): Promise<NamedQuarantineRow[]> {
  let query = named(db, portalId)
  if (filter.reason !== undefined) query = query.where('quarantine.reason', '=', filter.reason)
  if (filter.below !== undefined) query = query.where('quarantine.id', '<', filter.below)
  return query.orderBy('quarantine.id', 'desc').limit(filter.limit).execute()
}

/** One quarantined mail, with the header that was kept where the mail itself was not. */
export const findQuarantined = (
  db: Db,
  portalId: number,
  id: number,
): Promise<(NamedQuarantineRow & Pick<QuarantineRow, 'header'>) | undefined> =>
  named(db, portalId).select('quarantine.header').where('quarantine.id', '=', id).executeTakeFirst()

/** Gives the quarantined mail of the same item the id that it had before it was tried again. */
export async function keepId(tx: Tx, before: QuarantineRow): Promise<void> {
  await tx
    .updateTable('quarantine')
    .set({id: before.id, created_at: before.created_at})
    .where('portal_id', '=', before.portal_id)
    .where('source_id', '=', before.source_id)
    .where('epoch', '=', before.epoch)
    .where('item_key', '=', before.item_key)
    .execute()
}

/** How many wait for each reason. */
export async function countQuarantine(db: Db, portalId: number): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('quarantine')
    .select((eb) => ['reason', eb.fn.countAll<number>().as('n')])
    .where('portal_id', '=', portalId)
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
