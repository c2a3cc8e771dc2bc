import { sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import type { Db } from '../schema.ts'

/** Damage of the database itself, beneath rooms and events. */
export interface IndexFinding {
  /** The index to be rebuilt; `undefined`: the table is damaged. */
  readonly index: string | undefined
  readonly what: string
}

/** Checks that indexes and tables say the same, by reading the tables from end to end. */
export async function checkIndexes(db: Db, dialect: Dialect): Promise<readonly IndexFinding[]> {
  return dialect.name === 'sqlite' ? await checkFile(db) : await checkRelations(db)
}

/** Rebuilds the indexes that a check found damaged; returns why one could not be rebuilt. */
export async function repairIndexes(
  db: Db,
  dialect: Dialect,
  findings: readonly IndexFinding[],
): Promise<readonly string[]> {
  const failed: string[] = []
  const indexes = new Set(findings.flatMap(({ index }) => (index === undefined ? [] : [index])))
  for (const index of indexes) {
    try {
      const name = sql.ref(index)
      await (dialect.name === 'sqlite' ? sql`reindex ${name}` : sql`reindex index ${name}`).execute(db)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      failed.push(`the index ${index} cannot be rebuilt: ${why}`)
    }
  }
  return failed
}

const MAX_FINDINGS = 1_000

/** SQLite looks for every row in every index. */
async function checkFile(db: Db): Promise<readonly IndexFinding[]> {
  const { rows } = await sql<{
    integrity_check: string
  }>`pragma integrity_check(${sql.lit(MAX_FINDINGS)})`.execute(db)
  const lacking = new Map<string, number>()
  const others: IndexFinding[] = []
  for (const { integrity_check: said } of rows) {
    const index =
      /missing from index (\S+)/.exec(said)?.[1] ?? /(?:entries in|in) index (\S+)/.exec(said)?.[1]
    if (index !== undefined) lacking.set(index, (lacking.get(index) ?? 0) + 1)
    else if (said !== 'ok') others.push({ index: undefined, what: `the database file is damaged: ${said}` })
  }
  const found = [...lacking.keys()].map((index) => ({
    index,
    what: `the index ${index} does not match its table`,
  }))
  return [...found, ...others]
}

interface IndexRow {
  readonly method: 'btree' | 'hash'
  readonly index: string
  readonly table: string
  readonly columns: string
  /** Which rows it has, in SQL. */
  readonly has: string
  /** The size of its table. */
  readonly bytes: number
}

/**
 * By PostgreSQL's own checker where it is installed and knows the kind of index; else by counting the rows that each index
 * leads to, and those that there are.
 */
async function checkRelations(db: Db): Promise<readonly IndexFinding[]> {
  const { rows: indexes } = await sql<IndexRow>`
    select m.amname as method, c.relname as index, t.relname as table, string_agg(quote_ident(a.attname), ', ' order by k.place) as columns,
      coalesce(pg_get_expr(i.indpred, i.indrelid), 'true') as has, pg_relation_size(i.indrelid) as bytes
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
      join pg_am m on m.oid = c.relam and m.amname in ('btree', 'hash')
      cross join lateral unnest(i.indkey::int2[]) with ordinality as k(column_number, place)
      join pg_attribute a on a.attrelid = t.oid and a.attnum = k.column_number
    where t.relnamespace = current_schema()::regnamespace and t.relpersistence = 'p'
    group by m.amname, c.relname, t.relname, i.indpred, i.indrelid order by c.relname`.execute(db)
  const schema = await schemaOfAmcheck(db)
  const trees = schema === undefined ? [] : indexes.filter(({ method }) => method === 'btree')
  const findings = schema === undefined ? [] : await checkByAmcheck(db, schema, trees)
  for (const index of indexes.filter((one) => !trees.includes(one))) {
    const what = await checkByCounting(db, index)
    if (what !== undefined) findings.push({ index: index.index, what })
  }
  return findings
}

/** Where PostgreSQL's checker is, if it is installed and we may call it. */
async function schemaOfAmcheck(db: Db): Promise<string | undefined> {
  const { rows } = await sql<{ schema: string }>`
    select n.nspname as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace
      join pg_proc p on p.pronamespace = n.oid and p.proname = 'bt_index_check' and p.pronargs = 2
    where e.extname = 'amcheck' and has_function_privilege(p.oid, 'execute')`.execute(db)
  return rows[0]?.schema
}

/** Indexes of tables up to this size are checked by one statement: most stores have no others, and many indexes. */
const SMALL_BYTES = 8 * 1024 * 1024

/** A statement ends at the first damage: then each index gets one of its own. */
async function checkByAmcheck(db: Db, schema: string, indexes: readonly IndexRow[]): Promise<IndexFinding[]> {
  const wrongAmong = async (some: readonly IndexRow[]): Promise<string | undefined> => {
    try {
      await sql`select ${sql.id(schema, 'bt_index_check')}(cast(name as regclass), true)
        from unnest(cast(${some.map(({ index }) => index)} as text[])) as name`.execute(db)
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const small = indexes.filter(({ bytes }) => bytes <= SMALL_BYTES)
  const whole = (await wrongAmong(small)) === undefined ? small : []
  const findings: IndexFinding[] = []
  for (const index of indexes.filter((one) => !whole.includes(one))) {
    const wrong = await wrongAmong([index])
    if (wrong === undefined) continue
    findings.push({ index: index.index, what: `the index ${index.index} does not match its table: ${wrong}` })
  }
  return findings
}

/** Both counts as of one moment. */
async function checkByCounting(
  db: Db,
  { method, index, table, columns, has }: IndexRow,
): Promise<string | undefined> {
  const [first = ''] = columns.split(', ')
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      await sql`select set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true),
        set_config('enable_indexonlyscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`.execute(
        tx,
      )
      const { rows: all } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}
        where ${sql.raw(has)}`.execute(tx)
      const along =
        method === 'btree'
          ? await countInOrder(tx, { table, columns, has }, first)
          : await countOneByOne(tx, table, first)
      const [rows = 0, found = 0] = [all[0]?.n, along]
      return rows === found ? undefined : `the index ${index} has ${found} rows, its table has ${rows}`
    })
}

/** Along the index, which gives the rows in its order. */
async function countInOrder(
  tx: Db,
  { table, columns, has }: Pick<IndexRow, 'table' | 'columns' | 'has'>,
  first: string,
): Promise<number | undefined> {
  await sql`select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true),
    set_config('enable_indexscan', 'on', true), set_config('enable_indexonlyscan', 'on', true)`.execute(tx)
  const { rows } = await sql<{ n: number }>`select count(*) as n
    from (select ${sql.raw(first)} from ${sql.table(table)} where ${sql.raw(has)}
      order by ${sql.raw(columns)}) as ordered`.execute(tx)
  return rows[0]?.n
}

/** Looks each row up by what the index holds of it, as an index of hashes has no order. */
async function countOneByOne(tx: Db, table: string, column: string): Promise<number | undefined> {
  await sql`select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('enable_indexscan', 'on', true), set_config('enable_material', 'off', true),
    set_config('enable_memoize', 'off', true)`.execute(tx)
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)} as all_rows
    cross join lateral (select found.ctid from ${sql.table(table)} as found
      where found.${sql.raw(column)} = all_rows.${sql.raw(column)} offset 0) as found
    where found.ctid = all_rows.ctid`.execute(tx)
  return rows[0]?.n
}
