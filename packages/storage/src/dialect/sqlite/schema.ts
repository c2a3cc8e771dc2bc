import { sql } from 'kysely'
import type { SchemaDialect } from '../dialect.ts'

/** The schema as SQLite words it. */
export const sqliteSchema: SchemaDialect = {
  types: { int: sql`integer`, small: sql`integer`, text: sql`text`, blob: sql`blob` },
  position: sql`integer primary key autoincrement`,
  usingHash: sql``,
  tableEnd: { wide: sql`strict`, keyed: sql`strict, without rowid` },
  lockMigrations: sql`select 1`,
  boundWaits: sql`select 1`,
  // Only one process uses a file, which a lock of the operating system holds.
  connections: sql`select '' as name where false`,
  unlogged: () => sql`select 1`,
  tablesNamed: (name) => sql`select name from sqlite_master where type = 'table' and name = ${name}`,
}
