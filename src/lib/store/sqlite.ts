/**
 * Kysely's driver for SQLite, with what Kysely's own lacks: prepared statements are kept (its driver prepares at
 * every query), transactions begin IMMEDIATE, and a busy database is waited for asynchronously, because the driver
 * waits synchronously and would freeze heartbeats and connections.
 */
import Database from 'better-sqlite3'
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely'
import {setTimeout as sleep} from 'node:timers/promises'
import {codeOf} from '../errors.ts'

/** How long SQLite itself waits for a lock, in ms: it blocks the whole process meanwhile. */
const BUSY_TIMEOUT_MS = 20
/** Up to which age of an attempt a busy database is waited for, in ms. Twenty deliveries beside a sync need seconds. */
const BUSY_PATIENCE_MS = 60_000
/** Longest pause between two attempts, in ms. */
const BUSY_PAUSE_MS = 80
/** Prepared statements kept; a run uses a few dozen different texts. */
const STATEMENTS = 256

/** Opens the file and sets what makes a commit durable: WAL with `synchronous=FULL` survives a power failure. */
export async function openSqliteFile(path: string, options: {readonly?: boolean} = {}): Promise<Database.Database> {
  const database = new Database(path, {timeout: BUSY_TIMEOUT_MS, readonly: options.readonly ?? false})
  try {
    // Several processes may make the same file at once: while one switches it to WAL, the others are told it is busy.
    await whileBusy(() => database.pragma('journal_mode = WAL'))
    // better-sqlite3 is compiled with NORMAL for WAL, where a committed transaction can vanish with the power.
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = ON')
    database.pragma('cache_size = -2000')
    // Pages are written back once per 8 MB of log rather than per 4 MB: a batch of mail is a few MB.
    database.pragma('wal_autocheckpoint = 2000')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const isBusy = (error: unknown) => codeOf(error).startsWith('SQLITE_BUSY')

/** Retries `work` while another connection holds the lock, with growing random pauses so that none starves. */
async function whileBusy<T>(work: () => T): Promise<T> {
  const started = performance.now()
  for (let attempt = 0; ; attempt++) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || performance.now() - started > BUSY_PATIENCE_MS) throw error
      await sleep(1 + Math.random() * Math.min(BUSY_PAUSE_MS, 5 * 2 ** attempt))
    }
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #database: Database.Database
  readonly #statements = new Map<string, Database.Statement>()

  constructor(database: Database.Database) {
    this.#database = database
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    // A single statement outside a transaction is atomic, so repeating it is safe; inside one nothing can be busy,
    // because the transaction has the lock since its beginning.
    return whileBusy(() => this.#execute<R>(query))
  }

  #execute<R>({sql, parameters}: CompiledQuery): QueryResult<R> {
    const statement = this.#prepare(sql)
    if (statement.reader) return {rows: statement.all(parameters) as R[]}
    const {changes, lastInsertRowid} = statement.run(parameters)
    return {numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid), rows: []}
  }

  #prepare(sql: string): Database.Statement {
    const kept = this.#statements.get(sql)
    if (kept) return kept
    const statement = this.#database.prepare(sql)
    if (this.#statements.size >= STATEMENTS) this.#statements.delete(this.#statements.keys().next().value!)
    this.#statements.set(sql, statement)
    return statement
  }

  // oxlint-disable-next-line require-yield -- Kysely asks for the method; nothing here streams rows
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the SQLite store does not stream rows')
  }
}

/** One connection, handed out to one user at a time. */
class SqliteDriver implements Driver {
  readonly #database: Database.Database
  readonly #connection: SqliteConnection
  #free: Promise<void> = Promise.resolve()
  #release: () => void = () => {}

  constructor(database: Database.Database) {
    this.#database = database
    this.#connection = new SqliteConnection(database)
  }

  async init() {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#free
    let release = () => {}
    this.#free = new Promise((resolve) => (release = resolve))
    await before
    this.#release = release
    return this.#connection
  }

  async beginTransaction() {
    await whileBusy(() => this.#database.exec('begin immediate'))
  }

  async commitTransaction() {
    await whileBusy(() => this.#database.exec('commit'))
  }

  async rollbackTransaction() {
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if (this.#database.inTransaction) this.#database.exec('rollback')
  }

  async savepoint(connection: DatabaseConnection, name: string) {
    await connection.executeQuery(CompiledQuery.raw(`savepoint "${name}"`))
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string) {
    await connection.executeQuery(CompiledQuery.raw(`rollback to "${name}"`))
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string) {
    await connection.executeQuery(CompiledQuery.raw(`release "${name}"`))
  }

  async releaseConnection() {
    this.#release()
  }

  async destroy() {
    this.#database.close()
  }
}

/** Kysely's dialect over an open SQLite database. */
export function sqliteDialect(database: Database.Database): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(database),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}
