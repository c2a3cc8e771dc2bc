import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { openStorage, type PostgresOptions, type Storage } from '../src/index.ts'

type Settings = Omit<PostgresOptions, 'dialect' | 'connectionString'>

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

/** A store on an empty schema of its own, which goes with it. */
export async function openEmptyPostgres(settings: Settings = {}): Promise<Storage> {
  const place = await postgresPlace()
  const store = await place.open(settings)
  const close = async (): Promise<void> => {
    await store[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  }
  return { ...store, [Symbol.asyncDispose]: close }
}

async function execute(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
