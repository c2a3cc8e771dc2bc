import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type EventNid,
  type EventTypeNid,
  type MembershipRecord,
  NO_NID,
  type RoomRecord,
  type SnapshotNid,
  type StateKeyNid,
  type WriteSet,
} from '@roomserver/types'
import pg from 'pg'
import { expect, it } from 'vitest'
import { openStorage, type Storage } from '../src/index.ts'
import { newEvent, storedRoom, commitOne, writeSet } from '@roomserver/storage-contract'
import { type PostgresPlace, postgresPlace } from './postgres-database.ts'

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

/** How many rows of rooms' events and snapshots PostgreSQL fetched by way of an index. */
async function rowsRead(url: string): Promise<number> {
  await wait(1_500)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const question = `select coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::int as rows from pg_stat_user_tables
    where schemaname = current_schema() and relname in ('events', 'snapshots')`
  const answer: { readonly rows: readonly { readonly rows: number }[] } = await client.query(question)
  await client.end()
  return answer.rows[0]?.rows ?? -1
}

it('goes by the indexes of tables that grew since its plans were made', async () => {
  await using place = await postgresPlace()
  await using store = await place.open({ maxConnections: 1 })
  let room = await storedRoom(store)
  for (let i = 0; i < 10; i++) room = await commitOne(store, await joins(store, room, 1))
  room = await commitOne(store, await joins(store, room, 5_000))
  const before = await rowsScanned(place.url)
  for (let i = 0; i < 10; i++) {
    room = await commitOne(store, await joins(store, room, 1))
    await store.eventsByNid([(70_000 + i) as EventNid])
    await store.serverInRoom(room.nid, 'elsewhere')
  }
  expect((await rowsScanned(place.url)) - before).toBeLessThan(100)
})

/** Stores two rooms whose events and snapshots lie among each other, and returns the first. */
async function mixedRooms(store: Storage, count: number): Promise<RoomRecord> {
  let [one, other] = [await storedRoom(store), await storedRoom(store)]
  for (let at = 0; at < count; at += 500) {
    one = await commitOne(store, await history(store, one, 500))
    other = await commitOne(store, await history(store, other, 500))
  }
  return one
}

async function history(store: Storage, room: RoomRecord, count: number): Promise<WriteSet> {
  const events = []
  for (let at = 0; at < count; at++) events.push(await newEvent(store, room))
  const first = await store.allocate('snapshot', count)
  const snapshots = Array.from({ length: count }, (_, at) => {
    const nid = (first + at) as SnapshotNid
    return { nid, roomNid: room.nid, blocks: [], hash: nid.toString(16).padStart(32, '0') }
  })
  return writeSet(room, { events, snapshots })
}

it('pages a room on PostgreSQL by reading each of its rows once, however many rooms there are', async () => {
  await using place = await postgresPlace()
  const room = await closing(place, (store) => mixedRooms(store, 5_000))
  const before = await rowsRead(place.url)
  await closing(place, (store) => store.checkRoom(room.nid, { blockHash: () => '', snapshotHash: () => '' }))
  expect((await rowsRead(place.url)) - before).toBeLessThan(1.2 * 10_000)
})

/** A connection tells what it read when it ends, at the latest. */
async function closing<T>(place: PostgresPlace, work: (store: Storage) => Promise<T>): Promise<T> {
  await using store = await place.open({ maxConnections: 1 })
  return await work(store)
}

it('pages a room on SQLite without sorting it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-plans-')), 'rooms.db')
  const statements = new Set<string>()
  await using store = await openStorage(
    { dialect: 'sqlite', file },
    { onStatement: (text) => statements.add(text) },
  )
  const room = await storedRoom(store)
  await store.checkRoom(room.nid, { blockHash: () => '', snapshotHash: () => '' })
  using database = new DatabaseSync(file)
  const paging = [...statements].filter((text) => /from "(?:events|snapshots)".*order by "nid"/.test(text))
  expect(paging).toHaveLength(2)
  for (const text of paging) {
    const plan = database.prepare(`explain query plan ${text}`).all(0, 0, 0)
    expect(JSON.stringify(plan)).not.toContain('TEMP B-TREE')
    expect(JSON.stringify(plan)).toContain('room_nid=?')
  }
})

it('looks up events of a history on SQLite by their IDs, and does not go through their room for each page', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-plans-')), 'rooms.db')
  const statements = new Set<string>()
  await using store = await openStorage(
    { dialect: 'sqlite', file },
    { onStatement: (text) => statements.add(text) },
  )
  let room = await storedRoom(store)
  const event = await newEvent(store, room)
  room = await commitOne(store, writeSet(room, { events: [{ ...event, before: 1 as SnapshotNid }] }))
  const horizon = { beforeDepth: 100, beforeTs: 0 }
  await store.historyEstimate(room, horizon, { isLocal: () => true, now: 0 })
  using database = new DatabaseSync(file)
  const lookups = [...statements].filter((text) =>
    /from (?:"?events"?|"?purged_events"?).*event_id/s.test(text),
  )
  expect(lookups.length).toBeGreaterThan(0)
  for (const text of lookups) {
    const plan = database.prepare(`explain query plan ${text}`).all(...(text.match(/\?/g) ?? []).map(() => 0))
    expect(JSON.stringify(plan), text).toMatch(/event_id=\?|COVERING INDEX|rowid=\?/)
  }
})

it('finds on SQLite who set an entry, what became of it, and what was not accepted, by indexes', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-plans-')), 'rooms.db')
  const statements: string[] = []
  await using store = await openStorage(
    { dialect: 'sqlite', file },
    { onStatement: (text) => statements.push(text) },
  )
  const { nid } = await storedRoom(store)
  statements.length = 0
  const entry = { type: 70_000 as EventTypeNid, stateKey: 70_000 as StateKeyNid }
  await store.settersBefore(nid, entry, { before: NO_NID, limit: 9 })
  await store.changesOfEntry(nid, entry, { before: undefined, limit: 9, resetsOnly: false })
  const filter = { type: NO_NID, verdicts: ['soft-failed'] as const }
  await store.findEventsBefore(nid, filter, { before: NO_NID, look: 9 })
  using database = new DatabaseSync(file)
  const plans = statements.map((text) => {
    const plan = database.prepare(`explain query plan ${text}`).all(...(text.match(/\?/g) ?? []).map(() => 0))
    return JSON.stringify(plan)
  })
  expect(plans).toEqual([
    expect.stringMatching(/room_nid=\? AND type_nid=\? AND state_key_nid=\? AND nid<\?/),
    expect.stringMatching(/room_nid=\? AND type_nid=\? AND state_key_nid=\? AND \(revision,place\)</),
    expect.stringMatching(/room_nid=\? AND verdict=\? AND nid<\?/),
  ])
})
