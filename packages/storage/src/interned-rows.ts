import { type BulkWrite, bulkInsert, bulkWrite } from './bulk.ts'
import type { Dialect } from './dialect/dialect.ts'
import type { RowSource } from './row-format.ts'

/** Writes for a table of interned rows: rows with a NID and a unique name, stored once and never changed. */
export interface InternedWrites<Item> {
  /** Stores those that are not there; those whose NID or name is there already are passed over. */
  readonly addMissing: BulkWrite<Item>
  /** Counts (as `n`) those that are there already, under the same NID. */
  readonly countSame: BulkWrite<Item>
}

/** @param name - of the row, which is unique as the NID is */
export function internedWrites<Item>(
  dialect: Dialect,
  table: string,
  rows: RowSource<Item>,
  name: RowSource<Item>,
): InternedWrites<Item> {
  const equal = name.names.map((column) => `${table}.${column} = v.${column}`).join(' and ')
  return {
    addMissing: bulkInsert(dialect, table, rows, 'on conflict do nothing returning nid'),
    countSame: bulkWrite(dialect, name, `select count(*) as n from v join ${table} on ${equal}`),
  }
}
