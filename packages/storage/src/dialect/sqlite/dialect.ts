import { CompiledQuery, sql } from 'kysely'
import { storable } from '../../text.ts'
import type { Dialect, FilePages } from '../dialect.ts'
import { INCREMENTAL_VACUUM } from './adapter.ts'
import { sqliteFacts } from './facts.ts'
import { sqliteSchema } from './schema.ts'

/** Rows of one statement on SQLite: the sizes are few, so that the statements stay prepared. */
const CHUNKS = [64, 16, 4, 1]

/** SQLite, by way of `node:sqlite`. */
export const sqlite: Dialect = {
  name: 'sqlite',
  schema: sqliteSchema,
  indexesHoldNid: true,
  among: (column) => sql<boolean>`${sql.ref(column)} in (select value from json_each(${null}))`,
  amongBlobs: (column) => sql<boolean>`${sql.ref(column)} in (select unhex(value) from json_each(${null}))`,
  list: (values) =>
    JSON.stringify(values.map((value) => (typeof value === 'string' ? storable(value) : value))),
  pairs: sql`select json_extract(value, '$[0]') as position, json_extract(value, '$[1]') as sequence
    from json_each(${null})`,
  ownPosition: sql``,
  nextPosition: (table) =>
    sql`select coalesce(max(seq), 0) + 1 as next from sqlite_sequence where name = ${table}`,
  startPositions: (table, first) => [
    sql`delete from sqlite_sequence where name = ${table}`,
    sql`insert into sqlite_sequence (name, seq) values (${table}, ${first - 1})`,
  ],
  firstIndex: 'instr',
  nowMs: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
  facts: sqliteFacts,
  isReadOnly: sql<number>`0`,
  unsynced: sql<boolean>`true`,
  locksRows: false,
  savesRoundTrips: false,
  holdsEventLoop: true,
  forUpdate: sql``,
  fileSpace: {
    // A file that was made before this was asked for keeps its pages.
    pages: sql<FilePages>`select page_count as pages,
      case auto_vacuum when 2 then freelist_count else 0 end as free
      from pragma_page_count, pragma_freelist_count, pragma_auto_vacuum`,
    giveBack: (limit) => sql`${sql.raw(INCREMENTAL_VACUUM)}(${sql.lit(limit)})`,
    // It is shortened when the log is written back.
    truncate: sql`pragma wal_checkpoint(passive)`,
  },
  bulk: (columns, text, rows) => {
    const queries: CompiledQuery[] = []
    for (let at = 0; at < rows.length; ) {
      const size = CHUNKS.find((chunk) => chunk <= rows.length - at) ?? 1
      const chunk = rows.slice(at, at + size)
      queries.push(CompiledQuery.raw(text(valuesSource(columns.length, size)), chunk.flat()))
      at += size
    }
    return queries
  },
}

function valuesSource(width: number, height: number): string {
  const row = `(${Array.from({ length: width }, () => '?').join(', ')})`
  return `values ${Array.from({ length: height }, () => row).join(', ')}`
}
