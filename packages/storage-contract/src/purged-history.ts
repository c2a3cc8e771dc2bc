import {
  type BlockRecord,
  EMPTY_STATE_KEY_NID,
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventRecord,
  type HistoryPurgeRecord,
  NO_NID,
  type RoomNid,
  type RoomRecord,
  type SnapshotRecord,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'
import { commitOne, newEvent, newOutput, newRoom, writeSet } from './sample.ts'

const NAMED = EVENT_TYPE_NIDS.get('m.room.history_visibility') ?? NO_NID
const HOW = { now: 1_000_000, slice: 2 }
const surroundings = { isLocal: (user: string) => user.endsWith(':a.example'), now: HOW.now }

let made = 0

const wished = (room: RoomRecord, beforeDepth: number) => ({
  roomId: room.roomId,
  roomNid: room.nid,
  beforeDepth,
  beforeTs: 0,
  by: '@admin:a.example',
  step: 'removing' as const,
  events: 3,
  removedEvents: 0,
  deletedEvents: 0,
})

/** A room of six events, each of which sets the same entry of the state. */
async function chain(
  store: ContractStore,
): Promise<{ readonly room: RoomRecord; readonly events: readonly EventRecord[] }> {
  let room = await newRoom(store)
  const events: EventRecord[] = []
  let before: SnapshotRecord = await stateOf(store, room, [])
  for (let depth = 1; depth <= 6; depth++) {
    const prev = events.at(-1)
    const event = await newEvent(store, room, {
      typeNid: NAMED,
      stateKeyNid: EMPTY_STATE_KEY_NID,
      depth,
      authLevel: 0,
      json: JSON.stringify({
        type: 'm.room.history_visibility',
        state_key: '',
        sender: depth % 2 === 0 ? '@anne:a.example' : '@bob:b.example',
        room_id: room.roomId,
        depth,
        prev_events: prev === undefined ? [] : [prev.eventId],
      }),
    })
    const entries = Float64Array.of(NAMED, EMPTY_STATE_KEY_NID, event.nid)
    const block: BlockRecord = { nid: await store.allocate('block', 1), hash: hash(), entries }
    const after = await stateOf(store, room, [block])
    const stored = { ...event, before: before.nid, after: after.nid }
    const place = {
      current: after.nid,
      extremities: [event.nid],
      lastSent: event.nid,
      depth,
      outputSeq: depth,
    }
    const set = writeSet(room, {
      next: { ...room, ...place },
      events: [stored],
      blocks: [block],
      snapshots: depth === 1 ? [before, after] : [after],
      outputs: [newOutput(room, depth, event.nid)],
      journal: [
        {
          roomNid: room.nid,
          revision: room.revision + 1,
          type: NAMED,
          stateKey: EMPTY_STATE_KEY_NID,
          from: prev?.nid ?? NO_NID,
          to: event.nid,
          cause: { kind: 'event', event: event.nid },
          reset: false,
        },
      ],
    })
    room = await commitOne(store, set)
    events.push(stored)
    before = after
  }
  return { room, events }
}

function hash(): string {
  return `c${++made}`.padStart(32, '0')
}

async function stateOf(
  store: ContractStore,
  room: RoomRecord,
  blocks: readonly BlockRecord[],
): Promise<SnapshotRecord> {
  const nid = await store.allocate('snapshot', 1)
  return { nid, hash: hash(), roomNid: room.nid, blocks: blocks.map((block) => block.nid) }
}

async function begun(
  store: ContractStore,
  room: RoomRecord,
  beforeDepth: number,
): Promise<HistoryPurgeRecord> {
  expect(await store.beginHistoryPurge(wished(room, beforeDepth))).toBe(true)
  const [purge] = await store.historyPurges('', 10)
  if (purge === undefined) throw new Error('no purge')
  return purge
}

/** Deleting the history of rooms. */
export function purgedHistoryContract(open: () => Promise<ContractStore>): void {
  it('deletes what nothing needs of the history of a room, and knows what it deleted', async () => {
    await using store = await open()
    const { events, room } = await chain(store)
    const ids = events.map(({ eventId }) => eventId)
    const horizon = { beforeDepth: 4, beforeTs: 0 }
    expect(await store.historyEstimate(room, horizon, surroundings)).toMatchObject({
      events: 2,
      keptEvents: 1,
      localEvents: 1,
      changes: 3,
      outputs: 3,
    })
    const purge = await begun(store, room, 4)
    for await (const _ of store.removeHistory(purge, HOW));
    expect(await store.hasOutputsOfHistory(purge)).toBe(true)
    const moved = await store.room(room.roomId)
    expect(moved).toMatchObject({ purgedDepth: 4, extremities: room.extremities, current: room.current })
    expect(moved?.revision).toBeGreaterThan(room.revision)
    const outside = await store.eventsById(ids.slice(0, 3))
    expect(outside.map(({ after, before, verdict }) => [before, after, verdict])).toEqual(
      outside.map(() => [NO_NID, NO_NID, 'outlier']),
    )
    // The state before the first of those that stay is known for certain.
    const first = events[3]?.nid ?? NO_NID
    expect(await store.remoteStates(room.nid)).toMatchObject([{ event: first, isVerified: true }])
    expect(await store.missingPrevEvents(ids.slice(2, 3))).toEqual([{ prev: ids[2], by: first }])
    for await (const _ of store.deleteHistory(purge, HOW.slice));
    expect(await store.hasOutputsOfHistory(purge)).toBe(false)
    const left = await store.eventsOfRoom(room.nid, NO_NID as EventNid, 10)
    expect(left.map(({ eventId }) => eventId)).toEqual(ids.slice(2))
    expect(await store.snapshots([events[1]?.after ?? NO_NID])).toEqual([])
    expect(await store.snapshots([events[3]?.before ?? NO_NID])).toHaveLength(1)
    expect(await store.journal(room.nid, { limit: 10 })).toHaveLength(3)
    expect(await store.outputs(0, 10)).toHaveLength(3)
    expect(new Set(await store.purgedEvents(room.nid, ids))).toEqual(new Set(ids.slice(0, 3)))
    expect(await store.purgedEvents((room.nid + 1) as RoomNid, ids)).toEqual([])
    expect(await store.purgedAnywhere([ids[0] ?? '', '$nowhere'])).toEqual([ids[0]])
    expect(await store.historyPurges('', 10)).toMatchObject([{ removedEvents: 3, deletedEvents: 2 }])
  })

  it('keeps what comes to be needed while it is being deleted', async () => {
    await using store = await open()
    const { events, room } = await chain(store)
    const [first, second, , , fifth] = events
    const purge = await begun(store, room, 4)
    for await (const _ of store.removeHistory(purge, HOW));
    const deleting = store.deleteHistory(purge, 1)
    await deleting.next()
    // A new event names the first as its auth event, and one that stays gets the state that was after the second.
    const moved = (await store.room(room.roomId)) ?? room
    const fresh = await newEvent(store, moved, { authNids: [first?.nid ?? NO_NID], depth: 7 })
    const updates = [{ nid: fifth?.nid ?? (NO_NID as EventNid), after: second?.after ?? NO_NID }]
    await commitOne(store, writeSet(moved, { next: { ...moved }, events: [fresh], updates }))
    for await (const _ of deleting);
    const left = await store.eventsOfRoom(room.nid, NO_NID as EventNid, 10)
    // The second is in the state that the fifth got, the third in the one before the fourth.
    expect(left.map(({ nid }) => nid)).toEqual([...events.map(({ nid }) => nid), fresh.nid])
    expect(await store.snapshots([second?.after ?? NO_NID])).toHaveLength(1)
    expect(await store.snapshots([first?.after ?? NO_NID])).toEqual([])
  })

  it('notes purges of the history of rooms, one at a time for each', async () => {
    await using store = await open()
    const [one, other] = [await newRoom(store, '!one:a'), await newRoom(store, '!two:a')]
    expect(await store.beginHistoryPurge(wished(one, 4))).toBe(true)
    expect(await store.beginHistoryPurge(wished(one, 5))).toBe(false)
    expect(await store.beginHistoryPurge(wished(other, 6))).toBe(true)
    expect(await store.historyPurges('!one:a', 10)).toMatchObject([{ roomId: '!two:a', beforeDepth: 6 }])
    await store.enterHistoryPurgeStep('!one:a', 'done')
    expect((await store.recentHistoryPurges()).map(({ roomId, step }) => [roomId, step])).toEqual([
      ['!one:a', 'done'],
      ['!two:a', 'removing'],
    ])
    expect(await store.beginHistoryPurge(wished(one, 7))).toBe(true)
    await store.dropHistoryPurge('!two:a')
    expect(await store.historyPurges('', 10)).toMatchObject([{ roomId: '!one:a', beforeDepth: 7 }])
  })

  it('does not touch a room that took the place of the one whose history was to go', async () => {
    await using store = await open()
    const { room } = await chain(store)
    const gone = { ...(await begun(store, room, 4)), roomNid: (room.nid + 1_000) as RoomNid }
    const failure = { code: 'ROOM_NOT_FOUND' }
    await expect(store.removeHistory(gone, HOW).next()).rejects.toMatchObject(failure)
    await expect(store.deleteHistory(gone, HOW.slice).next()).rejects.toMatchObject(failure)
    expect(await store.eventsOfRoom(room.nid, NO_NID as EventNid, 10)).toHaveLength(6)
  })
}
