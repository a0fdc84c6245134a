/** The connection to PostgreSQL. Numbers come back as numbers: all our integers are below 2^53. */
import {PostgresDialect, type Dialect} from 'kysely'
import pg from 'pg'

/** How long a connection may take, in ms. */
const CONNECT_TIMEOUT_MS = 10_000
/** How long a statement may take, in ms: a lock that is held longer is a fault, not load. */
const STATEMENT_TIMEOUT_MS = 120_000

/** `int8` in PostgreSQL's catalogue of types, which the driver would hand out as text. */
const INT8 = 20

export function postgresDialect(url: string, poolSize: number): Dialect {
  const types = new pg.TypeOverrides()
  types.setTypeParser(INT8, Number)
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'postdesk',
    types,
  })
  // A connection that breaks while idle is replaced at its next use, and one that breaks between two queries fails the
  // next one; without listeners both would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return new PostgresDialect({pool})
}
