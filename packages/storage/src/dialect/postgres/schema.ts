import { sql } from 'kysely'
import type { SchemaDialect } from '../dialect.ts'

/** Any number that no other program locks in the same database. */
const MIGRATION_LOCK = 0x726f6f6d

/** How long a migration waits for a table that others keep; meanwhile everybody else who wants it waits behind it. */
const MAX_WAIT = '10s'

/** What connections call themselves begins so; PostgreSQL shows the name to the role that they belong to. */
export const CONNECTION_NAME = 'roomserver'

/** The schema as PostgreSQL words it. */
export const postgresSchema: SchemaDialect = {
  types: { int: sql`bigint`, small: sql`smallint`, text: sql`text collate "C"`, blob: sql`bytea` },
  position: sql`bigint generated always as identity primary key`,
  usingHash: sql`using hash`,
  tableEnd: { wide: sql``, keyed: sql`` },
  lockMigrations: sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`,
  boundWaits: sql`select set_config('lock_timeout', ${sql.lit(MAX_WAIT)}, true)`,
  connections: sql`select application_name as name from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and application_name ~ ${sql.lit(`^${CONNECTION_NAME}(/|$)`)}`,
  unlogged: (table) => sql`alter table ${sql.table(table)} set unlogged`,
  tablesNamed: (name) =>
    sql`select tablename from pg_tables where schemaname = current_schema() and tablename = ${name}`,
}

/** The schema of temporary tables, which nobody else sees and nothing is logged of. */
export const temporarySchema: SchemaDialect = {
  ...postgresSchema,
  lockMigrations: sql`select 1`,
  boundWaits: sql`select 1`,
  unlogged: () => sql`select 1`,
}
