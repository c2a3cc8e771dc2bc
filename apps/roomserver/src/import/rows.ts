import { DatabaseSync } from 'node:sqlite'
import { RoomserverError } from '@roomserver/types'
import { Pool, types } from 'pg'
import { connectionStringFault } from '../config/connection-string.ts'

/** Reads rows of somebody else's database, and never writes. */
export interface Rows extends AsyncDisposable {
  /**
   * Rows of a query. `IN_LIST` in the text stands for "is one of `list`".
   *
   * @param after - a number bound to `AFTER`
   */
  read<Row>(sql: string, list?: readonly number[], after?: number): Promise<readonly Row[]>
}

/** Opens a database read only: `postgresql://…`, `file:…` or a path of an SQLite file. */
export function openRows(from: string): Rows {
  return /^postgres(ql)?:/.test(from) ? postgresRows(from) : sqliteRows(from.replace(/^file:(\/\/)?/, ''))
}

const INT8 = 20
const INT8_ARRAY = 1016

/** Numeric IDs fit into a number; as text they would be compared as text. */
function parserOf(oid: number): (text: string) => unknown {
  if (oid === INT8) return Number
  if (oid === INT8_ARRAY) return (text) => JSON.parse(`[${text.slice(1, -1)}]`)
  return types.getTypeParser(oid)
}

function postgresRows(connectionString: string): Rows {
  const fault = connectionStringFault(connectionString)
  if (fault !== undefined) refuse(new Error(`the connection string: expected ${fault}`))
  const pool = new Pool({
    connectionString,
    max: 1,
    types: { getTypeParser: parserOf as typeof types.getTypeParser },
    options: '-c default_transaction_read_only=on',
  })
  // A connection that ends between two reads is replaced by the next; Node.js ends a process in which nobody listens.
  pool.on('error', () => undefined)
  return {
    async read<Row>(sql: string, list: readonly number[] = [], after = 0) {
      const values: unknown[] = []
      const text = sql
        .replace('IN_LIST', () => `= any($${values.push(list)}::bigint[])`)
        .replace('AFTER', () => `$${values.push(after)}`)
      const { rows } = await pool.query(text, values).catch(refuse)
      return rows as Row[]
    },
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

function sqliteRows(file: string): Rows {
  const database = attempt(() => new DatabaseSync(file, { readOnly: true }))
  return {
    async read<Row>(sql: string, list: readonly number[] = [], after = 0) {
      const values: (string | number)[] = []
      const text = sql.replace(/IN_LIST|AFTER/g, (name) => {
        values.push(name === 'AFTER' ? after : JSON.stringify(list))
        return name === 'AFTER' ? '?' : 'in (select value from json_each(?))'
      })
      return attempt(() => database.prepare(text).all(...values)) as Row[]
    },
    [Symbol.asyncDispose]: async () => database.close(),
  }
}

function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    return refuse(error)
  }
}

/** The source is somebody else's: whatever fails there is explained to whoever named it. */
function refuse(error: unknown): never {
  const text = error instanceof Error ? error.message || String(Reflect.get(error, 'code')) : String(error)
  const expected = 'a database of a Dendrite room server (its tables begin with roomserver_)'
  throw new RoomserverError(
    'BAD_REQUEST',
    { path: '--from', expected },
    `--from: expected ${expected}: ${text}`,
    { cause: error },
  )
}
