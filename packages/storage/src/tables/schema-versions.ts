/** The migrations that made this database what it is. */
export interface SchemaVersionsTable {
  version: number
  name: string
  /** 1: an older program cannot work with the database any more. */
  breaking: number
  /** Milliseconds since the epoch. */
  applied_ts: number
}
