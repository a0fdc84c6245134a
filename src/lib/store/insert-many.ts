/** Many rows a statement. */
import type {Insertable} from 'kysely'
import type {StoreDialect} from './dialect.ts'
import type {Schema, Tx} from './schema.ts'

/** Rows of one statement: few texts to prepare, and none too long. */
const ROWS_PER_STATEMENT = 64

export async function insertMany<Table extends keyof Schema>(
  tx: Tx,
  dialect: StoreDialect,
  table: Table,
  rows: readonly Insertable<Schema[Table]>[],
): Promise<void> {
  for (const some of slices(rows, dialect)) await tx.insertInto(table).values(some).execute()
}

/** Slices of a power of two, so that the database sees few different statements. */
export function* slices<Row extends object>(rows: readonly Row[], dialect: StoreDialect): Generator<Row[]> {
  const columns = rows.length > 0 ? Object.keys(rows[0]!).length : 1
  const most = Math.min(ROWS_PER_STATEMENT, Math.floor(dialect.maxParameters / columns))
  for (let start = 0; start < rows.length;) {
    const left = Math.min(most, rows.length - start)
    const size = 2 ** Math.floor(Math.log2(left))
    yield rows.slice(start, start + size)
    start += size
  }
}
