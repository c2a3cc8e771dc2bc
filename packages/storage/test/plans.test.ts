import { setTimeout as wait } from 'node:timers/promises'
import type { EventNid, MembershipRecord, RoomRecord, StateKeyNid, WriteSet } from '@roomserver/types'
import pg from 'pg'
import { expect, it } from 'vitest'
import type { Storage } from '../src/index.ts'
import { newEvent, storedRoom, store1, writeSet } from './contract/sample.ts'
import { postgresPlace } from './postgres-database.ts'

/** The write set of users joining. */
async function joins(store: Storage, room: RoomRecord, count: number): Promise<WriteSet> {
  const event = await newEvent(store, room)
  const first = await store.allocate('stateKey', count)
  const nids = Array.from({ length: count }, (_, at) => (first + at) as StateKeyNid)
  const memberships = nids.map((user): MembershipRecord => {
    return { roomNid: room.nid, user, membership: 'join', event: event.nid, local: true, forgotten: false }
  })
  const stateKeys = nids.map((nid) => ({ nid, text: `@user${nid}:example.org` }))
  return writeSet(room, { events: [event], stateKeys, memberships })
}

/** How many rows PostgreSQL read by going through whole tables of ours; it counts with a delay. */
async function rowsScanned(url: string): Promise<number> {
  await wait(1_500)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const question = `select coalesce(sum(seq_tup_read), 0)::int as rows from pg_stat_user_tables
    where schemaname = current_schema() and relname in ('state_keys', 'rooms', 'events', 'memberships')`
  const answer: { readonly rows: readonly { readonly rows: number }[] } = await client.query(question)
  await client.end()
  return answer.rows[0]?.rows ?? -1
}

it('goes by the indexes of tables that grew since its plans were made', async () => {
  await using place = await postgresPlace()
  await using store = await place.open({ maxConnections: 1 })
  let room = await storedRoom(store)
  for (let i = 0; i < 10; i++) room = await store1(store, await joins(store, room, 1))
  room = await store1(store, await joins(store, room, 5_000))
  const before = await rowsScanned(place.url)
  for (let i = 0; i < 10; i++) {
    room = await store1(store, await joins(store, room, 1))
    await store.eventsByNid([(70_000 + i) as EventNid])
    await store.serverInRoom(room.nid, 'elsewhere')
  }
  expect((await rowsScanned(place.url)) - before).toBeLessThan(100)
})
