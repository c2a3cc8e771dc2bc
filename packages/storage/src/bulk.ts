import type { Cell, Columns, Dialect } from './dialects.ts'
import type { Db } from './schema.ts'

/** A table's row type: every column a value that the database takes. */
export type RowOf<Table> = { readonly [Name in keyof Table & string]: Cell }

/** Writes many rows at once, in few statements whose text is made once. */
export type BulkWrite<Table> = (db: Db, rows: readonly Table[]) => Promise<BulkResult>

export interface BulkResult {
  /** Rows that were inserted or changed. */
  readonly affected: number
  /** What the statement returns, where it does. */
  readonly rows: readonly Record<string, unknown>[]
}

/** @param text - a statement that reads the rows from `v` */
export function bulkWrite<Table extends RowOf<Table>>(
  dialect: Dialect,
  columns: Columns<Table>,
  text: string,
): BulkWrite<Table> {
  const names = Object.keys(columns) as (keyof Table & string)[]
  const kinds = names.map((name) => columns[name])
  const statement = remembered((source) => `with v(${names.join(', ')}) as (${source}) ${text}`)
  return async (db, rows) => {
    const cells = rows.map((row) => names.map((name): Cell => row[name]))
    const returned: Record<string, unknown>[] = []
    let affected = 0
    for (const query of dialect.bulk(kinds, statement, cells)) {
      const result = await db.executeQuery<Record<string, unknown>>(query)
      for (const row of result.rows) returned.push(row)
      affected += result.rows.length || Number(result.numAffectedRows ?? 0)
    }
    return { affected, rows: returned }
  }
}

/** Inserts rows; `ending` says what happens to one whose key is there already, and what is returned. */
export function bulkInsert<Table extends RowOf<Table>>(
  dialect: Dialect,
  table: string,
  columns: Columns<Table>,
  ending = '',
): BulkWrite<Table> {
  const names = Object.keys(columns).join(', ')
  const text = `insert into ${table} (${names}) select ${names} from v where true ${ending}`
  return bulkWrite(dialect, columns, text.trimEnd())
}

/** Of rows with the same key, the last: a statement may not change a row twice. */
export function lastOfEach<T>(rows: readonly T[], key: (row: T) => unknown): readonly T[] {
  return rows.length < 2 ? rows : [...new Map(rows.map((row) => [key(row), row])).values()]
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
