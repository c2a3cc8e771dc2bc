import { createDatabase } from '@roomserver/testing'
import type { EventNid } from '@roomserver/types'
import pg from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { openRehearsalStore, openStorage } from '../src/index.ts'
import { newEvent, newRoom, storedRoom, writeSet } from '@roomserver/storage-contract'
import type { PostgresPlace } from './postgres-database.ts'

/** A database of its own: the tables in it are counted, and other tests make some in the one that they share. */
async function ownDatabase(): Promise<PostgresPlace> {
  const database = await createDatabase(inject('postgresUrl'))
  const { url } = database
  return {
    url,
    open: (settings) => openStorage({ dialect: 'postgres', connectionString: url, ...settings }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

/** What the tables of the schema hold, and how many there are, as others see them. */
async function contentsOf(place: PostgresPlace): Promise<unknown> {
  const client = new pg.Client({ connectionString: place.url })
  await client.connect()
  try {
    const { rows: rooms } = await client.query('select * from rooms')
    const { rows: counters } = await client.query('select * from counters order by kind')
    const { rows: tables } = await client.query('select count(*) from pg_class where relkind = $1', ['r'])
    return { rooms, counters, tables }
  } finally {
    await client.end()
  }
}

/** How many others are connected with the database. */
async function connectionsTo(place: PostgresPlace): Promise<number> {
  const client = new pg.Client({ connectionString: place.url })
  await client.connect()
  try {
    const { rows } = await client.query<{ n: number }>(
      'select count(*)::int as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    return rows[0]?.n ?? 0
  } finally {
    await client.end()
  }
}

describe('a store to rehearse with', () => {
  it('works in memory in place of a file', async () => {
    await using store = await openRehearsalStore({ dialect: 'sqlite', file: '/nowhere/rooms.db' })
    const room = await storedRoom(store)
    expect(await store.room(room.roomId)).toEqual(room)
  })

  it('works on PostgreSQL, sees nothing of the real store and leaves nothing in it', async () => {
    await using place = await ownDatabase()
    await using real = await place.open()
    const known = await storedRoom(real)
    const before = await contentsOf(place)
    {
      await using store = await openRehearsalStore({ dialect: 'postgres', connectionString: place.url })
      expect(await store.room(known.roomId)).toBeUndefined()
      const room = await newRoom(store)
      const event = await newEvent(store, room)
      expect(await store.commit([writeSet(room, { events: [event] })])).toEqual([
        { kind: 'committed', revision: 1 },
      ])
      expect(await store.eventsById([event.eventId])).toEqual([event])
      expect(await contentsOf(place)).toEqual(before)
    }
    await expect.poll(() => contentsOf(place)).toEqual(before)
    await real[Symbol.asyncDispose]()
    await expect.poll(() => connectionsTo(place), { timeout: 20_000 }).toBe(0)
  })

  it('ends with the first thing that fails, and does not go on in the real store', async () => {
    await using place = await ownDatabase()
    await using real = await place.open()
    const before = await contentsOf(place)
    await using store = await openRehearsalStore({ dialect: 'postgres', connectionString: place.url })
    const room = await storedRoom(store)
    await expect(store.eventsByNid([0.5 as EventNid])).rejects.toThrow('bigint')
    await expect(store.room(room.roomId)).rejects.toThrow('transaction is aborted')
    await expect(storedRoom(store)).rejects.toThrow()
    expect(await contentsOf(place)).toEqual(before)
    expect(await real.room(room.roomId)).toBeUndefined()
  })
})
