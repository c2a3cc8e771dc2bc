import { existsSync } from 'node:fs'
import { type Logger, RoomserverError, silentLogger } from '@roomserver/types'
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import { type Dialect, postgres, sqlite, temporaryPostgres } from './dialects.ts'
import { StoreHealth } from './health.ts'
import { expectCurrent, migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { inOneTransaction } from './postgres/one-transaction.ts'
import { setPlanner } from './postgres/planner.ts'
import { openPool, type PostgresOptions } from './postgres/pool.ts'
import type { Schema } from './schema.ts'
import { openSqliteFile } from './sqlite/adapter.ts'
import { type Backup, backupSqlite } from './sqlite/backup.ts'
import { createStorage, type Storage } from './storage.ts'

/** A store in a SQLite file, for one process. */
export interface SqliteOptions {
  readonly dialect: 'sqlite'
  /** A path, or `:memory:`. */
  readonly file: string
  /** `full` (the default): a commit that was answered survives a power cut. `normal`: only a crash of the process. */
  readonly synchronous?: 'full' | 'normal'
  /** Refuses to make a new, empty store where there is none. */
  readonly mustExist?: boolean
}

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
 * `migrate: false`; STORE_UNAVAILABLE when it cannot be reached or opened
 */
export async function openStorage(
  options: StorageOptions,
  { logger = silentLogger, onStatement }: StorageHooks = {},
): Promise<Storage> {
  const dialect = options.dialect === 'sqlite' ? sqlite : postgres
  const health = new StoreHealth(nameOf(options), logger)
  const { kysely, backup } = connect(options, logger, health)
  const db = new Kysely<Schema>({
    dialect: kysely,
    ...(onStatement !== undefined && { log: ({ query }) => onStatement(query.sql) }),
  })
  return begin(db, dialect, { backup, health }, logger, options.migrate === false ? expectCurrent : migrate)
}

/**
 * Opens an empty store of which nothing stays, worked like the one that `options` name: in memory, or in temporary
 * tables of the same PostgreSQL, in one transaction that is never committed. It is not to be used by several at once.
 *
 * @throws {RoomserverError} STORE_UNAVAILABLE when PostgreSQL cannot be reached
 */
export async function openRehearsalStore(options: StorageOptions): Promise<Storage> {
  if (options.dialect === 'sqlite') return openStorage({ dialect: 'sqlite', file: ':memory:' })
  const health = new StoreHealth(nameOf(options), silentLogger)
  const pool = inOneTransaction(openPool({ ...options, maxConnections: 1 }, silentLogger, health))
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool, onCreateConnection: setPlanner }),
  })
  return begin(db, temporaryPostgres, { backup: noBackup, health }, silentLogger, migrate)
}

async function begin(
  db: Kysely<Schema>,
  dialect: Dialect,
  parts: { readonly backup: Backup; readonly health: StoreHealth },
  logger: Logger,
  prepareSchema: typeof migrate,
): Promise<Storage> {
  try {
    await prepareSchema(db, dialect, migrations, logger)
    return createStorage(db, dialect, parts)
  } catch (error) {
    await db.destroy()
    throw error
  }
}

interface Connected {
  readonly kysely: PostgresDialect | SqliteDialect
  readonly backup: Backup
}

function connect(options: StorageOptions, logger: Logger, health: StoreHealth): Connected {
  if (options.dialect === 'postgres') {
    const pool = openPool(options, logger, health)
    const kysely = new PostgresDialect({ pool, onCreateConnection: setPlanner })
    return {
      kysely,
      backup: noBackup,
    }
  }
  if (options.mustExist === true && !existsSync(options.file)) {
    const reason = `no store at ${options.file}`
    throw new RoomserverError('STORE_UNAVAILABLE', { reason }, reason)
  }
  const adapter = openSqliteFile(options.file, options.synchronous ?? 'full', health)
  return {
    kysely: new SqliteDialect({ database: adapter }),
    backup: (file) =>
      options.file === ':memory:'
        ? refuseBackup('a store in memory cannot be backed up')
        : backupSqlite(options.file, file),
  }
}

/** The database as logs name it: without user and password. */
function nameOf(options: StorageOptions): string {
  if (options.dialect === 'sqlite') return options.file
  const { connectionString } = options
  return URL.canParse(connectionString) ? new URL(connectionString).host : 'PostgreSQL'
}

const noBackup: Backup = () => refuseBackup('use pg_dump or another backup tool of PostgreSQL')

async function refuseBackup(message: string): Promise<never> {
  throw new RoomserverError('BAD_REQUEST', { path: 'backup', expected: 'a store in a file' }, message)
}
