import { RoomserverError } from '@roomserver/types'

/** SQLite's result codes that say that the file cannot be used now, with what an operator does about it. */
const SQLITE_UNAVAILABLE: ReadonlyMap<number, string> = new Map([
  [5, 'another program has locked the file'], // BUSY
  [7, ''], // NOMEM
  [8, 'let this process write to the file and its folder'], // READONLY
  [10, 'the disk may be full, or fail: the log of the system says more'], // IOERR
  [13, 'free space on the disk'], // FULL
  [14, 'make the folder, or correct the path; this process has to be allowed to write there'], // CANTOPEN
])

const SQLITE_ERROR = 1

/** Tables are lost, or are being put back: the fault is not in a room. */
const LACKING = 'the tables are not as they were made: restore a backup, or wait until it is restored'
/** The record of what was made is lost, or the tables are of another program. */
const EXISTING = 'restore a backup, or give the program a database of its own'

const SQLITE_SCHEMA: readonly (readonly [text: RegExp, remedy: string])[] = [
  [/^no such (?:table|column)|^ON CONFLICT clause does not match/, LACKING],
  [/^(?:table|index) .* already exists|^duplicate column name/, EXISTING],
]

/** CORRUPT and NOTADB. */
const SQLITE_DAMAGED = new Set([11, 26])

/** PostgreSQL's answers that say that what is stored cannot be read, with what repairs it. */
const POSTGRES_DAMAGED: ReadonlyMap<string, string> = new Map([
  ['XX001', 'restore a backup'],
  ['XX002', "stop all servers and run 'roomserver check --repair', which rebuilds indexes"],
])

/**
 * PostgreSQL's answers (SQLSTATE) that say that the database cannot be used now, by whole code or by class, with what an
 * operator does about it. Where there is nothing to do but to wait, the remedy is empty.
 */
const POSTGRES_UNAVAILABLE: readonly (readonly [code: string, remedy: string])[] = [
  ['28P01', 'correct the user or the password in the connection string'],
  ['28', "correct the user in the connection string, or let it log in (pg_hba.conf, 'create role')"],
  ['3D000', "create the database ('createdb'), or correct its name in the connection string"],
  [
    '42501',
    "give the role the rights of an owner ('alter database … owner to …'; since PostgreSQL 15 the schema public belongs to the owner of the database)",
  ],
  ['25006', 'the server is a standby, or was demoted: connect to the primary'],
  ['53100', 'free space on the disk of the database server'],
  ['55P03', 'another transaction keeps a table: try again, or end what keeps it'],
  ['53300', "lower max_open_conns, or raise the server's max_connections"],
  ['3F000', 'create the schema, or correct search_path in the connection string'],
  ['42P01', 'the tables are not there: correct the database or search_path, or wait until it is restored'],
  ['42703', LACKING],
  ['42P10', LACKING],
  ['42P07', EXISTING],
  ['42701', EXISTING],
  ['55000', 'let the database take connections (alter database … allow_connections true)'],
  ['25P03', ''],
  ['57014', ''],
  // A newer program has added a column; the next connection knows it.
  ['0A000', ''],
  ['57P', ''],
  [
    '26000',
    'a connection pooler forgot a prepared statement: start again, so that the program notices the pooler',
  ],
  ['08', ''],
  ['53', ''],
  ['58', ''],
]

/** Failures of a connection, by the code of the system. */
const SOCKET_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'nothing listens there: start the database, or correct host and port in the connection string',
  ENOTFOUND: 'the host name is not known: correct it in the connection string',
  EAI_AGAIN: 'the name server does not answer',
  ENOENT: 'there is no such socket: start the database, or correct the path in the connection string',
  EACCES: 'this process may not use the socket',
  ECONNRESET: '',
  ECONNABORTED: '',
  EPIPE: '',
  ETIMEDOUT: '',
  EHOSTUNREACH: '',
  EHOSTDOWN: '',
  ENETUNREACH: '',
  ENETDOWN: '',
  EADDRNOTAVAIL: '',
}

/** What the driver says itself when it has no connection, or cannot make one. */
const DRIVER_ERRORS: readonly (readonly [text: RegExp, remedy: string])[] = [
  [/connection (?:terminated|timeout|ended)|timeout exceeded when trying to connect/i, ''],
  [/not queryable|client was closed|cannot use a pool after calling end/i, ''],
  [/client password must be/i, 'give the password in the connection string'],
  [/does not support SSL/i, 'add sslmode=disable to the connection string, or switch TLS on in the server'],
  [
    /self-signed certificate|certificate|SSL|TLS/,
    "correct the server's certificate or sslmode in the connection string",
  ],
]

/** PostgreSQL's answers that mean "run the transaction again": serialization failure, deadlock. */
export function isTransient(error: unknown): boolean {
  const code = member(error, 'code')
  return code === '40001' || code === '40P01'
}

/**
 * Whether another connection may succeed where this one goes on failing: its server takes no writes (a standby, or a primary
 * that was demoted), or what it has prepared is not right any more, or is gone.
 */
export function isSpentConnection(error: unknown): boolean {
  return SPENT.has(member(error, 'code'))
}

const SPENT = new Set<unknown>(['25006', '0A000', '26000'])

const ATTEMPTS = 5

/**
 * Runs a statement again that the database asks to be run again.
 *
 * @throws {RoomserverError} STORE_UNAVAILABLE when it asks for that every time
 */
export async function withRetries<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (!isTransient(error)) throw error
      if (attempt >= ATTEMPTS) throw unavailable(error)
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
  const repair = repairOf(error)
  if (repair !== undefined) return damaged(error.message, repair, error)
  const remedy = remedyOf(error)
  if (remedy === undefined) return error
  return unavailable(error, remedy)
}

/**
 * Reads a number that the database gives as text. None that is written is beyond what a `number` counts exactly, and one that
 * was rounded would be taken for another row.
 *
 * @throws {RoomserverError} STORE_DAMAGED
 */
export function storedNumber(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  throw damaged(`the number ${text} in a row is too large`, FROM_BACKUP)
}

const FROM_BACKUP = 'restore a backup'

function damaged(what: string, repair: string, cause?: Error): RoomserverError<'STORE_DAMAGED'> {
  return new RoomserverError('STORE_DAMAGED', { what, repair }, `the database is damaged: ${what}`, { cause })
}

/** The failure for a database that cannot be used now. */
export function unavailable(error: unknown, remedy = ''): RoomserverError {
  const reason = reasonOf(error)
  const advice = remedy === '' ? '' : `; ${remedy}`
  return new RoomserverError(
    'STORE_UNAVAILABLE',
    { reason },
    `the database cannot be used: ${reason}${advice}`,
    { cause: error },
  )
}

/** The database's own sentence, with the code that can be searched for. */
function reasonOf(error: unknown): string {
  const code = member(error, 'code')
  const message = error instanceof Error ? error.message : String(error)
  const text = message === '' ? String(code) : message
  return isSqlState(code) ? `${text} (${code})` : text
}

/** What repairs a database that is damaged; undefined for other errors. */
function repairOf(error: Error): string | undefined {
  const code = member(error, 'code')
  // Node's SQLite gives no number that it would have to round; see `storedNumber`.
  if (code === 'ERR_OUT_OF_RANGE') return FROM_BACKUP
  if (code !== 'ERR_SQLITE_ERROR') return typeof code === 'string' ? POSTGRES_DAMAGED.get(code) : undefined
  const isDamaged = SQLITE_DAMAGED.has(Number(member(error, 'errcode')) & 0xff)
  return isDamaged ? 'restore the file from a backup' : undefined
}

/** What to do about a database that cannot be used, or '' where it comes back by itself; undefined for other errors. */
function remedyOf(error: Error): string | undefined {
  const code = member(error, 'code')
  if (code === 'ERR_SQLITE_ERROR') {
    const result = Number(member(error, 'errcode')) & 0xff
    return result === SQLITE_ERROR ? schemaRemedyOf(error.message) : SQLITE_UNAVAILABLE.get(result)
  }
  if (isSqlState(code)) return POSTGRES_UNAVAILABLE.find(([start]) => code.startsWith(start))?.[1]
  if (typeof code === 'string' && code in SOCKET_ERRORS) return SOCKET_ERRORS[code]
  return DRIVER_ERRORS.find(([text]) => text.test(error.message))?.[1]
}

/** SQLite has no codes of their own for what is wrong with a schema. */
function schemaRemedyOf(message: string): string | undefined {
  return SQLITE_SCHEMA.find(([text]) => text.test(message))?.[1]
}

function isSqlState(code: unknown): code is string {
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !(code in SOCKET_ERRORS)
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
