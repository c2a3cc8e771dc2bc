import { paged } from '@roomserver/types'
import { setImmediate as turn } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import type { Db } from '../schema.ts'

/** How many rows of SQLite, and pages of 8 kB of PostgreSQL, are read at a time. */
const ROWS = 500
const PAGES = 50

/**
 * Reads a table as its rows lie on the disk, without any index: what an index lacks is met with here.
 *
 * @param columns - beside `nid`
 */
export async function* inStoredOrder<Row extends { readonly nid: number }>(
  db: Db,
  dialect: Dialect,
  table: 'events' | 'snapshots' | 'rooms',
  columns: readonly (keyof Row & string)[],
): AsyncGenerator<readonly Row[], void, void> {
  const list = sql.join(['nid', ...columns].map((column) => sql.ref(column)))
  const read = dialect.pagesOf === undefined ? byRow<Row> : byPage<Row>
  yield* read(db, dialect, table, sql`select ${list} from ${sql.table(table)}`)
}

type Select = ReturnType<typeof sql>

/** The NID is the row ID, and so the order of the table itself. */
async function* byRow<Row extends { readonly nid: number }>(
  db: Db,
  _dialect: Dialect,
  _table: string,
  select: Select,
): AsyncGenerator<readonly Row[], void, void> {
  const read = async (after: number, limit: number) =>
    (await sql<Row>`${select} not indexed where nid > ${after} order by nid limit ${limit}`.execute(db)).rows
  for await (const page of paged({ read, keyOf: ({ nid }: Row) => nid, first: 0, limit: ROWS })) {
    yield page
    await turn()
  }
}

async function* byPage<Row extends { readonly nid: number }>(
  db: Db,
  dialect: Dialect,
  table: string,
  select: Select,
): AsyncGenerator<readonly Row[], void, void> {
  for (let from = 0; ; from += PAGES) {
    const { rows: sizes } = await sql<{ pages: number }>`${dialect.pagesOf?.(table)}`.execute(db)
    if (from >= (sizes[0]?.pages ?? 0)) return
    const [first, end] = [`(${from},0)`, `(${from + PAGES},0)`]
    const { rows } = await sql<Row>`${select} where ctid >= ${first}::tid and ctid < ${end}::tid`.execute(db)
    yield rows
    await turn()
  }
}
