import { RoomserverError } from '@roomserver/types'

/** SQLite result codes that say that the file cannot be used now: BUSY, NOMEM, READONLY, IOERR, FULL, CANTOPEN. */
const SQLITE_UNAVAILABLE = new Set([5, 7, 8, 10, 13, 14])

/** CORRUPT and NOTADB. */
const SQLITE_DAMAGED = new Set([11, 26])

/** PostgreSQL classes: connection, resources (disk full, too many connections), operator intervention, system. */
const POSTGRES_UNAVAILABLE = /^(?:08|53|57P|58)/

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENOENT',
])

/** PostgreSQL's answers that mean "run the transaction again": serialization failure, deadlock. */
export function isTransient(error: unknown): boolean {
  const code = member(error, 'code')
  return code === '40001' || code === '40P01'
}

const ATTEMPTS = 5

/** Runs a statement again that the database asks to be run again. */
export async function withRetries<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (!isTransient(error) || attempt >= ATTEMPTS) throw error
    }
  }
}

/**
 * Names the failure of a database that cannot be used; anything else is returned as it is.
 *
 * @returns a RoomserverError: STORE_UNAVAILABLE where the caller may try again later, STORE_DAMAGED
 */
export function storeError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof RoomserverError) return error
  if (isDamaged(error)) {
    const details = { what: error.message, repair: 'restore the file from a backup' }
    return new RoomserverError('STORE_DAMAGED', details, `the database is damaged: ${error.message}`, {
      cause: error,
    })
  }
  if (!isUnavailable(error)) return error
  return new RoomserverError(
    'STORE_UNAVAILABLE',
    { reason: error.message },
    `the database cannot be used: ${error.message}`,
    { cause: error },
  )
}

function isDamaged(error: Error): boolean {
  return (
    member(error, 'code') === 'ERR_SQLITE_ERROR' &&
    SQLITE_DAMAGED.has(Number(member(error, 'errcode')) & 0xff)
  )
}

function isUnavailable(error: Error): boolean {
  const code = member(error, 'code')
  if (code === 'ERR_SQLITE_ERROR') return SQLITE_UNAVAILABLE.has(Number(member(error, 'errcode')) & 0xff)
  if (typeof code === 'string' && code.length === 5 && POSTGRES_UNAVAILABLE.test(code)) return true
  if (typeof code === 'string' && SOCKET_CODES.has(code)) return true
  return /connection (?:terminated|timeout|ended)|timeout exceeded when trying to connect/i.test(
    error.message,
  )
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
