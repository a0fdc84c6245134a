/** What can be said of a store from outside: its schema, its size, and whether what it holds is whole. */
import {sql} from 'kysely'
import {messageOf} from '../errors.ts'
import type {StoreDialect} from './dialect.ts'
import {readVersion} from './migrate.ts'
import type {Db} from './schema.ts'

export interface StoreMeasures {
  /** 0 for an empty store. */
  readonly version: number
  readonly bytes: number
  /** `wal` for SQLite as it should be; null for PostgreSQL. */
  readonly journal: string | null
}

export async function measureStore(db: Db, dialect: StoreDialect): Promise<StoreMeasures> {
  const version = await readVersion(db, dialect)
  const [size] = (await dialect.size.execute(db)).rows
  const journal = dialect.journal ? (await dialect.journal.execute(db)).rows[0]!.journal_mode : null
  return {version, bytes: size!.bytes, journal}
}

/**
 * What SQLite finds wrong with its file, also where it finds that out by failing. Null for PostgreSQL, whose server sees
 * to its files.
 */
export async function damagesOfFile(db: Db, dialect: StoreDialect, where: string): Promise<string[] | null> {
  if (!dialect.selfCheck) return null
  try {
    const {rows} = await dialect.selfCheck.integrity.execute(db)
    return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok')
  } catch (error) {
    if (dialect.explain(error, where)?.code === 'STORE_DAMAGED') return [messageOf(error)]
    throw error
  }
}

/** References to rows that are not there. Null for PostgreSQL, which cannot have any. */
export async function danglingReferences(db: Db, dialect: StoreDialect): Promise<string[] | null> {
  if (!dialect.selfCheck) return null
  const {rows} = await dialect.selfCheck.references.execute(db)
  return rows.map(({table, parent}) => `a row of ${table} refers to a row of ${parent} that is not there`)
}

/** A raw mail whose content can be compared with what is known of it. */
export interface RawFacts {
  readonly portal_id: number
  readonly id: number
  readonly sha256: string
  readonly size: number
}

/** A page of the finished raw mails of a portal, by id. */
export const rawMailsAfter = (db: Db, portalId: number, after: number, limit: number): Promise<RawFacts[]> =>
  db
    .selectFrom('raw')
    .select(['portal_id', 'id', 'size'])
    .select((eb) => eb.ref('sha256').$notNull().as('sha256'))
    .where('portal_id', '=', portalId)
    .where('id', '>', after)
    .where('sha256', 'is not', null)
    .orderBy('id')
    .limit(limit)
    .execute()

/** So many finished raw mails of the whole store, others each time. */
export const sampleRawMails = (db: Db, limit: number): Promise<RawFacts[]> =>
  db
    .selectFrom('raw')
    .select(['portal_id', 'id', 'size'])
    .select((eb) => eb.ref('sha256').$notNull().as('sha256'))
    .where('sha256', 'is not', null)
    .orderBy(sql`random()`)
    .limit(limit)
    .execute()

/** Raw mails whose chunks do not add up: one is missing, or their sizes are not those of the mail. */
export const brokenSequences = (db: Db): Promise<{portal_id: number; id: number; size: number; stored: number}[]> =>
  db
    .selectFrom('raw')
    .leftJoin('raw_chunk', (join) =>
      join.onRef('raw_chunk.portal_id', '=', 'raw.portal_id').onRef('raw_chunk.raw_id', '=', 'raw.id'),
    )
    .select((eb) => [
      'raw.portal_id',
      'raw.id',
      'raw.size',
      eb.cast<number>(eb.fn.coalesce(eb.fn.sum('raw_chunk.size'), sql.lit(0)), 'bigint').as('stored'),
    ])
    .where('raw.sha256', 'is not', null)
    .groupBy(['raw.portal_id', 'raw.id', 'raw.size'])
    .having((eb) =>
      eb.or([
        eb(eb.fn.coalesce(eb.fn.sum('raw_chunk.size'), sql.lit(0)), '!=', eb.ref('raw.size')),
        eb(
          eb.fn.count('raw_chunk.seq'),
          '!=',
          eb(eb.fn.coalesce(eb.fn.max('raw_chunk.seq'), sql.lit(-1)), '+', sql.lit(1)),
        ),
      ]),
    )
    .orderBy('raw.portal_id')
    .orderBy('raw.id')
    .execute()

/** Mails of tickets that have no raw mail, or one that was never finished. */
export const messagesWithoutRaw = (db: Db): Promise<{portal_id: number; id: number; ticket: number | null}[]> =>
  db
    .selectFrom('message')
    .leftJoin('raw', (join) =>
      join.onRef('raw.portal_id', '=', 'message.portal_id').onRef('raw.id', '=', 'message.raw_id'),
    )
    .leftJoin('ticket', (join) =>
      join.onRef('ticket.portal_id', '=', 'message.portal_id').onRef('ticket.id', '=', 'message.ticket_id'),
    )
    .select(['message.portal_id', 'message.id', 'ticket.number as ticket'])
    .where('message.direction', '!=', 'note')
    .where('raw.sha256', 'is', null)
    .orderBy('message.portal_id')
    .orderBy('message.id')
    .execute()

/** The tickets that a raw mail belongs to, and the quarantined mails. */
export async function usesOfRaw(
  db: Db,
  {portal_id: portalId, id}: Pick<RawFacts, 'portal_id' | 'id'>,
): Promise<{tickets: number[]; quarantined: number[]}> {
  const tickets = await db
    .selectFrom('message')
    .innerJoin('ticket', (join) =>
      join.onRef('ticket.portal_id', '=', 'message.portal_id').onRef('ticket.id', '=', 'message.ticket_id'),
    )
    .select('ticket.number')
    .distinct()
    .where('message.portal_id', '=', portalId)
    .where('message.raw_id', '=', id)
    .orderBy('ticket.number')
    .execute()
  const quarantined = await db
    .selectFrom('quarantine')
    .select('id')
    .where('portal_id', '=', portalId)
    .where('raw_id', '=', id)
    .orderBy('id')
    .execute()
  return {tickets: tickets.map(({number}) => number), quarantined: quarantined.map((row) => row.id)}
}

export interface RawCounts {
  readonly finished: number
  /** Being written now, or left by a writer that died. */
  readonly unfinished: number
  /** Belonging to no message and no quarantined mail. */
  readonly unused: number
}

export async function countRaw(db: Db): Promise<RawCounts> {
  const count = async (sha256: 'is' | 'is not') =>
    (
      await db
        .selectFrom('raw')
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .where('sha256', sha256, null)
        .executeTakeFirstOrThrow()
    ).n
  const {n: unused} = await db
    .selectFrom('raw')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('sha256', 'is not', null)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('message')
            .select('message.id')
            .whereRef('message.portal_id', '=', 'raw.portal_id')
            .whereRef('message.raw_id', '=', 'raw.id'),
        ),
      ),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('quarantine')
            .select('quarantine.id')
            .whereRef('quarantine.portal_id', '=', 'raw.portal_id')
            .whereRef('quarantine.raw_id', '=', 'raw.id'),
        ),
      ),
    )
    .executeTakeFirstOrThrow()
  return {finished: await count('is not'), unfinished: await count('is'), unused}
}
