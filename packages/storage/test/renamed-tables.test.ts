import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EventNid, type RoomNid, silentLogger } from '@roomserver/types'
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { Dialect } from '../src/dialect/dialect.ts'
import { postgres } from '../src/dialect/postgres/dialect.ts'
import { openPool } from '../src/dialect/postgres/pool.ts'
import { openSqliteFile } from '../src/dialect/sqlite/adapter.ts'
import { sqlite } from '../src/dialect/sqlite/dialect.ts'
import { StoreHealth } from '../src/health.ts'
import { openStorage, type Storage } from '../src/index.ts'
import { migrate } from '../src/migrate.ts'
import { migrations } from '../src/migrations/index.ts'
import type { Schema } from '../src/schema.ts'
import { postgresPlace } from './postgres-database.ts'

/** A database as the version before it left it: tables with their earlier names, a row in each. */
async function leaveAsBefore(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  const earlier = migrations.filter(({ version }) => version < 14)
  await migrate(db, dialect, earlier, silentLogger)
  const before = db as unknown as Kysely<{
    told_states: { event_nid: number; room_nid: number; waits_for: number; settled: number }
    dangling_prev: { prev: string; by_nid: number }
  }>
  const rows = [
    { event_nid: 70_000, room_nid: 1, waits_for: 0, settled: 0 },
    { event_nid: 70_001, room_nid: 1, waits_for: 70_001, settled: 1 },
  ]
  await before.insertInto('told_states').values(rows).execute()
  await before.insertInto('dangling_prev').values({ prev: '$missing', by_nid: 70_000 }).execute()
  await db.destroy()
}

const databases: readonly (readonly [string, () => Promise<Storage & AsyncDisposable>])[] = [
  [
    'SQLite',
    async () => {
      const file = join(mkdtempSync(join(tmpdir(), 'roomserver-renamed-')), 'rooms.db')
      const database = openSqliteFile(file, 'full')
      await leaveAsBefore(new Kysely<Schema>({ dialect: new SqliteDialect({ database }) }), sqlite)
      return openStorage({ dialect: 'sqlite', file })
    },
  ],
  [
    'PostgreSQL',
    async () => {
      const place = await postgresPlace()
      const pool = openPool(
        { dialect: 'postgres', connectionString: place.url },
        silentLogger,
        new StoreHealth('test', silentLogger),
      )
      await leaveAsBefore(new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) }), postgres)
      const store = await place.open()
      const dispose = async () => {
        await store[Symbol.asyncDispose]()
        await place[Symbol.asyncDispose]()
      }
      return { ...store, [Symbol.asyncDispose]: dispose }
    },
  ],
]

describe.each(databases)('a database of the version before, on %s', (_name, open) => {
  it('keeps what its renamed tables hold', async () => {
    await using store = await open()
    const record = { roomNid: 1 as RoomNid }
    expect(await store.remoteStates(1 as RoomNid)).toEqual([
      { ...record, event: 70_000, waitsFor: 0, isVerified: false },
      { ...record, event: 70_001, waitsFor: 70_001, isVerified: true },
    ])
    expect(await store.dueRemoteStates(0 as EventNid, 10)).toMatchObject([{ event: 70_000 }])
    expect(await store.missingPrevEvents(['$missing'])).toEqual([{ prev: '$missing', by: 70_000 }])
  })
})
