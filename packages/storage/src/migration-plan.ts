import { silentLogger } from '@roomserver/types'
import { sql } from 'kysely'
import type { Dialect } from './dialect/dialect.ts'
import {
  apply,
  lastBreaking,
  newestOf,
  olderConnections,
  pendingOf,
  refuseNewer,
  storedVersions,
} from './migrate.ts'
import type { Migration } from './migrations/migration.ts'
import type { Db } from './schema.ts'

/** A step of a migration, for people. */
export interface PlannedStep {
  readonly version: number
  readonly name: string
  /** Whether programs that do not know it cannot use the database afterwards. */
  readonly breaking: boolean
  /** What it changes, each in a phrase. */
  readonly changes: readonly string[]
  /** How long it took when it was tried; undefined: it was not. */
  readonly tookMs?: number
}

/** What a migration would do. */
export interface MigrationPlan {
  /** The schema of the database; 0: it has no tables of ours. */
  readonly found: number
  readonly known: number
  readonly steps: readonly PlannedStep[]
  /** Connections of programs that could not use the database afterwards; they have to be stopped before. */
  readonly olderConnections: number
  /** Connections of this program, of any version, which would wait while a step is tried. */
  readonly connections: number
}

/** What ends a trial, so that nothing of it stays. */
class Tried extends Error {
  readonly tookMs: readonly number[]

  constructor(tookMs: readonly number[]) {
    super('tried')
    this.tookMs = tookMs
  }
}

/**
 * Says what a migration would do. Where nobody uses the database, every step is also run, in one transaction that is
 * undone, so as to say how long it takes with the rows that are there.
 *
 * @param isInUse - whether somebody uses it whom the database does not know of
 * @throws {RoomserverError} DATABASE_TOO_NEW
 */
export async function planMigration(
  db: Db,
  dialect: Dialect,
  migrations: readonly Migration[],
  isInUse: boolean,
): Promise<MigrationPlan> {
  const applied = await storedVersions(db, dialect)
  refuseNewer(applied, migrations, silentLogger)
  const pending = pendingOf(applied, migrations)
  const { rows } = await dialect.schema.connections.execute(db)
  const older = await olderConnections(db, dialect, lastBreaking(pending)?.version ?? 0)
  const isTried = applied.size > 0 && pending.length > 0 && rows.length === 0 && !isInUse
  const took = isTried ? await trial(db, dialect, pending) : []
  const counts = applied.size > 0 ? await rowCounts(db, dialect, pending) : new Map<string, number>()
  return {
    found: Math.max(0, ...applied.keys()),
    known: newestOf(migrations),
    olderConnections: older,
    connections: rows.length,
    steps: pending.map((step, index) => {
      const { version, name, breaking } = step
      const tookMs = took[index]
      const changes = changesOf(step, counts)
      return { version, name, breaking, changes, ...(tookMs !== undefined && { tookMs }) }
    }),
  }
}

/** Runs the steps and undoes them; returns how long each took. */
async function trial(db: Db, dialect: Dialect, pending: readonly Migration[]): Promise<readonly number[]> {
  try {
    await db.transaction().execute(async (tx) => {
      await dialect.schema.lockMigrations.execute(tx)
      await dialect.schema.boundWaits.execute(tx)
      const took: number[] = []
      for (const step of pending) {
        const begun = performance.now()
        await apply(tx, dialect, step)
        took.push(performance.now() - begun)
      }
      throw new Tried(took)
    })
    return []
  } catch (error) {
    if (error instanceof Tried) return error.tookMs
    throw error
  }
}

/** How many rows the tables have that steps change. */
async function rowCounts(
  db: Db,
  dialect: Dialect,
  pending: readonly Migration[],
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  for (const table of pending.flatMap(changedTables)) {
    const there = await dialect.schema.tablesNamed(table).execute(db)
    if (counts.has(table) || there.rows.length === 0) continue
    const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}`.execute(
      db,
    )
    counts.set(table, Number(rows[0]?.count ?? 0))
  }
  return counts
}

function changedTables({ columns = [], indexes = [], renames = [] }: Migration): readonly string[] {
  return [
    ...columns.map(({ table }) => table),
    ...indexes.map(({ table }) => table),
    ...renames.map(({ from }) => from),
  ]
}

function changesOf(step: Migration, counts: ReadonlyMap<string, number>): readonly string[] {
  const { tables, columns = [], indexes = [], renames = [], rows } = step
  const sized = (table: string) => (counts.has(table) ? `${table} (${counts.get(table)} rows)` : `${table}`)
  return [
    ...tables.map(({ name }) => `creates the table ${name}`),
    ...columns.map(({ table, columns: added }) => `adds ${Object.keys(added).join(', ')} to ${sized(table)}`),
    ...indexes.map(
      ({ table, columns: indexed }) => `makes an index on ${indexed.join(', ')} of ${sized(table)}`,
    ),
    ...renames.map(({ from, table, columns: renamed = {} }) =>
      from === table.name
        ? `renames ${namesOf(renamed)} in ${sized(from)}`
        : `renames ${sized(from)} to ${table.name}${Object.keys(renamed).length === 0 ? '' : `, ${namesOf(renamed)}`}`,
    ),
    ...(rows === undefined ? [] : [rows]),
  ]
}

function namesOf(renamed: Readonly<Record<string, string>>): string {
  return Object.entries(renamed)
    .map(([before, after]) => `${before} to ${after}`)
    .join(', ')
}
