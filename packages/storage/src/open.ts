import { existsSync } from 'node:fs'
import { type Logger, RoomserverError, silentLogger } from '@roomserver/types'
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import { postgres, sqlite } from './dialects.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { setPlanner } from './postgres/planner.ts'
import { openPool, type PostgresOptions } from './postgres/pool.ts'
import type { Schema } from './schema.ts'
import { openSqliteFile } from './sqlite/adapter.ts'
import { type Backup, backupSqlite } from './sqlite/backup.ts'
import { createStorage, type Storage } from './storage.ts'

export interface SqliteOptions {
  readonly dialect: 'sqlite'
  /** A path, or `:memory:`. */
  readonly file: string
  /** `full` (the default): a commit that was answered survives a power cut. `normal`: only a crash of the process. */
  readonly synchronous?: 'full' | 'normal'
  /** Refuses to make a new, empty store where there is none. */
  readonly mustExist?: boolean
}

/** Whom a store tells of what it does. */
export interface StorageTold {
  readonly logger?: Logger
  /** Told of each statement that was executed, in transactions before their end; for tests that stop a process there. */
  readonly onStatement?: (sql: string) => void
}

export type StorageOptions = SqliteOptions | PostgresOptions

/**
 * Opens a room store and brings its schema up to date. Close it with `await using`, or call its `Symbol.asyncDispose`.
 *
 * @throws {RoomserverError} DATABASE_TOO_NEW when a newer program changed the database; STORE_UNAVAILABLE when it
 * cannot be reached or opened
 */
export async function openStorage(
  options: StorageOptions,
  { logger = silentLogger, onStatement }: StorageTold = {},
): Promise<Storage> {
  const dialect = options.dialect === 'sqlite' ? sqlite : postgres
  const { kysely, backup } = connect(options, logger)
  const db = new Kysely<Schema>({
    dialect: kysely,
    ...(onStatement !== undefined && { log: ({ query }) => onStatement(query.sql) }),
  })
  try {
    await migrate(db, dialect, migrations, logger)
    return createStorage(db, dialect, backup)
  } catch (error) {
    await db.destroy()
    throw error
  }
}

interface Connected {
  readonly kysely: PostgresDialect | SqliteDialect
  readonly backup: Backup
}

function connect(options: StorageOptions, logger: Logger): Connected {
  if (options.dialect === 'postgres') {
    const pool = openPool(options, logger)
    const kysely = new PostgresDialect({ pool, onCreateConnection: setPlanner })
    return {
      kysely,
      backup: () => refuseBackup('PostgreSQL is backed up with its own tools, such as pg_dump'),
    }
  }
  if (options.mustExist === true && !existsSync(options.file)) {
    const reason = `there is no store at ${options.file}`
    throw new RoomserverError('STORE_UNAVAILABLE', { reason }, reason)
  }
  const adapter = openSqliteFile(options.file, options.synchronous ?? 'full')
  return {
    kysely: new SqliteDialect({ database: adapter }),
    backup: (file) =>
      options.file === ':memory:'
        ? refuseBackup('a store in memory goes with its process')
        : backupSqlite(options.file, file),
  }
}

async function refuseBackup(message: string): Promise<never> {
  throw new RoomserverError('BAD_REQUEST', { path: 'backup', expected: 'a store in a file' }, message)
}
