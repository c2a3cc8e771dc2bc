import type { CompiledQuery } from 'kysely'
import type { Dialect } from './dialect/dialect.ts'
import type { RowSource } from './row-format.ts'
import type { Db } from './schema.ts'

/** Writes many rows at once, in few statements whose text is made once. */
export interface BulkWrite<Item> {
  run(db: Db, items: readonly Item[]): Promise<BulkResult>
  /**
   * The statements that `run` executes.
   *
   * @param condition - SQL; where it does not hold they do nothing. For databases that take the items as one list.
   */
  statements(items: readonly Item[], condition?: string): readonly CompiledQuery[]
}

export interface BulkResult {
  /** Rows that were inserted or changed. */
  readonly affected: number
  /** What the statement returns, where it does. */
  readonly rows: readonly Record<string, unknown>[]
}

/** @param text - a statement that reads the rows from `v` */
export function bulkWrite<Item>(dialect: Dialect, rows: RowSource<Item>, text: string): BulkWrite<Item> {
  const statement = remembered((source) => `with v(${rows.names.join(', ')}) as (${source}) ${text}`)
  const statements = (items: readonly Item[], condition?: string): readonly CompiledQuery[] => {
    const text = (source: string): string =>
      statement(condition === undefined ? source : `${source} where ${condition}`)
    return dialect.bulk(
      rows.kinds,
      text,
      items.map((item) => rows.cells(item)),
    )
  }
  return { statements, run: (db, items) => runAll(db, statements(items)) }
}

/** Inserts rows; `ending` says what happens to one whose key is there already, and what is returned. */
export function bulkInsert<Item>(
  dialect: Dialect,
  table: string,
  rows: RowSource<Item>,
  ending = '',
): BulkWrite<Item> {
  const names = rows.names.join(', ')
  return bulkWrite(
    dialect,
    rows,
    `insert into ${table} (${names}) select ${names} from v where true ${ending}`.trimEnd(),
  )
}

async function runAll(db: Db, queries: readonly CompiledQuery[]): Promise<BulkResult> {
  const rows: Record<string, unknown>[] = []
  let affected = 0
  for (const query of queries) {
    const result = await db.executeQuery<Record<string, unknown>>(
      query as CompiledQuery<Record<string, unknown>>,
    )
    for (const row of result.rows) rows.push(row)
    affected += result.rows.length || Number(result.numAffectedRows ?? 0)
  }
  return { affected, rows }
}

/** Of items with the same key, the last: a statement may not change a row twice. */
export function lastOfEach<T>(items: readonly T[], key: (item: T) => unknown): readonly T[] {
  return items.length < 2 ? items : [...new Map(items.map((item) => [key(item), item])).values()]
}

/** The few texts that `make` makes, each made once. */
function remembered(make: (source: string) => string): (source: string) => string {
  const texts = new Map<string, string>()
  return (source) => {
    const text = texts.get(source) ?? make(source)
    texts.set(source, text)
    return text
  }
}
