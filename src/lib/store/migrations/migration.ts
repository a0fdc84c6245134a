/** A forward-only step of the schema. It must leave data that the version before can still read. */
export interface Migration {
  /** Counts from 1 without gaps. */
  readonly version: number
  readonly name: string
  readonly statements: (words: DialectWords) => readonly string[]
}

/** The few words of data definition in which the two databases differ. */
export interface DialectWords {
  /** A whole number below 2^53. */
  readonly int: string
  readonly blob: string
  /** What stands behind the columns of a table. */
  readonly table: string
  /** The same for a table of small rows that is kept in the order of its primary key where the database can. */
  readonly clustered: string
}
