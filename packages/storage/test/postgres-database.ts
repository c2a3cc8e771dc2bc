import { randomBytes } from 'node:crypto'
import { silentLogger } from '@roomserver/types'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { inject } from 'vitest'
import { postgres } from '../src/dialect/postgres/dialect.ts'
import { openPool } from '../src/dialect/postgres/pool.ts'
import { StoreHealth } from '../src/health.ts'
import { openStorage, type PostgresOptions, type Storage, type StorageOptions } from '../src/index.ts'
import type { Db, Schema } from '../src/schema.ts'
import { compileTables, type Tables } from '../src/tables/tables.ts'

type Settings = Omit<PostgresOptions, 'dialect' | 'connectionString'> & Pick<StorageOptions, 'migrate'>

/** An empty PostgreSQL schema that several stores may be opened on; it goes with everything in it. */
export interface PostgresPlace extends AsyncDisposable {
  readonly url: string
  open(settings?: Settings): Promise<Storage>
}

export async function postgresPlace(): Promise<PostgresPlace> {
  const schema = `s_${randomBytes(8).toString('hex')}`
  await execute(`create schema ${schema}`)
  const url = new URL(inject('postgresUrl'))
  url.searchParams.set('options', `-c search_path=${schema}`)
  return {
    url: url.href,
    open: (settings) => openStorage({ dialect: 'postgres', connectionString: url.href, ...settings }),
    [Symbol.asyncDispose]: () => execute(`drop schema ${schema} cascade`),
  }
}

/** The tables of a place, for tests of what lies below a store; `db.destroy()` ends the connections. */
export function openTables({ url }: PostgresPlace): { readonly db: Db; readonly tables: Tables } {
  const health = new StoreHealth('test', silentLogger)
  const pool = openPool({ dialect: 'postgres', connectionString: url }, silentLogger, health)
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  return { db, tables: compileTables(postgres, db) }
}

/** A schema with the tables of a store, which is emptied and used again: making the tables takes longer than most tests. */
interface EmptyTables {
  readonly place: PostgresPlace
  /** What makes it as it was. */
  readonly restore: string
}

/** Those that nobody uses at the moment. */
const unused: EmptyTables[] = []

/** A store on an empty schema of its own, as it is after its first start. */
export async function openEmptyPostgres(settings: Settings = {}): Promise<Storage> {
  const tables = unused.pop() ?? (await emptyTables())
  const store = await tables.place.open({ ...settings, migrate: false })
  const close = async (): Promise<void> => {
    await store[Symbol.asyncDispose]()
    await query(tables.place.url, tables.restore)
    unused.push(tables)
  }
  return { ...store, [Symbol.asyncDispose]: close }
}

/** Drops what `openEmptyPostgres` has made; for the end of a file. */
export async function dropEmptyTables(): Promise<void> {
  for (const { place } of unused.splice(0)) await place[Symbol.asyncDispose]()
}

async function emptyTables(): Promise<EmptyTables> {
  const place = await postgresPlace()
  await (await place.open())[Symbol.asyncDispose]()
  const names = await query(
    place.url,
    'select tablename as name from pg_tables where schemaname = current_schema()',
  )
  const statements: string[] = []
  for (const { name } of names) {
    const [rows] = await query(
      place.url,
      `select coalesce(json_agg(one), '[]')::text as rows from ${name} one`,
    )
    const json = pg.escapeLiteral(rows?.['rows'] ?? '[]')
    statements.push(`delete from ${name}`)
    if (json !== "'[]'")
      statements.push(`insert into ${name} select * from json_populate_recordset(null::${name}, ${json})`)
  }
  const positions = await query(
    place.url,
    "select table_name as name from information_schema.columns where is_identity = 'YES' and table_schema = current_schema()",
  )
  for (const { name } of positions) statements.push(`alter table ${name} alter position restart`)
  return { place, restore: statements.join(';\n') }
}

async function execute(statement: string): Promise<void> {
  await query(inject('postgresUrl'), statement)
}

async function query(url: string, statement: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, string>>(statement)).rows
  } finally {
    await client.end()
  }
}
