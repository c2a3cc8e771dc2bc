import { type Logger, RoomserverError } from '@roomserver/types'
import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { Dialect } from './dialect/dialect.ts'
import type { Migration } from './migrations/migration.ts'
import {
  additionStatements,
  indexStatements,
  renameStatements,
  type TableDefinition,
  tableStatements,
} from './migrations/tables.ts'
import type { Db, Schema } from './schema.ts'

/** Keeps the migrations that ran; itself no migration. */
export const schemaVersions: TableDefinition = {
  name: 'schema_versions',
  about:
    'The migrations that ran. breaking: 1 where a program that does not know the step must not use the database.',
  columns: { version: 'int', name: 'text', breaking: 'small', applied_ts: 'int' },
  key: ['version'],
}

/**
 * Brings a database up to the newest schema. Processes that start at once wait for each other: everything runs in
 * one transaction that holds a lock from its beginning.
 *
 * @throws {RoomserverError} DATABASE_TOO_NEW when a newer program changed the database so that this one cannot use it;
 * DATABASE_IN_USE when older programs use it that could not afterwards
 */
export async function migrate(
  db: Db,
  dialect: Dialect,
  migrations: readonly Migration[],
  log: Logger,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await dialect.schema.lockMigrations.execute(tx)
    const applied = await appliedVersions(tx, dialect)
    refuseNewer(applied, migrations, log)
    const pending = pendingOf(applied, migrations)
    if (pending.length === 0) return
    await refuseOlderProcesses(tx, dialect, applied, pending)
    await dialect.schema.boundWaits.execute(tx)
    for (const migration of pending) {
      await apply(tx, dialect, migration)
      log.info({ version: migration.version, name: migration.name }, 'migrated database schema')
    }
  })
}

/**
 * Refuses a database whose schema is older than this program's, and leaves it as it is.
 *
 * @throws {RoomserverError} DATABASE_TOO_OLD; DATABASE_TOO_NEW
 */
export async function expectCurrent(
  db: Db,
  dialect: Dialect,
  migrations: readonly Migration[],
  log: Logger,
): Promise<void> {
  const applied = await storedVersions(db, dialect)
  refuseNewer(applied, migrations, log)
  const known = newestOf(migrations)
  const found = Math.max(0, ...applied.keys())
  if (pendingOf(applied, migrations).length === 0) return
  const what = applied.size === 0 ? 'holds no rooms yet' : `has schema version ${found}, older than ${known}`
  throw new RoomserverError(
    'DATABASE_TOO_OLD',
    { found, known },
    `the database ${what}: nothing was changed; starting the server, or 'roomserver migrate', brings it up to date`,
  )
}

/** The versions that a database has, each with whether it was breaking; none: there are no tables of ours. */
export async function storedVersions(db: Db, dialect: Dialect): Promise<ReadonlyMap<number, boolean>> {
  return (await hasTable(db, dialect)) ? readVersions(db) : new Map<number, boolean>()
}

/** The steps that a database does not have yet, in the order in which they run. */
export function pendingOf(
  applied: ReadonlyMap<number, boolean>,
  migrations: readonly Migration[],
): readonly Migration[] {
  return migrations.filter(({ version }) => !applied.has(version))
}

export function newestOf(migrations: readonly Migration[]): number {
  return Math.max(0, ...migrations.map(({ version }) => version))
}

async function appliedVersions(tx: Db, dialect: Dialect): Promise<ReadonlyMap<number, boolean>> {
  const [create] = tableStatements(tx, dialect, schemaVersions)
  if (!(await hasTable(tx, dialect)) && create !== undefined) await tx.executeQuery(create)
  return readVersions(tx)
}

async function readVersions(db: Db): Promise<ReadonlyMap<number, boolean>> {
  const rows = await db.selectFrom('schema_versions').select(['version', 'breaking']).execute()
  return new Map(rows.map((row) => [row.version, row.breaking === 1]))
}

async function hasTable(tx: Kysely<Schema>, dialect: Dialect): Promise<boolean> {
  const { rows } = await sql`${dialect.schema.tablesNamed(schemaVersions.name)}`.execute(tx)
  return rows.length > 0
}

/** @throws {RoomserverError} DATABASE_TOO_NEW */
export function refuseNewer(
  applied: ReadonlyMap<number, boolean>,
  migrations: readonly Migration[],
  log: Logger,
): void {
  const known = newestOf(migrations)
  for (const [found, breaking] of applied) {
    if (found <= known) continue
    if (!breaking) {
      log.warn({ found, known }, 'database schema is newer but compatible')
      continue
    }
    throw new RoomserverError('DATABASE_TOO_NEW', { found, known }, tooNewText(found, known))
  }
}

/** What is said of a database that a newer program changed so that this one cannot use it. */
export function tooNewText(found: number, known: number): string {
  return `the database has schema version ${found}, this program supports up to ${known}; use a newer version of the program`
}

/** The last of some steps after which programs that do not know it cannot use the database; undefined: they all can. */
export function lastBreaking(pending: readonly Migration[]): Migration | undefined {
  return pending.findLast(({ breaking }) => breaking)
}

/** Connections of programs that know no schema as new as this version. Those of the time before they told know none. */
export async function olderConnections(db: Db, dialect: Dialect, version: number): Promise<number> {
  const { rows } = await dialect.schema.connections.execute(db)
  return rows.filter(({ name }) => Number(name.split('/')[1] ?? 0) < version).length
}

async function refuseOlderProcesses(
  tx: Db,
  dialect: Dialect,
  applied: ReadonlyMap<number, boolean>,
  pending: readonly Migration[],
): Promise<void> {
  const breaking = lastBreaking(pending)
  if (applied.size === 0 || breaking === undefined) return
  const connections = await olderConnections(tx, dialect, breaking.version)
  if (connections === 0) return
  const { version: known } = breaking
  throw new RoomserverError(
    'DATABASE_IN_USE',
    { found: Math.max(...applied.keys()), known, connections },
    `processes of an older version of the program use the database (${connections} connections), and could not any more with schema version ${known}: stop them first; nothing was changed`,
  )
}

/** Runs one step. */
export async function apply(tx: Db, dialect: Dialect, migration: Migration): Promise<void> {
  for (const statement of statementsOf(tx, dialect, migration)) await tx.executeQuery(statement)
  await migration.up(tx, dialect)
  await tx
    .insertInto('schema_versions')
    .values({
      version: migration.version,
      name: migration.name,
      breaking: migration.breaking ? 1 : 0,
      applied_ts: Date.now(),
    })
    .execute()
}

function statementsOf(tx: Db, dialect: Dialect, migration: Migration): readonly CompiledQuery[] {
  const { tables, columns = [], indexes = [], renames = [] } = migration
  return [
    ...tables.flatMap((table) => tableStatements(tx, dialect, table)),
    ...columns.flatMap((addition) => additionStatements(tx, dialect, addition)),
    ...indexes.flatMap((index) => indexStatements(tx, dialect, index)),
    ...renames.flatMap((rename) => renameStatements(tx, dialect, rename)),
  ]
}
