import { existsSync } from 'node:fs'
import { type MoveProgress, moveBetween, type OpenMove, type StorageOptions } from '@roomserver/storage'
import { RoomserverError } from '@roomserver/types'
import { lockFile } from './lock-file.ts'

/** A move of a store, while it is at work. */
export interface StoreMove extends AsyncDisposable {
  /** Copies what is not there yet. */
  copy(): AsyncGenerator<MoveProgress>
  /** Ends the move: from now on the new store can be used. */
  finish(): Promise<void>
}

/**
 * Prepares to copy a store into an empty one of the other database, or to go on with that. Both are kept from others until
 * it is disposed of.
 *
 * @throws {RoomserverError} STORE_UNAVAILABLE; DATABASE_IN_USE when processes use one of the two; DATABASE_TOO_OLD when the
 * source has to be migrated first
 */
export async function openMove(from: StorageOptions, to: StorageOptions): Promise<StoreMove> {
  await using parts = new AsyncDisposableStack()
  if (from.dialect === 'sqlite') refuseMissing(from.file)
  for (const options of [from, to]) if (options.dialect === 'sqlite') parts.use(lockFile(options.file))
  const move: OpenMove = parts.use(await moveBetween(from, to))
  const owned = parts.move()
  return {
    copy: () => move.copy(),
    finish: () => move.finish(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function refuseMissing(file: string): void {
  if (existsSync(file)) return
  const reason = `no store at ${file}`
  throw new RoomserverError('STORE_UNAVAILABLE', { reason }, reason)
}
