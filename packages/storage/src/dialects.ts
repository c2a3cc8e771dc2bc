import { CompiledQuery, type RawBuilder, sql } from 'kysely'
import { arrayParameter } from './postgres/array-parameter.ts'
import { storable } from './text.ts'

/** What a column holds. `int` is a 64-bit integer within JavaScript's safe range, `small` a code or a flag. */
export type Kind = 'int' | 'small' | 'text' | 'blob'

/** A value of a row on its way into the database. */
export type Cell = number | string | Uint8Array | null

/** The columns of a table (or of a list of rows) and what they hold. */
export type Columns<Row> = { readonly [Name in keyof Row & string]: Kind }

/** Everything in which the two databases differ; queries are otherwise the same text. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  /** Column types as the schema names them. */
  readonly types: Readonly<Record<Kind, RawBuilder<unknown>>>
  /** A column that counts the rows as they are inserted, as primary key. */
  readonly position: RawBuilder<unknown>
  /** What stands behind a table's columns: `wide` tables keep their own row order, `keyed` ones that of the primary key. */
  readonly tableEnd: Readonly<Record<'wide' | 'keyed', RawBuilder<unknown>>>
  /** Counts (as `pages`) the pages of a table, where rows can be read by page. */
  readonly pagesOf?: (table: string) => RawBuilder<unknown>
  /** Whether an index holds the NID of each row, in order, behind the columns that it was made for. */
  readonly indexesHoldNid: boolean
  /** Makes an index keep hashes instead of what it indexes, where that could be too long. */
  readonly usingHash: RawBuilder<unknown>
  /** `column` is one of a list that is passed as one parameter, see {@link Dialect.list}. */
  among(column: string, kind: 'int' | 'text'): RawBuilder<boolean>
  /** The same for bytes; the list is of hex digits. */
  amongBlobs(column: string): RawBuilder<boolean>
  /** The parameter for {@link Dialect.among}. */
  list(values: readonly (number | string)[]): unknown
  /** The function that gives the place (from 1) of the first occurrence of its second argument in its first; 0: none. */
  readonly firstIndex: 'instr' | 'strpos'
  /** Milliseconds since the epoch by the clock of the database, which all processes share. */
  readonly nowMs: RawBuilder<number>
  /** 1 where the server takes no writes now, else 0. */
  readonly isReadOnly: RawBuilder<number>
  /** Makes other processes wait that want to change the schema, until the end of the transaction. */
  readonly lockMigrations: RawBuilder<unknown>
  /** Lets writes to a table not wait for the disk, where that is a property of tables; a crash may empty it. */
  unlogged(table: string): RawBuilder<unknown>
  /** True; the statement's transaction ends without a wait for the disk, where it is one of its own: a crash may undo it. */
  readonly unsynced: RawBuilder<boolean>
  /** Lists the tables of this name. */
  tablesNamed(name: string): RawBuilder<unknown>
  /** Whether a transaction locks the rows that it changes; SQLite's have the whole database for themselves. */
  readonly locksRows: boolean
  /** Whether a statement costs a round trip, and so one large one is better than several. */
  readonly savesRoundTrips: boolean
  /** Ends a query whose rows are to be locked until the end of the transaction. */
  readonly forUpdate: RawBuilder<unknown>
  /**
   * Statements that work on many rows at once. `text` is given the rows as the source of a common table expression
   * whose columns are in the order of `columns`.
   */
  bulk(
    columns: readonly Kind[],
    text: (source: string) => string,
    rows: readonly (readonly Cell[])[],
  ): CompiledQuery[]
}

/** Rows of one statement on SQLite: the sizes are few, so that the statements stay prepared. */
const CHUNKS = [64, 16, 4, 1]

export const sqlite: Dialect = {
  name: 'sqlite',
  types: { int: sql`integer`, small: sql`integer`, text: sql`text`, blob: sql`blob` },
  position: sql`integer primary key autoincrement`,
  indexesHoldNid: true,
  usingHash: sql``,
  tableEnd: { wide: sql`strict`, keyed: sql`strict, without rowid` },
  among: (column) => sql<boolean>`${sql.ref(column)} in (select value from json_each(${null}))`,
  amongBlobs: (column) => sql<boolean>`${sql.ref(column)} in (select unhex(value) from json_each(${null}))`,
  list: (values) =>
    JSON.stringify(values.map((value) => (typeof value === 'string' ? storable(value) : value))),
  firstIndex: 'instr',
  nowMs: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
  isReadOnly: sql<number>`0`,
  lockMigrations: sql`select 1`,
  unlogged: () => sql`select 1`,
  unsynced: sql<boolean>`true`,
  tablesNamed: (name) => sql`select name from sqlite_master where type = 'table' and name = ${name}`,
  locksRows: false,
  savesRoundTrips: false,
  forUpdate: sql``,
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

/** Any number that no other program locks in the same database. */
const MIGRATION_LOCK = 0x726f6f6d

const POSTGRES_TYPES: Readonly<Record<Kind, string>> = {
  int: 'bigint',
  small: 'smallint',
  text: 'text',
  blob: 'bytea',
}

export const postgres: Dialect = {
  name: 'postgres',
  types: { int: sql`bigint`, small: sql`smallint`, text: sql`text collate "C"`, blob: sql`bytea` },
  position: sql`bigint generated always as identity primary key`,
  pagesOf: (table) =>
    sql`select pg_relation_size(cast(cast(${table} as text) as regclass)) / current_setting('block_size')::int as pages`,
  indexesHoldNid: false,
  usingHash: sql`using hash`,
  tableEnd: { wide: sql``, keyed: sql`` },
  among: (column, kind) =>
    sql<boolean>`${sql.ref(column)} = any(${null}::${sql.raw(POSTGRES_TYPES[kind])}[])`,
  amongBlobs: (column) =>
    sql<boolean>`${sql.ref(column)} in (select decode(digits, 'hex') from unnest(${null}::text[]) as digits)`,
  list: (values) => values,
  firstIndex: 'strpos',
  nowMs: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
  isReadOnly: sql<number>`cast(current_setting('transaction_read_only') as boolean)::int`,
  lockMigrations: sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`,
  unlogged: (table) => sql`alter table ${sql.table(table)} set unlogged`,
  unsynced: sql<boolean>`(select set_config('synchronous_commit', 'off', true)) = 'off'`,
  tablesNamed: (name) =>
    sql`select tablename from pg_tables where schemaname = current_schema() and tablename = ${name}`,
  locksRows: true,
  savesRoundTrips: true,
  forUpdate: sql`for update`,
  bulk: (columns, text, rows) => {
    if (rows.length === 0) return []
    const source = columns.map((kind, index) => `$${index + 1}::${POSTGRES_TYPES[kind]}[]`).join(', ')
    const arrays = columns.map((kind, index) =>
      arrayParameter(
        kind,
        rows.map((row) => row[index] ?? null),
      ),
    )
    return [CompiledQuery.raw(text(`select * from unnest(${source})`), arrays)]
  },
}

/** PostgreSQL with temporary tables, which nobody else sees and nothing is logged of. */
export const temporaryPostgres: Dialect = {
  ...postgres,
  lockMigrations: sql`select 1`,
  unlogged: () => sql`select 1`,
}
