import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely'
import type { Dialect, Kind } from '../dialect/dialect.ts'

/** A column: what it holds, `?` where it may be null; `position` counts the rows and is the primary key. */
export type ColumnDefinition = Kind | `${Kind}?` | 'position'

/** A table as a migration creates it, the same on both databases. */
export interface TableDefinition {
  readonly name: string
  /** What it holds, for `docs/schema.md`. */
  readonly about: string
  readonly columns: Readonly<Record<string, ColumnDefinition>>
  /** The primary key, where it is not a `position` column. */
  readonly key?: readonly string[]
  readonly unique?: readonly (readonly string[])[]
  readonly indexes?: readonly (readonly string[])[]
  /** Texts that are looked up whole and may be longer than an index of PostgreSQL takes. */
  readonly longTexts?: readonly string[]
}

/** Columns that a migration adds to a table that is there; rows that are there get 0 or the empty text. */
export interface ColumnAddition {
  readonly table: string
  /** What they hold, for `docs/schema.md`. */
  readonly about: string
  readonly columns: Readonly<Record<string, 'int' | 'small' | 'text'>>
}

/** An index that a migration adds to a table that is there. */
export interface IndexAddition {
  readonly table: string
  readonly columns: readonly string[]
  /** The columns of the index whose place it takes. */
  readonly replaces?: readonly string[]
  /** Which rows it has, in SQL; left out: all. */
  readonly where?: string
}

/** A table that a migration renames, or whose columns it renames. */
export interface TableRename {
  readonly from: string
  /** The columns that are renamed: old name, new name. None of an index. */
  readonly columns?: Readonly<Record<string, string>>
  /** The table as it is afterwards. Its indexes are made again under their new names. */
  readonly table: TableDefinition
}

/** The statements that rename a table with its indexes, and its columns. */
export function renameStatements<S>(
  db: Kysely<S>,
  dialect: Dialect,
  { from, columns = {}, table }: TableRename,
): CompiledQuery[] {
  const renamed = Object.entries(columns).map(([before, after]) =>
    sql`alter table ${sql.table(table.name)} rename column ${sql.ref(before)} to ${sql.ref(after)}`.compile(
      db,
    ),
  )
  if (from === table.name) return renamed
  const indexed = [
    ...(table.unique ?? []),
    ...(table.indexes ?? []),
    ...(table.longTexts ?? []).map((one) => [one]),
  ]
  const [, ...indexes] = tableStatements(db, dialect, table)
  return [
    ...indexed.map((names) => sql`drop index ${sql.ref(`${from}_${names.join('_')}`)}`.compile(db)),
    sql`alter table ${sql.table(from)} rename to ${sql.table(table.name)}`.compile(db),
    ...renamed,
    ...indexes,
  ]
}

/**
 * The statements that add an index. SQLite's indexes hold the row's NID behind their columns anyway, so there one that
 * only adds it to another takes nobody's place.
 */
export function indexStatements<S>(
  db: Kysely<S>,
  dialect: Dialect,
  { table, columns, replaces, where }: IndexAddition,
): CompiledQuery[] {
  if (replaces === undefined) return [createIndex(db, table, columns, false, where)]
  if (dialect.indexesHoldNid) return []
  const replaced = sql.ref(`${table}_${replaces.join('_')}`)
  return [createIndex(db, table, columns, false), sql`drop index ${replaced}`.compile(db)]
}

/** The statements that add columns. */
export function additionStatements<S>(
  db: Kysely<S>,
  dialect: Dialect,
  { table, columns }: ColumnAddition,
): CompiledQuery[] {
  return Object.entries(columns).map(([name, kind]) =>
    sql`alter table ${sql.table(table)} add column ${sql.ref(name)} ${columnType(dialect, kind)} default ${sql.lit(kind === 'text' ? '' : 0)}`.compile(
      db,
    ),
  )
}

/** The statements that create a table and its indexes. */
export function tableStatements<S>(db: Kysely<S>, dialect: Dialect, table: TableDefinition): CompiledQuery[] {
  return [
    createTable(db, dialect, table),
    ...(table.unique ?? []).map((columns) => createIndex(db, table.name, columns, true)),
    ...(table.indexes ?? []).map((columns) => createIndex(db, table.name, columns, false)),
    ...(table.longTexts ?? []).map((column) => createHashIndex(db, dialect, table.name, column)),
  ]
}

function createTable<S>(db: Kysely<S>, dialect: Dialect, table: TableDefinition): CompiledQuery {
  const columns = Object.entries(table.columns).map(
    ([name, definition]) => sql`\n  ${sql.ref(name)} ${columnType(dialect, definition)}`,
  )
  const key =
    table.key === undefined
      ? []
      : [sql`\n  primary key (${sql.join(table.key.map((name) => sql.ref(name)))})`]
  const end = isKeyed(table) ? dialect.schema.tableEnd.keyed : dialect.schema.tableEnd.wide
  return sql`create table ${sql.table(table.name)} (${sql.join([...columns, ...key], sql`,`)}\n) ${end}`.compile(
    db,
  )
}

function columnType(dialect: Dialect, definition: ColumnDefinition): RawBuilder<unknown> {
  if (definition === 'position') return dialect.schema.position
  const kind = definition.replace('?', '') as Kind
  return definition.endsWith('?') ? dialect.schema.types[kind] : sql`${dialect.schema.types[kind]} not null`
}

/** Whether rows lie in the order of their key: where that is not one number, which SQLite's own row ID replaces. */
function isKeyed(table: TableDefinition): boolean {
  const [first, ...others] = table.key ?? []
  return first !== undefined && (others.length > 0 || table.columns[first] !== 'int')
}

function createIndex<S>(
  db: Kysely<S>,
  table: string,
  columns: readonly string[],
  unique: boolean,
  where?: string,
): CompiledQuery {
  const name = `${table}_${columns.join('_')}`
  const list = sql.join(columns.map((column) => sql.ref(column)))
  const rows = sql.raw(where === undefined ? '' : ` where ${where}`)
  return sql`create ${sql.raw(unique ? 'unique ' : '')}index ${sql.ref(name)} on ${sql.table(table)} (${list})${rows}`.compile(
    db,
  )
}

function createHashIndex<S>(db: Kysely<S>, dialect: Dialect, table: string, column: string): CompiledQuery {
  const name = sql.ref(`${table}_${column}`)
  return sql`create index ${name} on ${sql.table(table)} ${dialect.schema.usingHash} (${sql.ref(column)})`.compile(
    db,
  )
}
