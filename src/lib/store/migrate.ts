/** Brings a store to the schema of this program: forward only, one at a time, all or nothing. */
import {existsSync} from 'node:fs'
import {rename, rm, writeFile} from 'node:fs/promises'
import {CompiledQuery} from 'kysely'
import {schemaTooNew} from '../errors.ts'
import type {StoreDialect} from './dialect.ts'
import {migrations, SCHEMA_VERSION} from './migrations/index.ts'
import type {StoreHandle} from './open.ts'
import type {Db} from './schema.ts'

/** What a migration has done. `from` equals `to` where there was nothing to do. */
export interface MigrationReport {
  readonly from: number
  readonly to: number
  /** The file with the copy that was made before; null where the store was empty, and for PostgreSQL. */
  readonly backup: string | null
}

/** The schema a store has; 0 for an empty one. */
export async function readVersion(db: Db, dialect: StoreDialect): Promise<number> {
  const found = await dialect.hasTable('migration').execute(db)
  if (found.rows.length === 0) return 0
  const row = await db
    .selectFrom('migration')
    .select((eb) => eb.fn.max('version').as('version'))
    .executeTakeFirst()
  return row?.version ?? 0
}

/** @throws 78 where the store was made by a newer program. */
export function refuseNewer(version: number, where: string): void {
  if (version > SCHEMA_VERSION) throw schemaTooNew(where, version, SCHEMA_VERSION)
}

/** Runs what is missing, in one transaction under a lock; a second process waits and finds nothing to do. */
export async function migrate(handle: StoreHandle): Promise<MigrationReport> {
  const {db, dialect, where, location} = handle
  refuseNewer(await readVersion(db, dialect), where)
  return db.transaction().execute(async (tx) => {
    if (dialect.migrationLock) await dialect.migrationLock.execute(tx)
    const from = await readVersion(tx, dialect)
    refuseNewer(from, where)
    // Under the lock, so that it holds what the migration found, and no other process makes one too.
    const backup =
      from > 0 && from < SCHEMA_VERSION && location.kind === 'sqlite' ? await backUp(location.path, from) : null
    for (const migration of migrations.slice(from)) {
      if (migration.version === 1)
        await tx.executeQuery(
          CompiledQuery.raw(
            `create table migration (version ${dialect.words.int} not null primary key, name text not null, applied_at text not null) ${dialect.words.table}`,
          ),
        )
      for (const statement of migration.statements(dialect.words)) await tx.executeQuery(CompiledQuery.raw(statement))
      await tx
        .insertInto('migration')
        .values({version: migration.version, name: migration.name, applied_at: dialect.now})
        .execute()
    }
    if (from === 0) {
      // Not at the top: this file is part of every start, and the module takes milliseconds to load.
      const {randomBytes} = await import('node:crypto')
      await tx
        .insertInto('store')
        .values({id: randomBytes(16).toString('hex'), next_portal_id: 1, created_at: dialect.now})
        .execute()
    }
    return {from, to: SCHEMA_VERSION, backup}
  })
}

/**
 * A copy beside the SQLite file, complete before it gets its name; a copy of an earlier time is never written over.
 * PostgreSQL is backed up by its own tools. Another connection makes it: within a transaction SQLite would not.
 */
async function backUp(path: string, version: number): Promise<string> {
  let backup = `${path}.backup-${version}`
  for (let more = 2; existsSync(backup); more++) backup = `${path}.backup-${version}-${more}`
  const partial = `${backup}.partial`
  await rm(partial, {force: true})
  // Customers' mail: nobody else may read it, also while it is written. SQLite takes an empty file.
  await writeFile(partial, '', {mode: 0o600, flag: 'wx'})
  const {openSqliteFile} = await import('./sqlite.ts')
  const reader = await openSqliteFile(path, {readonly: true})
  try {
    reader.prepare('vacuum into ?').run(partial)
  } catch (error) {
    await rm(partial, {force: true})
    throw error
  } finally {
    reader.close()
  }
  await rename(partial, backup)
  return backup
}
