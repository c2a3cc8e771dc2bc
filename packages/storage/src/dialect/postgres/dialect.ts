import { CompiledQuery, sql } from 'kysely'
import type { Dialect, Kind } from '../dialect.ts'
import { arrayParameter } from './array-parameter.ts'
import { postgresFacts } from './facts.ts'
import { postgresSchema, temporarySchema } from './schema.ts'

/** The types of parameters. */
const POSTGRES_TYPES: Readonly<Record<Kind, string>> = {
  int: 'bigint',
  small: 'smallint',
  text: 'text',
  blob: 'bytea',
}

/** PostgreSQL, by way of `pg`. */
export const postgres: Dialect = {
  name: 'postgres',
  schema: postgresSchema,
  pagesOf: (table) =>
    sql`select pg_relation_size(cast(cast(${table} as text) as regclass)) / current_setting('block_size')::int as pages`,
  indexesHoldNid: false,
  among: (column, kind) =>
    sql<boolean>`${sql.ref(column)} = any(${null}::${sql.raw(POSTGRES_TYPES[kind])}[])`,
  amongBlobs: (column) =>
    sql<boolean>`${sql.ref(column)} in (select decode(digits, 'hex') from unnest(${null}::text[]) as digits)`,
  list: (values) => values,
  pairs: sql`select cast(pair->>0 as bigint) as position, cast(pair->>1 as bigint) as sequence
    from json_array_elements(cast(${null} as json)) as pair`,
  ownPosition: sql`overriding system value`,
  nextPosition: (table) =>
    sql`select last_value + is_called::int as next from ${sql.table(`${table}_position_seq`)}`,
  startPositions: (table, first) => [
    sql`select setval(pg_get_serial_sequence(${table}, 'position'), ${first}, false)`,
  ],
  firstIndex: 'strpos',
  nowMs: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
  facts: postgresFacts,
  isReadOnly: sql<number>`cast(current_setting('transaction_read_only') as boolean)::int`,
  unsynced: sql<boolean>`(select set_config('synchronous_commit', 'off', true)) = 'off'`,
  locksRows: true,
  savesRoundTrips: true,
  holdsEventLoop: false,
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

/** PostgreSQL with temporary tables. */
export const temporaryPostgres: Dialect = { ...postgres, schema: temporarySchema }
