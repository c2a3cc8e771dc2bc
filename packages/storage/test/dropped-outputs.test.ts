import { silentLogger } from '@roomserver/types'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { expect, it } from 'vitest'
import { postgres } from '../src/dialect/postgres/dialect.ts'
import { openPool } from '../src/dialect/postgres/pool.ts'
import { StoreHealth } from '../src/health.ts'
import type { Db, Schema } from '../src/schema.ts'
import { compileTables } from '../src/tables/tables.ts'
import { newEvent, newOutput, storedRoom, commitOne, writeSet } from '@roomserver/storage-contract'
import { postgresPlace } from './postgres-database.ts'

async function waitsForDisk(db: Db): Promise<unknown> {
  const { rows } = await sql<{ setting: string }>`
    select current_setting('synchronous_commit') as setting`.execute(db)
  return rows[0]?.setting
}

it('has the statement that drops outputs not wait for the disk, and those after it do', async () => {
  await using place = await postgresPlace()
  await using store = await place.open()
  const room = await storedRoom(store)
  const event = await newEvent(store, room)
  await commitOne(store, writeSet(room, { events: [event], outputs: [newOutput(room, 1, event.nid)] }))
  const [row] = await store.outputs(0, 1)

  const pool = openPool(
    { dialect: 'postgres', connectionString: place.url, maxConnections: 1 },
    silentLogger,
    new StoreHealth('test', silentLogger),
  )
  await using db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  const { outputs } = compileTables(postgres, db)
  await sql`set synchronous_commit = on`.execute(db)
  await db.transaction().execute(async (tx) => {
    expect(await outputs.next(tx, [{ position: row?.position ?? 0, sequence: 1 }], 1)).toEqual([])
    expect(await waitsForDisk(tx)).toBe('off')
  })
  expect(await store.outputs(0, 1)).toEqual([])
  expect(await waitsForDisk(db)).toBe('on')
})
