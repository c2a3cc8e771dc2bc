import type { WriteSet } from '@roomserver/types'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newRoom, storedRoom, writeSet } from '@roomserver/storage-contract'
import type { Storage } from '../src/index.ts'
import type { Db } from '../src/schema.ts'
import type { Tables } from '../src/tables/tables.ts'
import { openTables, type PostgresPlace, postgresPlace } from './postgres-database.ts'

let place: PostgresPlace
let store: Storage
let db: Db
let tables: Tables

beforeAll(async () => {
  place = await postgresPlace()
  store = await place.open()
  ;({ db, tables } = openTables(place))
})

afterAll(async () => {
  await db.destroy()
  await store[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

/** How many connections wait for this one, or for one that does. */
async function waiting(pid: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with held as (select pid from pg_stat_activity where ${pid}::int = any(pg_blocking_pids(pid)))
    select count(*)::int as n from pg_stat_activity
    where pg_blocking_pids(pid) && (array(select pid from held) || ${pid}::int)`.execute(db)
  return rows[0]?.n ?? 0
}

/**
 * Has two transactions move the same three rooms on, in opposite orders, while a third one holds the room in the middle;
 * returns how many rooms each moved on. Where each locked the rooms in its own order, PostgreSQL would end one of them.
 */
async function crossing(sets: readonly WriteSet[], hold: (tx: Db) => Promise<unknown>): Promise<number[]> {
  const advance = async (inOrder: readonly WriteSet[]): Promise<number> =>
    (await db.transaction().execute((tx) => tables.rooms.advanceAll(tx, inOrder))).size
  const both = await db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
    const pid = rows[0]?.pid ?? expect.fail('no connection')
    await hold(tx)
    const forth = advance(sets)
    await expect.poll(() => waiting(pid), { timeout: 20_000 }).toBe(1)
    const back = advance(sets.toReversed())
    await expect.poll(() => waiting(pid), { timeout: 20_000 }).toBe(2)
    return { forth, back }
  })
  return await Promise.all([both.forth, both.back])
}

describe('transactions that move the same rooms on in other orders', () => {
  it('wait for each other, and the second finds them moved on', async () => {
    const rooms = [await storedRoom(store), await storedRoom(store), await storedRoom(store)]
    const hold = (tx: Db) => sql`select nid from rooms where nid = ${rooms[1]?.nid} for update`.execute(tx)
    expect(
      await crossing(
        rooms.map((room) => writeSet(room)),
        hold,
      ),
    ).toEqual([3, 0])
  })

  it('wait for each other where the rooms are new', async () => {
    const rooms = [await newRoom(store, '!a:a'), await newRoom(store, '!b:a'), await newRoom(store, '!c:a')]
    const sets = rooms.map((room) => writeSet(room))
    const [, middle] = sets
    const hold = async (tx: Db) => await tables.rooms.advanceAll(tx, middle === undefined ? [] : [middle])
    expect(await crossing(sets, hold)).toEqual([2, 0])
  })
})
