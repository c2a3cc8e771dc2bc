import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { silentLogger } from '@roomserver/types'
import type { SqliteDatabase, SqliteStatement } from 'kysely'
import { storeError } from '../../errors.ts'
import { StoreHealth } from '../../health.ts'
import { storable, stored } from '../../text.ts'
import { nodeSqlite } from './node-sqlite.ts'

/** Statements kept prepared; the package's own queries are about a hundred. */
const MAX_STATEMENTS = 300

/** Gives free pages of a file back: one for each row that it gives, and the rows have no columns. */
export const INCREMENTAL_VACUUM = 'pragma incremental_vacuum'

/** Node's SQLite in the shape that Kysely wants, with the statements kept prepared. */
export class SqliteAdapter implements SqliteDatabase {
  readonly database: DatabaseSync
  readonly #health: StoreHealth
  readonly #statements = new Map<string, Statement>()

  constructor(database: DatabaseSync, health: StoreHealth) {
    this.database = database
    this.#health = health
  }

  prepare(sql: string): SqliteStatement {
    // A full disk has SQLite roll back by itself; doing it again would fail and hide why.
    if (sql === 'rollback' && !this.database.isTransaction) return NOTHING
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    return this.#remember(sql)
  }

  close(): void {
    this.#statements.clear()
    this.database.close()
  }

  #remember(sql: string): Statement {
    // The lock is taken at the start, or a transaction that began by reading could not go on to write.
    const prepared = attempt(() => this.database.prepare(sql === 'begin' ? 'begin immediate' : sql))
    const health = this.#health
    const statement =
      sql === 'rollback'
        ? new Rollback(prepared, health, this.database)
        : new Statement(prepared, health, {
            isWrite: sql === 'commit',
            hasRows: sql.startsWith(INCREMENTAL_VACUUM),
          })
    this.#statements.set(sql, statement)
    if (this.#statements.size > MAX_STATEMENTS) {
      const oldest = this.#statements.keys().next().value
      if (oldest !== undefined) this.#statements.delete(oldest)
    }
    return statement
  }
}

const NOTHING: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
}

class Statement implements SqliteStatement {
  readonly reader: boolean
  readonly #statement: StatementSync
  readonly #health: StoreHealth
  readonly #isWrite: boolean

  /**
   * @param kind - `isWrite`: whether something is written for good when it succeeds; `hasRows`: whether it gives rows,
   *   although it names no columns
   */
  constructor(
    statement: StatementSync,
    health: StoreHealth,
    { isWrite, hasRows = false }: { readonly isWrite: boolean; readonly hasRows?: boolean },
  ) {
    this.#statement = statement
    this.#health = health
    this.#isWrite = isWrite
    this.reader = hasRows || statement.columns().length > 0
  }

  all(parameters: readonly unknown[]): unknown[] {
    const rows = this.#observed(() => this.#statement.all(...parameters.map(input)))
    for (const row of rows) restoreText(row)
    return rows
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#observed(() => this.#statement.run(...parameters.map(input)))
  }

  #observed<T>(action: () => T): T {
    try {
      const result = attempt(action)
      this.#health.succeeded(this.#isWrite)
      return result
    } catch (error) {
      this.#health.failed(error)
      throw error
    }
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.all(parameters).values()
  }
}

/** SQLite undoes a transaction itself where the disk is full or fails; then there is nothing left to undo. */
class Rollback extends Statement {
  readonly #database: DatabaseSync

  constructor(statement: StatementSync, health: StoreHealth, database: DatabaseSync) {
    super(statement, health, { isWrite: false })
    this.#database = database
  }

  override run(parameters: readonly unknown[]): {
    changes: number | bigint
    lastInsertRowid: number | bigint
  } {
    return this.#database.isTransaction ? super.run(parameters) : { changes: 0, lastInsertRowid: 0 }
  }
}

function input(value: unknown): SQLInputValue {
  if (typeof value === 'string') return storable(value)
  if (typeof value === 'number' || typeof value === 'bigint' || value === null) return value
  if (value instanceof Uint8Array) return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value === undefined) return null
  throw new TypeError(`SQLite takes no parameter of type ${typeof value}`)
}

function restoreText(row: Record<string, unknown>): void {
  for (const name in row) {
    const value = row[name]
    if (typeof value === 'string') row[name] = stored(value)
  }
}

function attempt<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw storeError(error)
  }
}

/** Opens a file (or `:memory:`) as a database of ours: write-ahead log, every commit forced to the disk. */
export function openSqliteFile(
  file: string,
  synchronous: 'full' | 'normal',
  health: StoreHealth = new StoreHealth(file, silentLogger),
): SqliteAdapter {
  const database = attempt(() => new nodeSqlite.DatabaseSync(file, { timeout: 5_000 }))
  try {
    database.exec(`
      pragma page_size = 8192;
      ${file === ':memory:' ? '' : 'pragma auto_vacuum = incremental;'}
      pragma journal_mode = wal;
      pragma synchronous = ${synchronous};
      pragma temp_store = memory;
      pragma cache_size = -16000;
      pragma trusted_schema = off;
    `)
    return new SqliteAdapter(database, health)
  } catch (error) {
    database.close()
    throw storeError(error)
  }
}
