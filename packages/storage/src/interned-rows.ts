import { type BulkWrite, bulkInsert, bulkWrite, type RowOf } from './bulk.ts'
import type { Columns, Dialect } from './dialect/dialect.ts'

/** Writes for a table of interned rows: rows with a NID and a unique name, stored once and never changed. */
export interface InternedWrites<Item> {
  /** Stores those that are not there; those whose NID or name is there already are passed over. */
  readonly addMissing: BulkWrite<Item>
  /** Counts (as `n`) those that are there already, under the same NID. */
  readonly countSame: BulkWrite<Item>
}

/** @param name - the column that, beside the NID, is unique */
export function internedWrites<Item, Table extends RowOf<Table> & { nid: number }>(
  dialect: Dialect,
  table: string,
  columns: Columns<Table>,
  name: keyof Table & string,
  toRow: (item: Item) => Table,
): InternedWrites<Item> {
  const named = { nid: 'int', name: columns[name] } as const
  const toNamed = (item: Item): RowOf<typeof named> => {
    const row = toRow(item)
    return { nid: row.nid, name: row[name] }
  }
  const same = `select count(*) as n from v join ${table} on ${table}.nid = v.nid and ${table}.${name} = v.name`
  return {
    addMissing: bulkInsert(dialect, table, columns, toRow, 'on conflict do nothing returning nid'),
    countSame: bulkWrite(dialect, named, toNamed, same),
  }
}
