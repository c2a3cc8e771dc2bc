import {
  type EventId,
  EMPTY_STATE_KEY_NID,
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  newRoom,
  NO_NID,
  type RoomRecord,
  silentLogger,
  type SnapshotNid,
  type StateKeyNid,
} from '@roomserver/types'
import { Kysely, SqliteDialect } from 'kysely'
import { openSqliteFile } from '../src/dialect/sqlite/adapter.ts'
import { sqlite } from '../src/dialect/sqlite/dialect.ts'
import { StoreHealth } from '../src/health.ts'
import type { Storage } from '../src/index.ts'
import { migrate } from '../src/migrate.ts'
import { migrations } from '../src/migrations/index.ts'
import type { Schema } from '../src/schema.ts'
import { createStorage } from '../src/storage.ts'
import { commitOne, writeSet } from '@roomserver/storage-contract'
import { block, snapshot } from './contract/upkeep.ts'

/** A store in memory, with a way to write to its tables directly. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: Storage
  readonly run: (statements: string) => void
  readonly rows: (query: string) => readonly Readonly<Record<string, unknown>>[]
}

export async function memoryStore(): Promise<OpenedStore> {
  const adapter = openSqliteFile(':memory:', 'full')
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: adapter }) })
  await migrate(db, sqlite, migrations, silentLogger)
  const store = createStorage(db, sqlite, {
    backup: () => Promise.reject(new Error('no backup here')),
    health: new StoreHealth('test', silentLogger),
  })
  return {
    store,
    run: (statements) => adapter.database.exec(statements),
    rows: (query) => adapter.database.prepare(query).all(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

const ROOM = '!whole:a.example'
const [ANNE, BEN, CAROL, DAVE, EVE] = [
  '@anne:a.example',
  '@ben:b.example',
  '@carol:c.example',
  '@dave:d.example',
  '@eve:e.example',
]

/** What is said of an event; its number, its depth and what it builds on follow from its place. */
interface Said {
  readonly id: EventId
  readonly type: string
  readonly sender?: string
  readonly key?: string
  readonly content?: object
  readonly more?: object
  readonly record?: Partial<EventRecord>
}

const EVENTS: readonly Said[] = [
  { id: '$create', type: 'm.room.create', key: '', content: { room_version: '10' } },
  { id: '$anne', type: 'm.room.member', key: ANNE, content: { membership: 'join' } },
  {
    id: '$levels',
    type: 'm.room.power_levels',
    key: '',
    record: { authContent: '{"content":{"invite":50}}' },
  },
  { id: '$topic', type: 'm.room.topic', key: '', content: { topic: 'one' } },
  { id: '$ben', type: 'm.room.member', key: BEN, sender: BEN, content: { membership: 'join' } },
  { id: '$carol', type: 'm.room.member', key: CAROL, content: { membership: 'invite' } },
  { id: '$oops', type: 'm.room.message' },
  { id: '$redaction', type: 'm.room.redaction', more: { redacts: '$oops' } },
  { id: '$redaction2', type: 'm.room.redaction', more: { redacts: '$levels' } },
  { id: '$topic2', type: 'm.room.topic', key: '', content: { topic: 'two' } },
  {
    id: '$refused',
    type: 'm.room.message',
    sender: EVE,
    record: { verdict: 'rejected-by-state', rule: 'v10 6', reason: 'not joined' },
  },
  { id: '$late', type: 'm.room.message', more: { prev_events: ['$missing'] } },
  {
    id: '$dave',
    type: 'm.room.member',
    key: DAVE,
    content: { membership: 'invite' },
    record: { verdict: 'outlier' },
  },
]

/** A store in which everything is as it should be, until it is damaged. */
export interface WholeStore extends OpenedStore {
  readonly room: RoomRecord
  /** Makes everything as it was. */
  readonly restore: () => void
}

/** Two rooms in which every table has something to say, and everything is as it should be. */
export async function wholeStore(): Promise<WholeStore> {
  const opened = await memoryStore()
  const { store } = opened
  const room = newRoom({ nid: await store.allocate('room', 1), roomId: ROOM, version: '10' })
  const first = await store.allocate('event', EVENTS.length)
  const nidOf = (id: EventId) => (first + EVENTS.findIndex((said) => said.id === id)) as EventNid
  const ownTypes = ['m.room.topic', 'm.room.message']
  const firstType = await store.allocate('eventType', ownTypes.length)
  const eventTypes = ownTypes.map((text, at) => ({ nid: (firstType + at) as EventTypeNid, text }))
  const users = [ANNE, BEN, CAROL, DAVE]
  const firstUser = await store.allocate('stateKey', users.length)
  const stateKeys = users.map((text, at) => ({ nid: (firstUser + at) as StateKeyNid, text }))
  const typeNid = (type: string) =>
    EVENT_TYPE_NIDS.get(type) ?? eventTypes.find(({ text }) => text === type)?.nid ?? NO_NID
  const keyNid = (key: string | undefined) =>
    key === '' ? EMPTY_STATE_KEY_NID : (stateKeys.find(({ text }) => text === key)?.nid ?? NO_NID)

  const snapshots = [await snapshot(store, room)]
  const blocks: Awaited<ReturnType<typeof block>>[] = []
  const events: EventRecord[] = []
  for (const [
    at,
    { id, type, sender = ANNE, key, content = {}, more = {}, record = {} },
  ] of EVENTS.entries()) {
    const before = snapshots.at(-1)?.nid ?? NO_NID
    if (key !== undefined && record.verdict === undefined) {
      blocks.push(await block(store, typeNid(type), keyNid(key), nidOf(id)))
      snapshots.push(await snapshot(store, room, ...blocks))
    }
    const isOutlier = record.verdict === 'outlier'
    const json = {
      type,
      sender,
      room_id: ROOM,
      ...(key !== undefined && { state_key: key }),
      content,
      depth: at + 1,
      prev_events: EVENTS.slice(Math.max(0, at - 1), at).map((said) => said.id),
      ...more,
    }
    events.push({
      nid: nidOf(id),
      roomNid: room.nid,
      eventId: id,
      typeNid: typeNid(type),
      stateKeyNid: keyNid(key),
      depth: at + 1,
      authLevel: Math.min(at, 1),
      authNids: at === 0 ? [] : [first],
      verdict: 'accepted',
      before: isOutlier ? NO_NID : before,
      after: isOutlier ? NO_NID : (snapshots.at(-1)?.nid ?? (NO_NID as SnapshotNid)),
      redactedBy: id === '$oops' ? nidOf('$redaction') : id === '$levels' ? nidOf('$redaction2') : NO_NID,
      json: JSON.stringify(json),
      ...record,
    })
  }
  const member = (user: string, membership: 'join' | 'invite', event: EventId) => ({
    roomNid: room.nid,
    user: keyNid(user),
    membership,
    event: nidOf(event),
    local: user === ANNE,
    forgotten: false,
  })
  const change = (type: string, key: string, from: EventId | undefined, to: EventId) => ({
    roomNid: room.nid,
    revision: 1,
    type: typeNid(type),
    stateKey: keyNid(key),
    from: from === undefined ? NO_NID : nidOf(from),
    to: nidOf(to),
    cause: { kind: 'event' as const, event: nidOf(to) },
    reset: false,
  })
  const conflicted = [nidOf('$topic'), nidOf('$topic2')]
  const output = (
    seq: number,
    kind: (typeof OUTPUTS)[number][0],
    event: EventId | undefined,
    body: string,
  ) => ({
    roomNid: room.nid,
    seq,
    kind,
    event: event === undefined ? NO_NID : nidOf(event),
    body,
  })
  let now = await commitOne(
    store,
    writeSet(room, {
      next: {
        version: '10',
        extremities: [nidOf('$topic2'), nidOf('$late')],
        current: snapshots.at(-1)?.nid ?? NO_NID,
        lastSent: nidOf('$late'),
        depth: 12,
        outputSeq: OUTPUTS.length,
      },
      eventTypes,
      stateKeys,
      events,
      blocks,
      snapshots,
      missingPrevEvents: [{ prev: '$missing', by: nidOf('$late') }],
      remoteStates: [
        { event: nidOf('$late'), roomNid: room.nid, waitsFor: nidOf('$late'), isVerified: false },
      ],
      memberships: [
        member(ANNE, 'join', '$anne'),
        member(BEN, 'join', '$ben'),
        member(CAROL, 'invite', '$carol'),
        member(DAVE, 'invite', '$dave'),
      ],
      invites: [
        { roomNid: room.nid, event: nidOf('$carol'), target: keyNid(CAROL), sender: keyNid(ANNE) },
        {
          roomNid: room.nid,
          event: nidOf('$dave'),
          target: keyNid(DAVE),
          sender: keyNid(ANNE),
          retiredBy: nidOf('$ben'),
        },
      ],
      redactions: [
        { redaction: nidOf('$redaction'), roomNid: room.nid, redacts: '$oops', applied: true },
        { redaction: nidOf('$redaction2'), roomNid: room.nid, redacts: '$levels', applied: true },
      ],
      journal: [
        change('m.room.create', '', undefined, '$create'),
        change('m.room.member', ANNE, undefined, '$anne'),
        change('m.room.power_levels', '', undefined, '$levels'),
        change('m.room.topic', '', undefined, '$topic'),
        change('m.room.member', BEN, undefined, '$ben'),
        change('m.room.member', CAROL, undefined, '$carol'),
        change('m.room.topic', '', '$topic', '$topic2'),
      ],
      outputs: OUTPUTS.map(([kind, event, body], at) => output(at + 1, kind, event, body)),
      transactions: [{ sessionId: 7, transactionId: 'txn', user: ANNE, eventId: '$oops' }],
    }),
  )
  // The topic falls back to the one before, and an operator puts it right.
  const resolution = { kind: 'resolution' as const, event: nidOf('$late'), conflicted }
  const back = {
    ...change('m.room.topic', '', '$topic2', '$topic'),
    revision: 2,
    cause: resolution,
    reset: true,
  }
  now = await commitOne(store, writeSet(now, { next: now, journal: [back] }))
  const again = { ...change('m.room.topic', '', '$topic', '$topic2'), revision: 3 }
  const cause = { kind: 'repair' as const, by: '@op:a.example' }
  now = await commitOne(store, writeSet(now, { next: now, journal: [{ ...again, cause }] }))
  await addOther(store)
  await store.addAlias('#whole:a.example', ROOM, ANNE)
  await store.publish(ROOM, true)
  const payload = JSON.stringify({ kind: 1, event: { room_id: ROOM } })
  await store.enqueue([{ roomId: ROOM, payload }], 'nobody')
  const waiting = {
    eventId: '$waiting',
    roomId: ROOM,
    payload,
    state: 'failed',
    lastError: 'no answer',
  } as const
  await store.putRepairs([{ ...waiting, fetched: 0, attempts: 1, sinceTs: 1, nextTs: 2 }])
  return { ...opened, room: now, restore: copyOf(opened) }
}

/** Copies all tables; what it returns puts everything back. */
function copyOf({ run, rows }: OpenedStore): () => void {
  const tables = rows("select name from sqlite_master where type = 'table'").map(({ name }) => String(name))
  run("attach ':memory:' as whole")
  for (const table of tables) run(`create table whole."copy of ${table}" as select * from main.${table}`)
  const statements = tables.map(
    (table) => `delete from main.${table}; insert into main.${table} select * from whole."copy of ${table}"`,
  )
  return () => run(`begin; ${statements.join('; ')}; commit`)
}

const OUTPUTS = [
  ['new_room_event', '$anne', '{"latest_event_ids":[]}'],
  ['old_room_event', '$topic', '{"history_visibility":"shared"}'],
  ['new_invite_event', '$carol', '{"room_version":"10"}'],
  ['retire_invite_event', undefined, '{"EventID":"$x"}'],
  ['redacted_event', '$redaction', '{"RedactedEventID":"$oops"}'],
  ['new_peek', undefined, '{"RoomID":"!whole:a.example"}'],
  ['new_inbound_peek', undefined, '{"RoomID":"!whole:a.example"}'],
  ['retire_peek', undefined, '{"RoomID":"!whole:a.example"}'],
  ['new_room_event', '$late', '{"latest_event_ids":[]}'],
] as const

/** A room with its create event only. */
async function addOther(store: Storage): Promise<void> {
  const nid = await store.allocate('room', 1)
  const roomId = '!other:a.example'
  const room = newRoom({ nid, roomId, version: '10' })
  const eventNid = await store.allocate('event', 1)
  const none = await snapshot(store, room)
  const only = await block(store, 1, EMPTY_STATE_KEY_NID, eventNid)
  const created = await snapshot(store, room, only)
  const said = {
    type: 'm.room.create',
    sender: ANNE,
    room_id: roomId,
    state_key: '',
    depth: 1,
    prev_events: [],
  }
  const create: EventRecord = {
    nid: eventNid,
    roomNid: nid,
    eventId: '$other',
    typeNid: 1 as EventTypeNid,
    stateKeyNid: EMPTY_STATE_KEY_NID,
    depth: 1,
    authLevel: 0,
    authNids: [],
    verdict: 'accepted',
    before: none.nid,
    after: created.nid,
    redactedBy: NO_NID,
    json: JSON.stringify({ ...said, content: { room_version: '10' } }),
  }
  const next = { ...room, extremities: [eventNid], current: created.nid, depth: 1 }
  const parts = { next, events: [create], blocks: [only], snapshots: [none, created] }
  await commitOne(store, writeSet(room, parts))
}
