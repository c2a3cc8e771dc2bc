import type { SigningKey } from '@roomserver/events'
import type { StorageOptions } from '@roomserver/storage'
import { type Logger, RoomserverError } from '@roomserver/types'
import { existsSync } from 'node:fs'
import { newSigningKey, readOrCreateSigningKey, signingKeyOf } from './signing-key.ts'

/** What decides about the key of an engine. */
export interface GivenKey {
  readonly serverName: string
  /** A key, or the path of a file with one, which is made where it is missing. */
  readonly signingKey?: SigningKey | string | undefined
  readonly store: StorageOptions
  readonly log: Logger
}

/**
 * The key that an engine signs with: the given one, or one of its own, which is kept beside the SQLite file. A key for
 * a store in memory goes with it.
 *
 * @throws {RoomserverError} BAD_CONFIGURATION when a file holds no key; INVALID_ARGUMENT when there is no file for one:
 * the processes on a PostgreSQL database have to sign with the same key
 */
export function keyFor({ serverName, signingKey, store, log }: GivenKey): SigningKey {
  if (typeof signingKey === 'object') return signingKey
  const file = signingKey ?? fileBeside(store)
  if (file === undefined) return signingKeyOf(newSigningKey(), serverName)
  const isNew = !existsSync(file)
  const seed = readOrCreateSigningKey(file)
  if (isNew) log.info({ file, key_id: seed.keyId }, 'made a signing key; back the file up with the database')
  return signingKeyOf(seed, serverName)
}

/** Undefined: nothing is kept. */
function fileBeside(store: StorageOptions): string | undefined {
  if (store.dialect === 'sqlite')
    return store.file === ':memory:' ? undefined : `${store.file}.signing-key.pem`
  const expected = 'a key, or the path of a file for one, which all processes on the PostgreSQL database use'
  const message = `signingKey: expected ${expected}`
  throw new RoomserverError('INVALID_ARGUMENT', { argument: 'signingKey', expected }, message)
}
