import { type MigrationPlan, planStoreMigration, type StorageOptions } from '@roomserver/storage'
import { isFailure, type Logger } from '@roomserver/types'
import { lockFile } from './lock-file.ts'

/** What a migration would do, and who uses the store meanwhile. */
export interface StoreMigrationPlan extends MigrationPlan {
  /** The process that has the file, in words; undefined: nobody, or the store is not a file. */
  readonly usedBy: string | undefined
}

/**
 * Says what starting this program would change in a store, without changing anything.
 *
 * @throws {RoomserverError} DATABASE_TOO_NEW; STORE_UNAVAILABLE
 */
export async function planMigration(options: StorageOptions, logger: Logger): Promise<StoreMigrationPlan> {
  if (options.dialect === 'postgres')
    return { ...(await planStoreMigration(options, { logger })), usedBy: undefined }
  const lock = lockOrHolder(options.file)
  try {
    const isInUse = lock.usedBy !== undefined
    return { ...(await planStoreMigration(options, { logger, isInUse })), usedBy: lock.usedBy }
  } finally {
    lock[Symbol.dispose]()
  }
}

function lockOrHolder(file: string): Disposable & { readonly usedBy: string | undefined } {
  try {
    const lock = lockFile(file)
    return { usedBy: undefined, [Symbol.dispose]: () => lock[Symbol.dispose]() }
  } catch (error) {
    if (!isFailure(error, 'STORE_UNAVAILABLE')) throw error
    return { usedBy: error.details.reason, [Symbol.dispose]: () => undefined }
  }
}
