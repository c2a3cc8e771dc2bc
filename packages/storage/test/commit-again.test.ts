import { silentLogger } from '@roomserver/types'
import { Kysely, SqliteDialect, type SqliteStatement } from 'kysely'
import { expect, it } from 'vitest'
import { sqlite } from '../src/dialect/sqlite/dialect.ts'
import { StoreHealth } from '../src/health.ts'
import { migrate } from '../src/migrate.ts'
import { migrations } from '../src/migrations/index.ts'
import type { Schema } from '../src/schema.ts'
import { openSqliteFile } from '../src/dialect/sqlite/adapter.ts'
import { createStorage } from '../src/storage.ts'
import { storedRoom, writeSet } from '@roomserver/storage-contract'

/** A store over a database that answers a statement with an error for so many times. */
async function failing(begin: string) {
  const adapter = openSqliteFile(':memory:', 'full')
  const fault = { left: 0, code: '40P01', met: 0 }
  const prepare = (sql: string): SqliteStatement => {
    const statement = adapter.prepare(sql)
    if (!sql.includes(begin) || fault.left === 0) return statement
    const fail = (): never => {
      fault.left--
      fault.met++
      throw Object.assign(new Error('deadlock detected'), { code: fault.code })
    }
    return { reader: statement.reader, all: fail, run: fail, iterate: fail }
  }
  const database = { prepare, close: () => adapter.close() }
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database }) })
  await migrate(db, sqlite, migrations, silentLogger)
  return {
    fault,
    store: createStorage(db, sqlite, {
      backup: () => Promise.reject(new Error('no backup here')),
      health: new StoreHealth('test', silentLogger),
    }),
  }
}

it('runs a commit again that the database asks to be run again, four times', async () => {
  const { fault, store } = await failing('update rooms')
  await using _closing = store
  const room = await storedRoom(store)
  fault.left = 4
  expect(await store.commit([writeSet(room)])).toEqual([{ kind: 'committed', revision: 2 }])
  expect(fault.met).toBe(4)
})

it('fails a commit that still does not go through the fifth time, and tries each of several alone', async () => {
  const { fault, store } = await failing('update rooms')
  await using _closing = store
  const [one, other] = [await storedRoom(store), await storedRoom(store)]
  fault.left = 5
  expect(await store.commit([writeSet(one)])).toMatchObject([
    { kind: 'failed', error: { message: 'the database cannot be used: deadlock detected (40P01)' } },
  ])
  expect(fault.met).toBe(5)
  fault.left = 10
  const results = await store.commit([writeSet(one), writeSet(other)])
  expect(results).toMatchObject([{ kind: 'failed' }, { kind: 'committed', revision: 2 }])
  expect(fault.met).toBe(15)
})

it('does not run a commit again that failed for another reason', async () => {
  const { fault, store } = await failing('update rooms')
  await using _closing = store
  const room = await storedRoom(store)
  Object.assign(fault, { left: 1, code: '23505' })
  expect(await store.commit([writeSet(room)])).toMatchObject([{ kind: 'failed' }])
  expect(await store.commit([writeSet(room)])).toEqual([{ kind: 'committed', revision: 2 }])
})

it('moves a room on again where the database asks for it, and no more than four times', async () => {
  const { fault, store } = await failing('update "rooms"')
  await using _closing = store
  const room = await storedRoom(store)
  fault.left = 4
  expect(await store.moveRoom(room.roomId)).toMatchObject({ revision: 2 })
  fault.left = 5
  await expect(store.moveRoom(room.roomId)).rejects.toThrow(
    'the database cannot be used: deadlock detected (40P01)',
  )
  expect(fault.met).toBe(9)
})
