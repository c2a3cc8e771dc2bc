import { RoomserverError } from '@roomserver/types'
import type { Dialect as KyselyDialect } from 'kysely'
import type { StoreHealth } from '../health.ts'
import type { Dialect } from './dialect.ts'

/** Copies a store into a new file. */
export type Backup = (file: string) => Promise<void>

/** The connections of a process to its database. */
export interface PoolUse {
  readonly inUse: number
  readonly idle: number
  /** Callers that wait for one. */
  readonly waiting: number
}

/** A database as its folder opens it. */
export interface Database {
  readonly dialect: Dialect
  /** What Kysely reaches it by. */
  readonly kysely: KyselyDialect
  readonly backup: Backup
  /** How many connections there are; undefined: the database is a file. */
  readonly connections?: (() => PoolUse) | undefined
  /** Whether it can be used, by what its statements came to. */
  readonly health: StoreHealth
  /**
   * From now on each new connection has to find a schema that this program knows; undefined: nobody else can migrate the
   * database while it is open.
   */
  readonly guardSchema?: (() => void) | undefined
  /** Makes an empty store what the migrations made of one before in this process; undefined: they have to. */
  readonly template?: { fill(): void; keep(): void } | undefined
}

/** @throws {RoomserverError} BAD_REQUEST, always: this store has no backup of its own */
export async function refuseBackup(message: string): Promise<never> {
  throw new RoomserverError('BAD_REQUEST', { path: 'backup', expected: 'a store in a file' }, message)
}
