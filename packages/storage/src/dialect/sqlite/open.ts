import { existsSync } from 'node:fs'
import { type Logger, RoomserverError } from '@roomserver/types'
import { StoreHealth } from '../../health.ts'
import { type Database, refuseBackup } from '../database.ts'
import { openSqliteFile } from './adapter.ts'
import { backupSqlite } from './backup.ts'
import { sqlite } from './dialect.ts'
import { fillFromTemplate, keepAsTemplate } from './memory-template.ts'
import { YieldingSqliteDialect } from './yielding-driver.ts'

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

/** @throws {RoomserverError} STORE_UNAVAILABLE when the file is not there although it must be, or cannot be opened */
export function openSqlite({ file, mustExist, synchronous }: SqliteOptions, logger: Logger): Database {
  if (mustExist === true && !existsSync(file)) {
    const reason = `no store at ${file}`
    throw new RoomserverError('STORE_UNAVAILABLE', { reason }, reason)
  }
  const health = new StoreHealth(file, logger)
  const adapter = openSqliteFile(file, synchronous ?? 'full', health)
  return {
    dialect: sqlite,
    health,
    kysely: new YieldingSqliteDialect({ database: adapter }),
    ...(file === ':memory:' && {
      template: {
        fill: () => fillFromTemplate(adapter.database),
        keep: () => keepAsTemplate(adapter.database),
      },
    }),
    backup: (to) =>
      file === ':memory:' ? refuseBackup('a store in memory cannot be backed up') : backupSqlite(file, to),
  }
}
