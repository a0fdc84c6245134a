/**
 * All differences of SQLite and PostgreSQL in one object. Queries elsewhere are written once, in what both understand.
 */
import {sql, type RawBuilder, type SqlBool} from 'kysely'
import {codeOf, messageOf, type PostdeskError, storeBusy, storeDamaged, storeFull, storeUnavailable} from '../errors.ts'
import type {Instant} from '../clock.ts'
import type {DialectWords} from './migrations/migration.ts'

export interface StoreDialect {
  readonly name: 'sqlite' | 'postgres'
  readonly words: DialectWords
  /** SQLite migrates itself when it is opened; a shared database only when told to. */
  readonly migratesItself: boolean
  /** Most parameters of one statement: many rows are inserted by one. */
  readonly maxParameters: number
  /** The database's own clock, so that the clocks of several machines do not matter for a lease. */
  readonly now: RawBuilder<Instant>
  /** The database's clock plus so many seconds. */
  inSeconds(seconds: number): RawBuilder<Instant>
  /** Taken at the start of a migration and held until its transaction ends. */
  readonly migrationLock: RawBuilder<unknown> | null
  /** `column in (values)` as a text that does not depend on how many values there are, so that it is prepared once. */
  among(column: string, values: readonly (string | number)[]): RawBuilder<SqlBool>
  /** Selects one row if there is such a table. */
  hasTable(name: string): RawBuilder<unknown>
  /** Selects how many `bytes` the store takes. */
  readonly size: RawBuilder<{bytes: number}>
  /** Selects the `journal_mode`; null where there is no choice of one. */
  readonly journal: RawBuilder<{journal_mode: string}> | null
  /** What the database itself can check of its file, and of what refers to what; null where its server sees to that. */
  readonly selfCheck: {
    /** One row with `ok`, or one for each damage. */
    readonly integrity: RawBuilder<{integrity_check: string}>
    /** One row for each reference to a row that is not there. */
    readonly references: RawBuilder<{table: string; parent: string}>
  } | null
  /** True where the same transaction may succeed when it is run again. */
  isRetryable(error: unknown): boolean
  /** Names what went wrong; null where it is not the database's doing. */
  explain(error: unknown, where: string): PostdeskError | null
}

/**
 * `column = portalId`, kept out of the choice of an index. Every primary key begins with `portal_id`, and SQLite, which
 * has no statistics of a new store, would rather walk all rows of the portal than look a few up by another column.
 */
export const inPortal = (column: string, portalId: number): RawBuilder<SqlBool> =>
  sql<SqlBool>`+${sql.ref(column)} = ${portalId}`

const sqlite: StoreDialect = {
  name: 'sqlite',
  words: {int: 'integer', blob: 'blob', table: 'strict', clustered: 'strict, without rowid'},
  migratesItself: true,
  maxParameters: 32_000,
  now: sql<Instant>`strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`,
  inSeconds: (seconds) => sql<Instant>`strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ${`${seconds} seconds`})`,
  among: (column, values) =>
    sql<SqlBool>`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`,
  migrationLock: null,
  hasTable: (name) => sql`select 1 from sqlite_schema where type = 'table' and name = ${name}`,
  size: sql`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`,
  journal: sql`pragma journal_mode`,
  selfCheck: {
    integrity: sql`pragma integrity_check(20)`,
    references: sql`select "table", parent from pragma_foreign_key_check()`,
  },
  isRetryable: () => false,
  explain(error, where) {
    const code = codeOf(error)
    if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return storeBusy(where, error)
    if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_WRITE' || code === 'ENOSPC') return storeFull(where, error)
    if (code === 'SQLITE_NOTADB')
      return storeUnavailable(
        where,
        'the file is no SQLite database',
        [{text: 'Correct --store; or restore a backup, if this was the store.'}],
        error,
      )
    if (code.startsWith('SQLITE_CORRUPT')) return storeDamaged(where, `SQLite says: ${messageOf(error)}`, error)
    if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_PERM'))
      return storeUnavailable(
        where,
        'it may be read but not written',
        [{text: 'Give the user who runs postdesk the right to write the file and its directory.'}],
        error,
      )
    if (['EACCES', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS', 'ENAMETOOLONG'].includes(code))
      return storeUnavailable(
        where,
        `its directory cannot be made: ${messageOf(error)}`,
        [
          {
            text: 'Correct --store, or make the directory and give the user who runs postdesk the right to write there.',
          },
        ],
        error,
      )
    if (code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_IOERR') || code.startsWith('SQLITE_PROTOCOL'))
      return storeUnavailable(
        where,
        messageOf(error),
        [{text: 'Check that the directory exists, is on a local disk, and may be written.'}],
        error,
      )
    return null
  },
}

/** PostgreSQL error classes (SQLSTATE, PostgreSQL manual appendix A) and system errors of a connection. */
const postgres: StoreDialect = {
  name: 'postgres',
  words: {int: 'bigint', blob: 'bytea', table: '', clustered: ''},
  migratesItself: false,
  maxParameters: 60_000,
  now: sql<Instant>`to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
  inSeconds: (seconds) =>
    sql<Instant>`to_char((clock_timestamp() + make_interval(secs => ${seconds})) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
  migrationLock: sql`select pg_advisory_xact_lock(7067847)`,
  among: (column, values) => sql<SqlBool>`${sql.ref(column)} = any(${values})`,
  hasTable: (name) =>
    sql`select 1 from pg_catalog.pg_tables where schemaname = current_schema() and tablename = ${name}`,
  size: sql`select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint as bytes from pg_class
    where relkind = 'r' and relnamespace = current_schema()::regnamespace`,
  journal: null,
  selfCheck: null,
  isRetryable: (error) => ['40001', '40P01'].includes(codeOf(error)),
  explain(error, where) {
    const code = codeOf(error)
    const message = messageOf(error)
    if (['40001', '40P01', '55P03', '57014'].includes(code)) return storeBusy(where, error)
    if (code === '53100') return storeFull(where, error)
    if (code === '53300' || code === '53400')
      return storeUnavailable(
        where,
        `the server has no free connection: ${message}`,
        [{text: 'Run again in a moment, or raise max_connections.'}],
        error,
      )
    if (code === '28P01' || code === '28000' || message.includes('SASL'))
      return storeUnavailable(
        where,
        `the server refused the login: ${message}`,
        [{text: 'Give the password with PGPASSFILE, POSTDESK_STORE or --store-password-env VAR.'}],
        error,
      )
    if (code === '3D000')
      return storeUnavailable(where, message, [{text: 'Create the database, or correct its name in --store.'}], error)
    if (code === '42501')
      return storeUnavailable(where, message, [{text: 'Grant this role rights on the schema and its tables.'}], error)
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      return storeUnavailable(where, 'its host name cannot be found', [{text: 'Correct the host in --store.'}], error)
    if (code === 'ECONNREFUSED')
      return storeUnavailable(
        where,
        'nothing listens at that host and port',
        [{text: 'Start the server, or correct host and port in --store.'}],
        error,
      )
    if (
      ['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', '57P01', '57P02', '57P03'].includes(code) ||
      code.startsWith('08') ||
      /Connection terminated|timeout (expired|exceeded)/i.test(message)
    )
      return storeUnavailable(
        where,
        `the connection failed: ${message}`,
        [{text: 'Check the server and the network, then run the same command again.'}],
        error,
      )
    return null
  },
}

export const dialects = {sqlite, postgres} as const
