import type { StorageOptions } from '@roomserver/storage'
import {
  ENGINE_STORE_METHODS,
  type EngineStore,
  invalidArgument,
  isJsonObject,
  type RoomserverError,
} from '@roomserver/types'

/** Where an engine keeps its rooms: in a store that it opens, or in one that it was given. */
export type StorePlace =
  | { readonly kind: 'options'; readonly options: StorageOptions }
  | { readonly kind: 'given'; readonly store: EngineStore }

const POSTGRES = /^postgres(ql)?:\/\//
/** `file:`, `mysql://`; not a drive letter. */
const SCHEME = /^[a-z][a-z0-9+.-]+:/i

/**
 * Which store a text stands for: `postgresql://…`, else the path of a SQLite file, or `:memory:`. An object is more about
 * one of these, or a store itself.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is none of these, or a store lacks a method, as callers without types
 * can have it
 */
export function storePlaceOf(store: string | StorageOptions | EngineStore): StorePlace {
  if (isStore(store)) return { kind: 'given', store: whole(store) }
  return { kind: 'options', options: typeof store === 'string' ? optionsOf(store) : checked(store) }
}

function optionsOf(store: string): StorageOptions {
  if (POSTGRES.test(store)) return { dialect: 'postgres', connectionString: store }
  if (store === ':memory:' || (store !== '' && !SCHEME.test(store))) return { dialect: 'sqlite', file: store }
  throw invalidStore()
}

function isStore(store: string | StorageOptions | EngineStore): store is EngineStore {
  return isJsonObject(store) && typeof store['commit'] === 'function'
}

/** @throws {RoomserverError} INVALID_ARGUMENT */
function whole(store: EngineStore): EngineStore {
  const missing = ENGINE_STORE_METHODS.find((name) => typeof Reflect.get(store, name) !== 'function')
  if (missing === undefined) return store
  throw invalidArgument('store', `a store with a method ${missing}, as EngineStore of @roomserver/types`)
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
  return invalidArgument('store', 'the path of a SQLite file, :memory:, a URL postgresql://… or a store')
}
