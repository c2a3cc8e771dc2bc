import type { EventNid, EventTypeNid, WriteSet } from '@roomserver/types'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { commitAtOnce } from '../src/commit/at-once.ts'
import type { Storage } from '../src/index.ts'
import type { Db } from '../src/schema.ts'
import type { Tables } from '../src/tables/tables.ts'
import { newEvent, newKey, newRoom, newOutput, storedRoom, writeSet } from '@roomserver/storage-contract'
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

it('finds counters that would give out what is in use, and moves them on', async () => {
  await storedRoom(store)
  const taken = await db
    .updateTable('counters')
    .set({ next: 1 })
    .where('kind', '=', 'room')
    .executeTakeFirst()
  expect(taken.numUpdatedRows).toBe(1n)
  const findings = await store.checkCounters()
  expect(findings).toMatchObject([{ kind: 'room', next: 1 }])
  await store.repairCounters(findings)
  expect(await store.checkCounters()).toEqual([])
})

/** A write set with something for every table. */
async function everything(room: WriteSet['room'], name: string): Promise<WriteSet> {
  const event = await newEvent(store, room)
  const user = { nid: await store.allocate('stateKey', 1), text: `@${name}:b.example` }
  const type = { nid: await store.allocate('eventType', 1), text: `org.example.${name}` }
  const hash = Buffer.from(name.padEnd(16)).toString('hex')
  const entries = Float64Array.of(type.nid, user.nid, event.nid)
  const block = { nid: await store.allocate('block', 1), hash, entries }
  const snapshot = { nid: await store.allocate('snapshot', 1), hash, roomNid: room.nid, blocks: [block.nid] }
  const [inboxDone] = [await store.enqueue([{ roomId: room.roomId, payload: '{}' }], 'one')]
  const of = { roomNid: room.nid, event: event.nid }
  return writeSet(room, {
    next: { ...room, current: snapshot.nid, extremities: [event.nid], outputSeq: room.outputSeq + 1 },
    eventTypes: [type],
    stateKeys: [user],
    events: [event],
    unmentioned: [event.eventId],
    missingPrevEvents: [{ prev: `$before-${name}`, by: event.nid }],
    remoteStates: [{ event: event.nid, roomNid: room.nid, waitsFor: event.nid, isVerified: false }],
    blocks: [block],
    snapshots: [snapshot],
    memberships: [{ ...of, user: user.nid, membership: 'join', local: true, forgotten: false }],
    invites: [{ ...of, target: user.nid, sender: user.nid }],
    redactions: [{ redaction: event.nid, roomNid: room.nid, redacts: '$x', applied: false }],
    journal: [
      {
        roomNid: room.nid,
        revision: room.revision + 1,
        type: type.nid,
        stateKey: user.nid,
        from: 0 as EventNid,
        to: event.nid,
        reset: false,
        cause: { kind: 'event', event: event.nid },
      },
    ],
    outputs: [newOutput(room, room.outputSeq + 1, event.nid)],
    transactions: [{ sessionId: 1, transactionId: name, user: user.text, eventId: event.eventId }],
    inboxDone,
  })
}

it('writes to every table with one statement, and finds the server of a user that is new', async () => {
  const sets = [
    await everything(await storedRoom(store), 'one'),
    await everything(await newRoom(store), 'two'),
  ]
  expect(await commitAtOnce(db, tables, sets)).toBe(true)
  for (const { room, next, events, memberships } of sets) {
    expect(await store.room(room.roomId)).toEqual({ ...room, ...next, revision: room.revision + 1 })
    expect(await store.eventsByNid(events.map(({ nid }) => nid))).toEqual(events)
    expect(await store.membershipsOfRoom(room.nid)).toMatchObject(memberships)
    expect(await store.joinedServers(room.nid)).toEqual(['b.example'])
    expect(await store.journal(room.nid, { limit: 9 })).toHaveLength(1)
  }
  expect(await store.inbox(0, 10)).toEqual([])
})

it('takes interned rows that are there already under the same NID', async () => {
  const first = await everything(await storedRoom(store), 'same')
  const { eventTypes, stateKeys, blocks } = first
  await commitAtOnce(db, tables, [first])
  const other = writeSet(await storedRoom(store), { eventTypes, stateKeys, blocks })
  expect(await commitAtOnce(db, tables, [other, writeSet(await storedRoom(store), { stateKeys })])).toBe(true)
})

it.each<[string, (set: WriteSet) => Promise<WriteSet>]>([
  ['the room was moved on', async (set) => ({ ...set, room: { ...set.room, revision: 7 } })],
  ['a string has another NID', async (set) => ({ ...set, stateKeys: [{ nid: 1 as never, text: 'x' }] })],
  [
    'a text has another NID',
    async (set) => {
      const key = await newKey(store, 'taken')
      await store.commit([writeSet(await storedRoom(store), { stateKeys: [key] })])
      return { ...set, stateKeys: [{ ...key, nid: await store.allocate('stateKey', 1) }] }
    },
  ],
  [
    'an event that it takes for unknown is named by another',
    async (set) => {
      const room = await storedRoom(store)
      const prev = set.events[0]!.eventId
      await store.commit([writeSet(room, { missingPrevEvents: [{ prev, by: 1 as EventNid }] })])
      return set
    },
  ],
  [
    'the event is stored',
    async (set) => {
      const room = await storedRoom(store)
      await store.commit([writeSet(room, { events: set.events })])
      return set
    },
  ],
  [
    'an event is stored of which it says nothing',
    async (set) => {
      const room = await storedRoom(store)
      await store.commit([writeSet(room, { events: set.events })])
      return { ...set, unmentioned: [] }
    },
  ],
  [
    'the room is there already',
    async (set) => {
      const { roomId } = await storedRoom(store)
      return { ...set, room: { ...set.room, roomId, revision: 0 } }
    },
  ],
  // An error would be logged by the server, with the whole statement.
])('writes nothing at all, without an error, when %s', async (why, spoil) => {
  const good = await everything(await storedRoom(store), `good ${why}`)
  const bad = await spoil(await everything(await storedRoom(store), `bad ${why}`))
  expect(await commitAtOnce(db, tables, [good, bad])).toBe(false)
  expect(await store.room(good.room.roomId)).toEqual(good.room)
  expect(await store.eventsByNid(good.events.map(({ nid }) => nid))).toEqual([])
  const results = await store.commit([good, bad])
  expect(results.map((result) => result.kind)).toEqual(['committed', 'conflict'])
})

it('leaves write sets that change their own events to the longer way', async () => {
  const room = await storedRoom(store)
  const event = await newEvent(store, room, { typeNid: 5 as EventTypeNid })
  const set = writeSet(room, { events: [event], updates: [{ nid: event.nid, json: '{}' }] })
  expect(await commitAtOnce(db, tables, [set])).toBe(false)
  expect(await store.commit([set])).toEqual([{ kind: 'committed', revision: 2 }])
  expect(await store.eventsByNid([event.nid])).toEqual([{ ...event, json: '{}' }])
})
