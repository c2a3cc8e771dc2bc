import { openStorage, type Storage, type StorageHooks, type StorageOptions } from '@roomserver/storage'
import { type Logger, RoomserverError } from '@roomserver/types'
import { type AtPoint, onWrite } from '../fault-points.ts'
import { lockFile } from './lock-file.ts'

/** Where a store tells what it does. */
export interface StoreWatchers {
  readonly logger?: Logger
  /** Called for each statement that writes; for crash tests. */
  readonly atPoint?: AtPoint | undefined
}

/**
 * Opens a store for one homeserver, of which it keeps the name. A SQLite file is locked: it is for one process.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is the store of another homeserver; STORE_UNAVAILABLE when another
 * process has the file; and as `openStorage` of `@roomserver/storage`
 */
export async function openStore(
  options: StorageOptions,
  serverName: string,
  { logger, atPoint }: StoreWatchers = {},
): Promise<Storage> {
  const hooks: StorageHooks = {
    ...(logger !== undefined && { logger }),
    ...(atPoint !== undefined && { onStatement: onWrite(atPoint) }),
  }
  const storage = await openLocked(options, hooks)
  try {
    refuseUnfinished(await storage.isMoving())
    refuseForeignStore(await storage.claimServerName(serverName), serverName)
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
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export function refuseForeignStore(found: string | undefined, serverName: string): void {
  if (found === undefined || found === serverName) return
  const expected = `${found}, whose store this is`
  throw new RoomserverError(
    'INVALID_ARGUMENT',
    { argument: 'serverName', expected },
    `serverName: expected ${expected}, not ${serverName}; the name of a homeserver cannot be changed`,
  )
}

/** A store that is only partly there would be taken for all there is. */
function refuseUnfinished(isMoving: boolean): void {
  if (!isMoving) return
  const reason = "a move into this store is not finished: run 'roomserver move' again"
  throw new RoomserverError('STORE_UNAVAILABLE', { reason }, reason)
}

async function openLocked(options: StorageOptions, hooks: StorageHooks): Promise<Storage> {
  if (options.dialect === 'postgres' || options.file === ':memory:') return openStorage(options, hooks)
  const lock = lockFile(options.file)
  try {
    const storage = await openStorage(options, hooks)
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
