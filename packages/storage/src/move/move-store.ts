import { RoomserverError } from '@roomserver/types'
import { type CompiledQuery, sql } from 'kysely'
import type { Cell, Dialect } from '../dialect/dialect.ts'
import type { Db } from '../schema.ts'
import { type StoredTable, storedTables } from './stored-tables.ts'

/** A database that takes part in a move. */
export interface MovePart {
  readonly db: Db
  readonly dialect: Dialect
}

/** How far a move is. */
export interface MoveProgress {
  readonly table: string
  /** Rows of the table that are there. */
  readonly rows: number
  /** Rows that it has. */
  readonly total: number
}

/** Rows that are copied in one transaction. */
const PAGE = 500

/** What the new store says about a move as long as it is not over; the name of the fact in `store_facts`. */
const FACT = 'move'

interface MoveState {
  /** The store that is moved, by the first epoch of its output log, which no other has. */
  readonly source: string
  /** The table at work; those before it are there. */
  readonly table: string
  /** The key of the last row of it that is there; empty: none is. */
  readonly after: readonly Cell[]
}

/**
 * Copies a store into an empty one, table by table in the order of keys. Each page of rows and the mark of how far it came
 * are one transaction, so a move that was interrupted goes on from there. Nobody may write to either of them meanwhile.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when the new store has rooms of its own, or of another move; STORE_DAMAGED when
 * the copy is not what the source is
 */
export async function* moveStore(from: MovePart, to: MovePart): AsyncGenerator<MoveProgress> {
  const tables = storedTables()
  const source = await identity(from.db)
  const state = (await moveState(to.db)) ?? (await begin(from, to, tables, source))
  if (state.source !== source) throw refused('a move from another store has begun there; empty it first')
  const start = tables.findIndex(({ name }) => name === state.table)
  for (const [index, table] of tables.entries()) {
    if (index < start) continue
    yield* copyTable(from, to, table, {
      ...state,
      table: table.name,
      after: index === start ? state.after : [],
    })
  }
  await expectSame(from, to, tables)
  for (const { name, isNumbered } of tables) if (isNumbered) await takeNumbersOver(from, to, name)
}

/** Ends a move: from now on the new store can be used. */
export async function endMove(db: Db): Promise<void> {
  await sql`delete from store_facts where name = ${FACT}`.execute(db)
}

/** Whether a move into the store has begun and is not over. */
export async function isMoving(db: Db): Promise<boolean> {
  return (await moveState(db)) !== undefined
}

async function moveState(db: Db): Promise<MoveState | undefined> {
  const { rows } = await sql<{ value: string }>`select value from store_facts where name = ${FACT}`.execute(
    db,
  )
  return rows[0] === undefined ? undefined : (JSON.parse(rows[0].value) as MoveState)
}

async function identity(db: Db): Promise<string> {
  const { rows } = await sql<{
    name: string
  }>`select name from output_epochs order by first_position limit 1`.execute(db)
  return rows[0]?.name ?? ''
}

/** Empties the new store of what it was made with, and takes the name of the homeserver over. */
async function begin(
  from: MovePart,
  to: MovePart,
  tables: readonly StoredTable[],
  source: string,
): Promise<MoveState> {
  if ((await countRows(to.db, 'rooms')) + (await countRows(to.db, 'events')) > 0)
    throw refused('it has rooms already; a store is moved into an empty one')
  const state: MoveState = { source, table: tables[0]?.name ?? '', after: [] }
  const { rows } = await sql<{
    value: string
  }>`select value from store_facts where name = ${'server_name'}`.execute(from.db)
  await to.db.transaction().execute(async (tx) => {
    await to.dialect.schema.lockMigrations.execute(tx)
    for (const { name } of tables) await sql`delete from ${sql.table(name)}`.execute(tx)
    await sql`delete from store_facts`.execute(tx)
    for (const { value } of rows)
      await sql`insert into store_facts (name, value) values (${'server_name'}, ${value})`.execute(tx)
    await sql`insert into store_facts (name, value) values (${FACT}, ${JSON.stringify(state)})`.execute(tx)
  })
  return state
}

async function* copyTable(
  from: MovePart,
  to: MovePart,
  table: StoredTable,
  begun: MoveState,
): AsyncGenerator<MoveProgress> {
  const total = await countRows(from.db, table.name)
  let rows = begun.after.length === 0 ? 0 : await countRows(to.db, table.name)
  let state = begun
  for (;;) {
    const page = await readPage(from.db, table, state.after)
    const last = page.at(-1)
    const next: MoveState =
      last === undefined ? state : { ...state, after: table.key.map((name) => cellOf(last[name])) }
    await to.db.transaction().execute(async (tx) => {
      for (const statement of inserts(to, table, page)) await tx.executeQuery(statement)
      await mark(tx, next)
    })
    state = next
    rows += page.length
    yield { table: table.name, rows, total }
    if (page.length < PAGE || table.key.length === 0) return
  }
}

/** Notes how far the move is. */
async function mark(tx: Db, state: MoveState): Promise<void> {
  await sql`update store_facts set value = ${JSON.stringify(state)} where name = ${FACT}`.execute(tx)
}

type Row = Readonly<Record<string, unknown>>

/** The next rows by the key; all at once where there is none. */
async function readPage(db: Db, table: StoredTable, after: readonly Cell[]): Promise<readonly Row[]> {
  const columns = sql.join(table.columns.map(([name]) => sql.ref(name)))
  const query = sql`select ${columns} from ${sql.table(table.name)}`
  if (table.key.length === 0) return (await sql<Row>`${query}`.execute(db)).rows
  const key = sql.join(table.key.map((name) => sql.ref(name)))
  const condition = after.length === 0 ? sql`` : sql`where (${key}) > (${sql.join(after)})`
  return (await sql<Row>`${query} ${condition} order by ${key} limit ${sql.lit(PAGE)}`.execute(db)).rows
}

function inserts(
  { db, dialect }: MovePart,
  table: StoredTable,
  rows: readonly Row[],
): readonly CompiledQuery[] {
  const names = table.columns.map(([name]) => name)
  const list = names.join(', ')
  const own = table.isNumbered ? dialect.ownPosition.compile(db).sql : ''
  return dialect.bulk(
    table.columns.map(([, kind]) => kind),
    (source) =>
      `with v(${list}) as (${source}) insert into ${table.name} (${list}) ${own} select ${list} from v where true`,
    rows.map((row) => names.map((name) => cellOf(row[name]))),
  )
}

/** A value as it was read. @throws {TypeError} when no table has such values */
function cellOf(value: unknown): Cell {
  if (value === null || typeof value === 'number' || typeof value === 'string') return value
  if (value instanceof Uint8Array) return value
  throw new TypeError(`no value of a table: ${typeof value}`)
}

/** @throws {RoomserverError} STORE_DAMAGED when a table has other numbers of rows than that of the source */
async function expectSame(from: MovePart, to: MovePart, tables: readonly StoredTable[]): Promise<void> {
  for (const { name } of tables) {
    const [there, here] = [await countRows(from.db, name), await countRows(to.db, name)]
    if (there !== here)
      throw notTheSame(`${name} has ${there} rows in the source and ${here} in the new store`)
  }
  const [there, here] = [await revisions(from.db), await revisions(to.db)]
  if (there !== here) throw notTheSame('rooms were changed in the source meanwhile')
}

function notTheSame(what: string): RoomserverError {
  const repair = 'stop whatever writes to the source, empty the new store, and move again'
  return new RoomserverError(
    'STORE_DAMAGED',
    { what, repair },
    `the copy is not what the source is: ${what}; ${repair}`,
  )
}

function refused(why: string): RoomserverError {
  return new RoomserverError('INVALID_ARGUMENT', { argument: '--to', expected: why }, `--to: ${why}`)
}

async function countRows(db: Db, table: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}`.execute(db)
  return Number(rows[0]?.count ?? 0)
}

/** A number that every commit to a room changes. */
async function revisions(db: Db): Promise<number> {
  const { rows } = await sql<{
    sum: number | null
  }>`select cast(sum(revision) as bigint) as sum from rooms`.execute(db)
  return Number(rows[0]?.sum ?? 0)
}

/** Has rows of the new table numbered on from where those of the old one would be. */
async function takeNumbersOver(from: MovePart, to: MovePart, table: string): Promise<void> {
  const { rows } = await from.dialect.nextPosition(table).execute(from.db)
  const next = Number(rows[0]?.next ?? 1)
  for (const statement of to.dialect.startPositions(table, next)) await statement.execute(to.db)
}
