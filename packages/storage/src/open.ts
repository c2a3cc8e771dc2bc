import { invalidArgument, type Logger, silentLogger } from '@roomserver/types'
import { Kysely } from 'kysely'
import type { Database } from './dialect/database.ts'
import { openPostgres, openTemporaryPostgres } from './dialect/postgres/open.ts'
import type { PostgresOptions } from './dialect/postgres/pool.ts'
import { openSqlite, type SqliteOptions } from './dialect/sqlite/open.ts'
import { expectCurrent, migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import type { Schema } from './schema.ts'
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
 * `migrate: false`; STORE_UNAVAILABLE when it cannot be reached or opened; INVALID_ARGUMENT
 */
export async function openStorage(
  options: StorageOptions,
  { logger = silentLogger, onStatement }: StorageHooks = {},
): Promise<Storage> {
  checkOptions(options)
  const database = options.dialect === 'sqlite' ? openSqlite(options, logger) : openPostgres(options, logger)
  const prepareSchema = options.migrate === false ? expectCurrent : migrate
  return begin(database, prepareSchema, logger, onStatement)
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
  return begin(openTemporaryPostgres(options), migrate, silentLogger)
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
  { dialect, kysely, ...parts }: Database,
  prepareSchema: typeof migrate,
  logger: Logger,
  onStatement?: StorageHooks['onStatement'],
): Promise<Storage> {
  const db = new Kysely<Schema>({
    dialect: kysely,
    ...(onStatement !== undefined && { log: ({ query }) => onStatement(query.sql) }),
  })
  try {
    await prepareSchema(db, dialect, migrations, logger)
    return createStorage(db, dialect, parts)
  } catch (error) {
    await db.destroy()
    throw error
  }
}
