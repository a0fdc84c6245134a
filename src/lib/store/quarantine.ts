import type {Selectable} from 'kysely'
import type {Db, QuarantineTable} from './schema.ts'

export type QuarantineRow = Selectable<QuarantineTable>

export interface QuarantineFilter {
  readonly reason?: string
  /** Ids below this one: where the page before ended. */
  readonly below?: number
  readonly limit: number
}

/** What waits in the quarantine, the newest first, with the name of its source. */
export async function listQuarantine(
  db: Db,
  portalId: number,
  filter: QuarantineFilter,
): Promise<(Omit<QuarantineRow, 'header'> & {source_identity: string})[]> {
  let query = db
    .selectFrom('quarantine')
    .innerJoin('source', (join) =>
      join.onRef('source.portal_id', '=', 'quarantine.portal_id').onRef('source.id', '=', 'quarantine.source_id'),
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
      'source.identity as source_identity',
    ])
    .where('quarantine.portal_id', '=', portalId)
  if (filter.reason !== undefined) query = query.where('quarantine.reason', '=', filter.reason)
  if (filter.below !== undefined) query = query.where('quarantine.id', '<', filter.below)
  return query.orderBy('quarantine.id', 'desc').limit(filter.limit).execute()
}

export const findQuarantined = (db: Db, portalId: number, id: number): Promise<QuarantineRow | undefined> =>
  db.selectFrom('quarantine').selectAll().where('portal_id', '=', portalId).where('id', '=', id).executeTakeFirst()

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

/** How many wait because this channel is switched off. */
export async function countWaiting(db: Db, portalId: number, channelId: number): Promise<number> {
  const {n} = await db
    .selectFrom('quarantine')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('portal_id', '=', portalId)
    .where('reason', '=', 'channel-inactive')
    .where('channel_id', '=', channelId)
    .executeTakeFirstOrThrow()
  return n
}
