import { openStorage, type Storage, type StorageHooks } from '@roomserver/storage'
import { type Logger, RoomserverError } from '@roomserver/types'
import type { Config, DatabaseConfig } from '../config/config.ts'
import { type AtPoint, onWrite } from './fault-points.ts'
import { lockFile } from './lock-file.ts'

/**
 * Opens the configured database for one homeserver. A SQLite file is locked: it is for one process.
 *
 * @param at - called for each statement that writes; for crash tests
 * @throws {RoomserverError} BAD_CONFIGURATION when it is the store of another homeserver
 */
export async function openStore(
  { database, serverName }: Pick<Config, 'database' | 'serverName'>,
  logger: Logger,
  at?: AtPoint,
): Promise<Storage> {
  const hooks: StorageHooks = { logger, ...(at !== undefined && { onStatement: onWrite(at) }) }
  const storage = await openLocked(database, hooks)
  try {
    refuseForeign(await storage.claimServerName(serverName), serverName)
    return storage
  } catch (error) {
    await storage[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Refuses the store of another homeserver: every event that is built there would be signed in the wrong name, and stay
 * in its rooms for good.
 *
 * @param found - the name that the store knows; undefined: none yet
 * @throws {RoomserverError} BAD_CONFIGURATION
 */
export function refuseForeign(found: string | undefined, serverName: string): void {
  if (found === undefined || found === serverName) return
  const expected = `${found}, whose store this is`
  throw new RoomserverError(
    'BAD_CONFIGURATION',
    { key: 'global.server_name', expected },
    `global.server_name (--server-name): expected ${expected}, not ${serverName}; the name of a homeserver cannot be changed`,
  )
}

async function openLocked(config: DatabaseConfig, hooks: StorageHooks): Promise<Storage> {
  if (config.kind === 'postgres') {
    const { url: connectionString, maxConnections, maxLifetimeSeconds } = config
    return openStorage({ dialect: 'postgres', connectionString, maxConnections, maxLifetimeSeconds }, hooks)
  }
  if (config.file === ':memory:') return openStorage({ dialect: 'sqlite', file: config.file }, hooks)
  const lock = lockFile(config.file)
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
