import { invalidArgument } from '@roomserver/types'
import type { StorageOptions } from '@roomserver/storage'
import type { RoomserverError } from '@roomserver/types'

const POSTGRES = /^postgres(ql)?:\/\//
/** `file:`, `mysql://`; not a drive letter. */
const SCHEME = /^[a-z][a-z0-9+.-]+:/i

/**
 * Which store a text stands for: `postgresql://…`, else the path of a SQLite file, or `:memory:`.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is neither, as callers without types can have it
 */
export function storeOptionsOf(store: string | StorageOptions): StorageOptions {
  if (typeof store !== 'string') return checked(store)
  if (POSTGRES.test(store)) return { dialect: 'postgres', connectionString: store }
  if (store === ':memory:' || (store !== '' && !SCHEME.test(store))) return { dialect: 'sqlite', file: store }
  throw invalidStore()
}

function checked(options: StorageOptions): StorageOptions {
  const place = placeOf(options)
  if (typeof place === 'string' && place !== '') return options
  throw invalidStore()
}

function placeOf(options: StorageOptions | undefined): unknown {
  switch (options?.dialect) {
    case 'sqlite':
      return options.file
    case 'postgres':
      return options.connectionString
    case undefined:
      return undefined
  }
}

function invalidStore(): RoomserverError {
  return invalidArgument('store', 'the path of a SQLite file, :memory: or a URL postgresql://…')
}
