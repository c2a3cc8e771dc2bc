import { existsSync } from 'node:fs'
import type { SigningKey } from '@roomserver/events'
import type { StorageOptions } from '@roomserver/storage'
import { isJsonObject, type Logger } from '@roomserver/types'
import { invalidArgument } from './arguments.ts'
import { newSigningKey, readOrCreateSigningKey, signingKeyOf } from './signing-key.ts'

/** Where the key of an engine comes from: it was given, or a file keeps it, or nothing does. */
export type KeySource = SigningKey | { readonly file: string } | 'not kept'

/**
 * Where the key comes from that an engine signs with: unless one is given, a file beside the SQLite database. The
 * key of a store in memory goes with it.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is neither a key nor the path of one, or there is no file for one:
 * the processes on a PostgreSQL database have to sign with the same key
 */
export function keySourceOf(signingKey: SigningKey | string | undefined, store: StorageOptions): KeySource {
  if (signingKey === undefined) return beside(store)
  if (typeof signingKey === 'string' && signingKey !== '') return { file: signingKey }
  if (isKey(signingKey)) return signingKey
  throw invalidArgument('signingKey', 'a key { server, keyId, seed }, or the path of a file for one')
}

function isKey(value: unknown): value is SigningKey {
  if (!isJsonObject(value)) return false
  return [value['server'], value['keyId'], value['seed']].every((member) => typeof member === 'string')
}

function beside(store: StorageOptions): KeySource {
  if (store.dialect === 'sqlite')
    return store.file === ':memory:' ? 'not kept' : { file: `${store.file}.signing-key.pem` }
  throw invalidArgument(
    'signingKey',
    'a key, or the path of a file for one, which all processes on the PostgreSQL database use',
  )
}

/**
 * The key itself; a file is made where it is missing.
 *
 * @throws {RoomserverError} BAD_CONFIGURATION when a file holds no key
 */
export function keyFrom(source: KeySource, serverName: string, log: Logger): SigningKey {
  if (source === 'not kept') return signingKeyOf(newSigningKey(), serverName)
  if (!('file' in source)) return source
  const { file } = source
  const isNew = !existsSync(file)
  const seed = readOrCreateSigningKey(file)
  if (isNew) log.info({ file, key_id: seed.keyId }, 'made a signing key; back the file up with the database')
  return signingKeyOf(seed, serverName)
}
