import { invalidArgument, type Logger, RoomserverError, silentLogger } from '@roomserver/types'
import { Kysely } from 'kysely'
import type { Database } from './dialect/database.ts'
import type { Dialect } from './dialect/dialect.ts'
import type { PostgresOptions } from './dialect/postgres/pool.ts'
import { openSqlite, type SqliteOptions } from './dialect/sqlite/open.ts'
import { expectCurrent, migrate } from './migrate.ts'
import { type MigrationPlan, planMigration } from './migration-plan.ts'
import { migrations, newestMigration } from './migrations/index.ts'
import { endMove, type MovePart, type MoveProgress, moveStore } from './move/move-store.ts'
import type { Db, Schema } from './schema.ts'
import { createStorage, type Storage } from './storage.ts'

/** How a store is opened, whichever database it is in. */
export interface OpenOptions {
  /** `false`: a database of an older schema, or without one, is refused instead of brought up to date. */
  readonly migrate?: boolean
}

/** Whom a store tells of what it does. */
export interface StorageHooks {
  readonly logger?: Logger
  /** Called for each statement that was executed, in transactions before their end; for tests that stop a process there. */
  readonly onStatement?: (sql: string) => void
}

/** Which database to open, and how. */
export type StorageOptions = (SqliteOptions | PostgresOptions) & OpenOptions

/**
 * Opens a room store and brings its schema up to date. Close it with `await using`, or call its `Symbol.asyncDispose`.
 *
 * @throws {RoomserverError} DATABASE_TOO_NEW when a newer program changed the database; DATABASE_TOO_OLD with
 * `migrate: false`; DATABASE_IN_USE when older programs use it that could not afterwards; STORE_UNAVAILABLE when it cannot
 * be reached or opened; INVALID_ARGUMENT
 * @example
 * ```ts
 * import { openStorage } from '@roomserver/storage'
 *
 * await using store = await openStorage({ dialect: 'sqlite', file: 'rooms.db' })
 * console.log(await store.publishedRooms())
 * ```
 */
export async function openStorage(
  options: StorageOptions,
  { logger = silentLogger, onStatement }: StorageHooks = {},
): Promise<Storage> {
  checkOptions(options)
  const prepareSchema = options.migrate === false ? expectCurrent : migrate
  if (options.dialect === 'sqlite')
    return begin(openSqlite(options, logger), prepareSchema, logger, onStatement)
  const { openPostgres, sessionKind } = await postgres()
  const kind = await sessionKind(options, logger)
  if (prepareSchema === migrate)
    // What fails here is told to whoever opens the store.
    await withDatabase(openPostgres(patient(options), silentLogger, kind), (db, dialect) =>
      migrate(db, dialect, migrations, logger),
    )
  return begin(openPostgres(options, logger, kind), expectCurrent, logger, onStatement)
}

/**
 * Says what opening a store would change in it, without changing anything. Where nobody uses it, the steps are tried, so
 * as to say how long they take.
 *
 * @throws {RoomserverError} DATABASE_TOO_NEW; STORE_UNAVAILABLE
 */
export async function planStoreMigration(
  options: StorageOptions,
  { logger = silentLogger, isInUse = false }: { readonly logger?: Logger; readonly isInUse?: boolean } = {},
): Promise<MigrationPlan> {
  return withDatabase(await databaseOf(options, logger), (db, dialect) =>
    planMigration(db, dialect, migrations, isInUse),
  )
}

/** A move of one store into another, while both are open for it alone. */
export interface OpenMove extends AsyncDisposable {
  /** Copies what is not there yet, and compares. */
  copy(): AsyncGenerator<MoveProgress>
  /** Ends the move: from now on the new store can be used. */
  finish(): Promise<void>
}

/**
 * Opens a store to be moved, and the empty one that it is moved into, or into which the move has begun.
 *
 * @throws {RoomserverError} DATABASE_IN_USE when processes use one of them; DATABASE_TOO_OLD when the source has to be
 * migrated first; STORE_UNAVAILABLE
 */
export async function moveBetween(
  from: StorageOptions,
  to: StorageOptions,
  logger: Logger = silentLogger,
): Promise<OpenMove> {
  await using parts = new AsyncDisposableStack()
  const open = async (options: StorageOptions, prepareSchema: typeof migrate): Promise<MovePart> => {
    const { dialect, kysely } = await databaseOf(options, logger)
    const db = new Kysely<Schema>({ dialect: kysely })
    parts.defer(() => db.destroy())
    await prepareSchema(db, dialect, migrations, logger)
    await refuseUsed(db, dialect)
    return { db, dialect }
  }
  const source = await open({ ...from, ...(from.dialect === 'sqlite' && { mustExist: true }) }, expectCurrent)
  const target = await open(to, migrate)
  const owned = parts.move()
  return {
    copy: () => moveStore(source, target),
    finish: () => endMove(target.db),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** @throws {RoomserverError} DATABASE_IN_USE */
async function refuseUsed(db: Db, dialect: Dialect): Promise<void> {
  const { length: connections } = (await dialect.schema.connections.execute(db)).rows
  if (connections === 0) return
  const message = `processes use the database (${connections} connections): stop them first`
  throw new RoomserverError(
    'DATABASE_IN_USE',
    { found: newestMigration, known: newestMigration, connections },
    message,
  )
}

/** A database whose statements may take as long as they take. */
async function databaseOf(options: StorageOptions, logger: Logger): Promise<Database> {
  if (options.dialect === 'sqlite') return openSqlite(options, logger)
  const { openPostgres, sessionKind } = await postgres()
  return openPostgres(patient(options), logger, await sessionKind(options, logger))
}

/** What opens PostgreSQL, with its driver, which stores in SQLite need not load. */
async function postgres() {
  const { openPostgres, openTemporaryPostgres } = await import('./dialect/postgres/open.ts')
  const { sessionKind } = await import('./dialect/postgres/session.ts')
  return { openPostgres, openTemporaryPostgres, sessionKind }
}

/** A step over a large table takes as long as it takes. */
const PATIENCE_MS = 24 * 3_600_000

function patient(options: PostgresOptions): PostgresOptions {
  return { ...options, maxConnections: 1, statementTimeoutMs: PATIENCE_MS }
}

async function withDatabase<T>(
  { dialect, kysely }: Database,
  use: (db: Db, dialect: Dialect) => Promise<T>,
): Promise<T> {
  const db = new Kysely<Schema>({ dialect: kysely })
  try {
    return await use(db, dialect)
  } finally {
    await db.destroy()
  }
}

/**
 * Opens an empty store of which nothing stays, worked like the one that `options` name: in memory, or in temporary
 * tables of the same PostgreSQL, in one transaction that is never committed. It is not to be used by several at once.
 *
 * @throws {RoomserverError} STORE_UNAVAILABLE when PostgreSQL cannot be reached
 */
export async function openRehearsalStore(options: StorageOptions): Promise<Storage> {
  checkOptions(options)
  if (options.dialect === 'sqlite') return openStorage({ dialect: 'sqlite', file: ':memory:' })
  const { openTemporaryPostgres, sessionKind } = await postgres()
  const kind = await sessionKind(options, silentLogger)
  return begin(openTemporaryPostgres(options, kind), migrate, silentLogger)
}

/** Callers without types may name another database, or nothing. @throws {RoomserverError} INVALID_ARGUMENT */
function checkOptions(options: StorageOptions): void {
  switch (options?.dialect) {
    case 'sqlite':
      return checkText('file', options.file, 'the path of a SQLite file, or :memory:')
    case 'postgres':
      return checkText('connectionString', options.connectionString, 'a URL postgresql://…')
    default:
      throw invalidArgument('dialect', 'sqlite or postgres')
  }
}

function checkText(argument: string, value: unknown, expected: string): void {
  if (typeof value !== 'string' || value === '') throw invalidArgument(argument, expected)
}

async function begin(
  { dialect, kysely, guardSchema, template, ...parts }: Database,
  prepareSchema: typeof migrate,
  logger: Logger,
  onStatement?: StorageHooks['onStatement'],
): Promise<Storage> {
  const db = new Kysely<Schema>({
    dialect: kysely,
    ...(onStatement !== undefined && { log: ({ query }) => onStatement(query.sql) }),
  })
  try {
    if (prepareSchema === migrate) template?.fill()
    await prepareSchema(db, dialect, migrations, logger)
    template?.keep()
    guardSchema?.()
    return createStorage(db, dialect, parts)
  } catch (error) {
    await db.destroy()
    throw error
  }
}
