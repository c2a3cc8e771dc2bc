import type { CompiledQuery } from 'kysely'
import type { Cell, Columns, Dialect } from './dialect/dialect.ts'
import type { Db } from './schema.ts'

/** A table's row type: every column a value that the database takes. */
export type RowOf<Table> = { readonly [Name in keyof Table & string]: Cell }

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

/** What is written of each item: its row, and for tables that care its place among the items. */
export type ToRow<Item, Table> = (item: Item, index: number) => Table

/** @param text - a statement that reads the rows from `v` */
export function bulkWrite<Item, Table extends RowOf<Table>>(
  dialect: Dialect,
  columns: Columns<Table>,
  toRow: ToRow<Item, Table>,
  text: string,
): BulkWrite<Item> {
  const names = Object.keys(columns) as (keyof Table & string)[]
  const kinds = names.map((name) => columns[name])
  const statement = remembered((source) => `with v(${names.join(', ')}) as (${source}) ${text}`)
  const statements = (items: readonly Item[], condition?: string): readonly CompiledQuery[] => {
    const text = (source: string): string =>
      statement(condition === undefined ? source : `${source} where ${condition}`)
    const cells = items.map((item, index) => {
      const row = toRow(item, index)
      return names.map((name): Cell => row[name])
    })
    return dialect.bulk(kinds, text, cells)
  }
  return { statements, run: (db, items) => runAll(db, statements(items)) }
}

/** Inserts rows; `ending` says what happens to one whose key is there already, and what is returned. */
export function bulkInsert<Item, Table extends RowOf<Table>>(
  dialect: Dialect,
  table: string,
  columns: Columns<Table>,
  toRow: ToRow<Item, Table>,
  ending = '',
): BulkWrite<Item> {
  const names = Object.keys(columns).join(', ')
  const text = `insert into ${table} (${names}) select ${names} from v where true ${ending}`
  return bulkWrite(dialect, columns, toRow, text.trimEnd())
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
