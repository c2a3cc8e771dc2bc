import { openStorage, type Storage, type StorageHooks } from '@roomserver/storage'
import type { Logger } from '@roomserver/types'
import type { DatabaseConfig } from '../config/config.ts'
import { type AtPoint, onWrite } from './fault-points.ts'
import { lockFile } from './lock-file.ts'

/**
 * Opens the configured database. A SQLite file is locked: it is for one process.
 *
 * @param at - told of each statement that writes; for crash tests
 */
export async function openStore(config: DatabaseConfig, logger: Logger, at?: AtPoint): Promise<Storage> {
  const hooks: StorageHooks = { logger, ...(at !== undefined && { onStatement: onWrite(at) }) }
  if (config.kind === 'postgres') {
    const { url: connectionString, maxConnections, maxLifetimeSeconds } = config
    return openStorage({ dialect: 'postgres', connectionString, maxConnections, maxLifetimeSeconds }, hooks)
  }
  if (config.file === ':memory:') return openStorage({ dialect: 'sqlite', file: config.file }, hooks)
  const lock = lockFile(`${config.file}.lock`)
  try {
    const storage = await openStorage({ dialect: 'sqlite', file: config.file }, hooks)
    const close = storage[Symbol.asyncDispose]
    return {
      ...storage,
      [Symbol.asyncDispose]: async () => {
        await close()
        lock[Symbol.dispose]()
      },
    }
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}
