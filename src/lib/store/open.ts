/**
 * Opens a store: the file or the shared database, at a schema that this program understands.
 */
import {existsSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {dirname} from 'node:path'
import {Kysely} from 'kysely'
import {PostdeskError, schemaTooOld, noSuchStore} from '../errors.ts'
import {makeDirectory} from '../make-directory.ts'
import {dialects, type StoreDialect} from './dialect.ts'
import {displayLocation, type StoreLocation} from './location.ts'
import {migrate, readVersion, refuseNewer} from './migrate.ts'
import {SCHEMA_VERSION} from './migrations/index.ts'
import type {Db, Schema, Tx} from './schema.ts'

/** An open store. Every function of `store/` takes its `db`, or a transaction of it, first. */
export interface Store {
  readonly db: Db
  readonly dialect: StoreDialect
  /** Where it is, as it may be shown. */
  readonly where: string
  /** Runs `work` in one transaction; on SQLite it has the write lock from its beginning. Retried where that can help. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface OpenOptions {
  /** `check` refuses an outdated shared store; `migrate` brings it up to date; `any` only looks, for status and repair. */
  readonly schema?: 'check' | 'migrate' | 'any'
  /** False: a missing SQLite file is an error rather than made. */
  readonly create?: boolean
}

/** How often a transaction that lost against another is run again. */
const RETRIES = 8
/** Connections of one process: the writer, the heartbeat of its lease, and a reader. */
const POOL_SIZE = 3

/**
 * @throws 69 when it cannot be reached, 75 when it is busy, 78 when its schema does not fit.
 */
export async function openStore(location: StoreLocation, options: OpenOptions = {}): Promise<Store> {
  const where = displayLocation(location)
  const dialect = dialects[location.kind]
  const explain = (error: unknown): unknown =>
    error instanceof PostdeskError ? error : (dialect.explain(error, where) ?? error)
  try {
    const db = location.kind === 'sqlite' ? await openSqlite(location.path, options) : await openPostgres(location.url)
    try {
      await bringToSchema({db, dialect, location, where}, options.schema ?? 'check')
    } catch (error) {
      await db.destroy()
      throw error
    }
    return {
      db,
      dialect,
      where,
      async transaction(work) {
        for (let attempt = 1; ; attempt++) {
          try {
            return await db.transaction().execute(work)
          } catch (error) {
            if (attempt < RETRIES && dialect.isRetryable(error)) continue
            throw explain(error)
          }
        }
      },
      close: () => db.destroy(),
    }
  } catch (error) {
    throw explain(error)
  }
}

/** The error as the catalogue names it, for queries outside `Store.transaction`. */
export function explainStoreError(
  error: unknown,
  store: {readonly dialect: StoreDialect; readonly where: string},
): unknown {
  return error instanceof PostdeskError ? error : (store.dialect.explain(error, store.where) ?? error)
}

async function openSqlite(path: string, options: OpenOptions): Promise<Db> {
  if (!existsSync(path)) {
    if (options.create === false) throw noSuchStore(path)
    await makeDirectory(dirname(path), 0o700)
    // Customers' mail: an empty file is a new database, and what SQLite puts beside it takes its mode.
    await writeFile(path, '', {mode: 0o600, flag: 'a'})
  }
  const {openSqliteFile, sqliteDialect} = await import('./sqlite.ts')
  return new Kysely<Schema>({dialect: sqliteDialect(await openSqliteFile(path))})
}

async function openPostgres(url: string): Promise<Db> {
  const {postgresDialect} = await import('./postgres.ts')
  return new Kysely<Schema>({dialect: postgresDialect(url, POOL_SIZE)})
}

/** What a migration needs to know of a store. */
export interface StoreHandle {
  readonly db: Db
  readonly dialect: StoreDialect
  readonly location: StoreLocation
  readonly where: string
}

async function bringToSchema(handle: StoreHandle, mode: 'check' | 'migrate' | 'any'): Promise<void> {
  if (mode === 'any') return
  const version = await readVersion(handle.db, handle.dialect)
  refuseNewer(version, handle.where)
  if (version === SCHEMA_VERSION) return
  if (mode === 'check' && !handle.dialect.migratesItself) throw schemaTooOld(handle.where, version, SCHEMA_VERSION)
  await migrate(handle)
}
