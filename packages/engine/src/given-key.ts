import { existsSync } from 'node:fs'
import type { SigningKey } from '@roomserver/events'
import {
  invalidArgument,
  isJsonObject,
  type Logger,
  NO_NID,
  type RoomserverError,
  type RoomStore,
} from '@roomserver/types'
import { newSigningKey, readOrCreateSigningKey, signingKeyOf } from './signing-key.ts'
import type { StorePlace } from './store/store-place.ts'

/** Where the key of an engine comes from: it was given, or a file keeps it, or nothing does. */
export type KeySource = SigningKey | { readonly file: string } | 'not kept'

/**
 * Where the key comes from that an engine signs with: unless one is given, a file beside the SQLite database. The
 * key of a store in memory goes with it.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is neither a key nor the path of one, or there is no file for one:
 * the processes on a PostgreSQL database or on a store of one's own have to sign with the same key
 */
export function keySourceOf(signingKey: SigningKey | string | undefined, store: StorePlace): KeySource {
  if (signingKey === undefined) return beside(store)
  if (typeof signingKey === 'string' && signingKey !== '') return { file: signingKey }
  if (isKey(signingKey)) return signingKey
  throw invalidArgument('signingKey', 'a key { server, keyId, seed }, or the path of a file for one')
}

function isKey(value: unknown): value is SigningKey {
  if (!isJsonObject(value)) return false
  return [value['server'], value['keyId'], value['seed']].every((member) => typeof member === 'string')
}

function beside(store: StorePlace): KeySource {
  if (store.kind === 'options' && store.options.dialect === 'sqlite') {
    const { file } = store.options
    return file === ':memory:' ? 'not kept' : { file: `${file}.signing-key.pem` }
  }
  const whose = store.kind === 'given' ? 'store' : 'PostgreSQL database'
  throw invalidArgument(
    'signingKey',
    `a key, or the path of a file for one, which all processes on the ${whose} use`,
  )
}

/** What the key is for. */
export interface KeyUse {
  readonly serverName: string
  readonly storage: Pick<RoomStore, 'rooms'>
  readonly log: Logger
}

/**
 * The key itself. A file is made where it is missing, unless the store has rooms: other servers know the key that their
 * events were signed with, and would refuse those that are signed with another one.
 *
 * @throws {RoomserverError} BAD_CONFIGURATION when a file holds no key; INVALID_ARGUMENT when the key of a store is gone
 */
export async function keyFrom(source: KeySource, { serverName, storage, log }: KeyUse): Promise<SigningKey> {
  if (source === 'not kept') return signingKeyOf(newSigningKey(), serverName)
  if (!('file' in source)) return source
  const { file } = source
  const isNew = !existsSync(file)
  if (isNew && (await storage.rooms(NO_NID, 1)).length > 0) throw keyGone(file)
  const seed = readOrCreateSigningKey(file)
  if (isNew) log.info({ file, key_id: seed.keyId }, 'made a signing key; back the file up with the database')
  return signingKeyOf(seed, serverName)
}

function keyGone(file: string): RoomserverError {
  const expected = `the key that events of the rooms in this store were signed with; ${file} does not exist`
  return invalidArgument('signingKey', expected)
}
