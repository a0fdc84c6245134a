/** Raw mail: compressed chunks, once per portal. */
import type {RawChunk} from '../message/raw-chunks.ts'
import {inPortal, type StoreDialect} from './dialect.ts'
import type {Store} from './open.ts'
import {reserveId} from './ids.ts'
import type {Db, Tx} from './schema.ts'

/** Age in hours after which the chunks of a mail that was never finished are swept: its writer is long dead. */
const UNFINISHED_HOURS = 24

/**
 * Writes a large mail chunk by chunk, each in a transaction of its own, so that memory stays flat and no lock is held
 * for long. Until `finishRaw` it has no hash and nothing refers to it; a writer that dies leaves it to `sweepRaw`.
 */
export async function beginRaw(store: Store, portalId: number, now: string): Promise<number> {
  return store.transaction(async (tx) => {
    const id = await reserveId(tx, portalId)
    await tx.insertInto('raw').values({portal_id: portalId, id, sha256: null, size: 0, created_at: now}).execute()
    return id
  })
}

export async function appendRaw(
  store: Store,
  portalId: number,
  rawId: number,
  seq: number,
  chunk: RawChunk,
): Promise<void> {
  await store.transaction(async (tx) => {
    await tx
      .insertInto('raw_chunk')
      .values({portal_id: portalId, raw_id: rawId, seq, ...chunk})
      .execute()
  })
}

/** Gives a mail that was written chunk by chunk its hash, or drops it for the same one that is there already. */
export async function finishRaw(
  tx: Tx,
  dialect: StoreDialect,
  portalId: number,
  rawId: number,
  sha256: string,
  size: number,
): Promise<number> {
  const known = (await findRaw(tx, dialect, portalId, [sha256])).get(sha256)
  if (known !== undefined) {
    await dropRaw(tx, portalId, rawId)
    return known
  }
  await tx.updateTable('raw').set({sha256, size}).where('portal_id', '=', portalId).where('id', '=', rawId).execute()
  return rawId
}

/** The ids of the raw mails with these hashes, as far as they are there. */
export async function findRaw(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (hashes.length === 0) return new Map()
  const rows = await db
    .selectFrom('raw')
    .select(['id', 'sha256'])
    .where(inPortal('raw.portal_id', portalId))
    .where(dialect.among('sha256', hashes))
    .execute()
  return new Map(rows.map((row) => [row.sha256!, row.id]))
}

export async function dropRaw(db: Db, portalId: number, rawId: number): Promise<void> {
  await db.deleteFrom('raw_chunk').where('portal_id', '=', portalId).where('raw_id', '=', rawId).execute()
  await db.deleteFrom('raw').where('portal_id', '=', portalId).where('id', '=', rawId).execute()
}

/** Drops a raw mail that no message and no quarantined mail refers to. */
export async function dropUnusedRaw(tx: Tx, portalId: number, rawId: number): Promise<void> {
  for (const table of ['message', 'quarantine'] as const) {
    const used = await tx
      .selectFrom(table)
      .select('id')
      .where('portal_id', '=', portalId)
      .where('raw_id', '=', rawId)
      .executeTakeFirst()
    if (used) return
  }
  await dropRaw(tx, portalId, rawId)
}

/** Reads a raw mail piece by piece from the piece `first` on, as stored; the reader decompresses. */
export async function* readRaw(db: Db, portalId: number, rawId: number, first = 0): AsyncGenerator<RawChunk> {
  for (let seq = first; ; seq++) {
    const row = await db
      .selectFrom('raw_chunk')
      .select(['size', 'encoding', 'data'])
      .where('portal_id', '=', portalId)
      .where('raw_id', '=', rawId)
      .where('seq', '=', seq)
      .executeTakeFirst()
    if (!row) return
    yield row
  }
}

/** Removes what writers that died have left. Returns how many mails. */
export async function sweepRaw(store: Store, portalId: number): Promise<number> {
  return store.transaction(async (tx) => {
    const stale = await tx
      .selectFrom('raw')
      .select('id')
      .where('portal_id', '=', portalId)
      .where('sha256', 'is', null)
      .where('created_at', '<', store.dialect.inSeconds(-UNFINISHED_HOURS * 3600))
      .execute()
    for (const {id} of stale) await dropRaw(tx, portalId, id)
    return stale.length
  })
}
