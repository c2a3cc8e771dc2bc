import { type Logger, RoomserverError } from '@roomserver/types'
import { type Kysely, sql } from 'kysely'
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
 * @throws {RoomserverError} DATABASE_TOO_NEW when a newer program changed the database so that this one cannot use it
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
    for (const migration of migrations) {
      if (!applied.has(migration.version)) await apply(tx, dialect, migration, log)
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
  const applied = (await hasTable(db, dialect)) ? await readVersions(db) : new Map<number, boolean>()
  refuseNewer(applied, migrations, log)
  const known = Math.max(0, ...migrations.map(({ version }) => version))
  const found = Math.max(0, ...applied.keys())
  if (migrations.every(({ version }) => applied.has(version))) return
  const what = applied.size === 0 ? 'holds no rooms yet' : `has schema version ${found}, older than ${known}`
  throw new RoomserverError(
    'DATABASE_TOO_OLD',
    { found, known },
    `the database ${what}: nothing was changed; starting the server brings it up to date`,
  )
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

function refuseNewer(
  applied: ReadonlyMap<number, boolean>,
  migrations: readonly Migration[],
  log: Logger,
): void {
  const known = Math.max(0, ...migrations.map((migration) => migration.version))
  for (const [found, breaking] of applied) {
    if (found <= known) continue
    if (!breaking) {
      log.warn({ found, known }, 'database schema is newer but compatible')
      continue
    }
    throw new RoomserverError(
      'DATABASE_TOO_NEW',
      { found, known },
      `the database has schema version ${found}, this program supports up to ${known}; use a newer version of the program`,
    )
  }
}

async function apply(tx: Db, dialect: Dialect, migration: Migration, log: Logger): Promise<void> {
  for (const table of migration.tables) {
    for (const statement of tableStatements(tx, dialect, table)) await tx.executeQuery(statement)
  }
  for (const addition of migration.columns ?? []) {
    for (const statement of additionStatements(tx, dialect, addition)) await tx.executeQuery(statement)
  }
  for (const index of migration.indexes ?? []) {
    for (const statement of indexStatements(tx, dialect, index)) await tx.executeQuery(statement)
  }
  for (const rename of migration.renames ?? []) {
    for (const statement of renameStatements(tx, dialect, rename)) await tx.executeQuery(statement)
  }
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
  log.info({ version: migration.version, name: migration.name }, 'migrated database schema')
}
