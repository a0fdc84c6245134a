/** Brings a store to the schema of this program: forward only, one at a time, all or nothing. */
import {existsSync} from 'node:fs'
import {rename, rm} from 'node:fs/promises'
import {CompiledQuery} from 'kysely'
import {schemaTooNew} from '../errors.ts'
import type {StoreDialect} from './dialect.ts'
import {migrations, SCHEMA_VERSION} from './migrations/index.ts'
import type {StoreHandle} from './open.ts'
import type {Db} from './schema.ts'

export interface MigrationReport {
  readonly from: number
  readonly to: number
  /** The copy that was made before, SQLite only. */
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
  const {db, dialect, where} = handle
  const before = await readVersion(db, dialect)
  refuseNewer(before, where)
  const backup = before > 0 && before < SCHEMA_VERSION ? await backUp(handle, before) : null
  await db.transaction().execute(async (tx) => {
    if (dialect.migrationLock) await dialect.migrationLock.execute(tx)
    const version = await readVersion(tx, dialect)
    for (const migration of migrations.slice(version)) {
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
    if (version === 0) {
      // Not at the top: this file is part of every start, and the module takes milliseconds to load.
      const {randomBytes} = await import('node:crypto')
      await tx
        .insertInto('store')
        .values({id: randomBytes(16).toString('hex'), next_portal_id: 1, created_at: dialect.now})
        .execute()
    }
  })
  return {from: before, to: SCHEMA_VERSION, backup}
}

/** A copy beside the SQLite file, complete before it gets its name. PostgreSQL is backed up by its own tools. */
async function backUp({db, location}: StoreHandle, version: number): Promise<string | null> {
  if (location.kind !== 'sqlite') return null
  const backup = `${location.path}.backup-${version}`
  if (existsSync(backup)) return backup
  const partial = `${backup}.partial-${process.pid}`
  await rm(partial, {force: true})
  await db.executeQuery(CompiledQuery.raw('vacuum into ?', [partial]))
  await rename(partial, backup)
  return backup
}
