import {
  type BlockRecord,
  EMPTY_STATE_KEY_NID,
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventRecord,
  type HistoryPurgeRecord,
  NO_NID,
  type RoomRecord,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { commitOne, newEvent, newOutput, writeSet } from '@roomserver/storage-contract'
import { block, build, findings, snapshot } from './upkeep.ts'

const VISIBILITY = EVENT_TYPE_NIDS.get('m.room.history_visibility')!
const SLICE = 2
const NOW = 1_000_000
const surroundings = { isLocal: (user: string) => user.endsWith(':a.example'), now: NOW }

/** A room whose history visibility was changed so often, and the events of that. */
async function longRoom(
  store: Storage,
  changes: number,
): Promise<{ readonly room: RoomRecord; readonly events: readonly EventRecord[] }> {
  let room = await build(store)
  const [state] = await store.snapshots([room.current])
  const base: BlockRecord[] = []
  for (const nid of state?.blocks ?? []) base.push(...(await store.blocks([nid])))
  const [start] = await store.eventsByNid(room.extremities)
  const [create] = await store.eventsOfRoom(room.nid, NO_NID as EventNid, 1)
  let last = start!
  let current = room.current
  let from = NO_NID as EventNid
  const events: EventRecord[] = []
  for (let at = 0; at < changes; at++) {
    const depth = 8 + at
    const text = {
      type: 'm.room.history_visibility',
      room_id: room.roomId,
      sender: at % 2 === 0 ? '@anne:a.example' : '@bob:b.example',
      depth,
      prev_events: [last.eventId],
      state_key: '',
      origin_server_ts: at * 1_000,
      content: { history_visibility: `number ${at}` },
    }
    const event = await newEvent(store, room, {
      typeNid: VISIBILITY,
      stateKeyNid: EMPTY_STATE_KEY_NID,
      depth,
      json: JSON.stringify(text),
      authNids: [create!.nid],
    })
    const own = await block(store, VISIBILITY, EMPTY_STATE_KEY_NID, event.nid)
    const after = await snapshot(store, room, ...base, own)
    const stored = { ...event, before: current, after: after.nid }
    const next = {
      ...room,
      current: after.nid,
      extremities: [event.nid],
      lastSent: event.nid,
      depth,
      outputSeq: room.outputSeq + 1,
    }
    room = await commitOne(
      store,
      writeSet(room, {
        next,
        events: [stored],
        blocks: [own],
        snapshots: [after],
        journal: [
          {
            roomNid: room.nid,
            revision: room.revision + 1,
            type: VISIBILITY,
            stateKey: EMPTY_STATE_KEY_NID,
            from,
            to: event.nid,
            cause: { kind: 'event', event: event.nid },
            reset: false,
          },
        ],
        outputs: [{ ...newOutput(room, room.outputSeq + 1, event.nid), body: '{"latest_event_ids":[]}' }],
      }),
    )
    events.push(stored)
    last = stored
    from = event.nid
    current = after.nid
  }
  return { room, events }
}

async function begin(store: Storage, room: RoomRecord, beforeDepth: number): Promise<HistoryPurgeRecord> {
  const counts = { events: 9, removedEvents: 0, deletedEvents: 0 }
  const purge = {
    roomId: room.roomId,
    roomNid: room.nid,
    beforeDepth,
    beforeTs: 0,
    by: '@admin:a',
    step: 'removing' as const,
    ...counts,
  }
  expect(await store.beginHistoryPurge(purge)).toBe(true)
  const [begun] = await store.recentHistoryPurges()
  expect(begun).toMatchObject(purge)
  return begun!
}

async function purgeAll(store: Storage, purge: HistoryPurgeRecord): Promise<void> {
  for await (const _ of store.removeHistory(purge, { now: NOW, slice: SLICE }));
  for await (const _ of store.deleteHistory(purge, SLICE));
}

/** Deleting the history of rooms. */
export function purgedHistoryContract(open: () => Promise<Storage>): void {
  it('deletes what lies before a depth, and keeps what states, auth chains and the graph need', async () => {
    await using store = await open()
    const { events, room } = await longRoom(store, 10)
    const { room: other } = await longRoom(store, 3)
    const whole = await store.purgeEstimate(other.nid)
    const estimate = await store.historyEstimate(room, { beforeDepth: 14, beforeTs: 0 }, surroundings)
    // Of 3 and 6 events before it the create event, the join and the setting that is replaced at the cut stay.
    expect(estimate).toMatchObject({ events: 6, keptEvents: 3, localEvents: 3, changes: 6, outputs: 8 })
    expect(estimate.snapshots).toBe(8)
    const purge = await begin(store, room, 14)
    expect(await store.beginHistoryPurge({ ...purge })).toBe(false)
    await purgeAll(store, purge)
    expect(await findings(store)).toEqual([])
    expect(await store.looseRows()).toEqual([])
    const left = await store.eventsOfRoom(room.nid, NO_NID as EventNid, 100)
    expect(left).toHaveLength(7)
    expect(left.filter(({ before }) => before === NO_NID).map(({ verdict }) => verdict)).toEqual([
      'outlier',
      'outlier',
      'outlier',
    ])
    expect(await store.purgeEstimate(other.nid)).toEqual(whole)
    expect(await store.journal(room.nid, { limit: 100 })).toHaveLength(4)
    expect((await store.outputs(0, 100)).filter(({ roomId }) => roomId === room.roomId)).toHaveLength(4)
    const ids = events.map(({ eventId }) => eventId)
    expect([...(await store.purgedEvents(room.nid, ids))].toSorted()).toEqual(ids.slice(0, 6).toSorted())
    expect(await store.purgedEvents(other.nid, ids)).toEqual([])
    expect((await store.room(room.roomId))?.purgedDepth).toBe(14)
    expect(await store.missingPerRoom()).toEqual([])
    expect((await store.historyPurges('', 10))[0]).toMatchObject({ removedEvents: 9, deletedEvents: 6 })

    await store.enterHistoryPurgeStep(room.roomId, 'done')
    const after = (await store.room(room.roomId))!
    expect(await store.historyEstimate(after, { beforeDepth: 14, beforeTs: 0 }, surroundings)).toMatchObject({
      events: 0,
      snapshots: 0,
      outputs: 0,
    })
    await purgeAll(store, await begin(store, after, 14))
    expect(await store.eventsOfRoom(room.nid, NO_NID as EventNid, 100)).toEqual(left)
  })

  it('deletes nothing by its age that builds on what says nothing of its age', async () => {
    await using store = await open()
    const { room } = await longRoom(store, 10)
    const horizon = { beforeDepth: 0, beforeTs: 6_000 }
    expect(await store.historyEstimate(room, horizon, surroundings)).toMatchObject({
      events: 0,
      keptEvents: 0,
    })
  })

  it('goes on where it was interrupted, and is not taken for damage meanwhile', async () => {
    await using store = await open()
    const { room } = await longRoom(store, 10)
    const purge = await begin(store, room, 14)
    let stops = 0
    for (const step of ['removing', 'deleting'] as const) {
      for (let stopAt = 1; ; stopAt++) {
        expect(await findings(store)).toEqual([])
        expect(await store.looseRows()).toEqual([])
        let slice = 0
        const slices =
          step === 'removing'
            ? store.removeHistory(purge, { now: NOW, slice: SLICE })
            : store.deleteHistory(purge, SLICE)
        for await (const _ of slices) if (++slice === stopAt) break
        stops++
        if (slice < stopAt) break
      }
      await store.enterHistoryPurgeStep(room.roomId, 'deleting')
    }
    expect(stops).toBeGreaterThan(6)
    expect(await findings(store)).toEqual([])
    expect(await store.eventsOfRoom(room.nid, NO_NID as EventNid, 100)).toHaveLength(7)
  })

  it('keeps what is stored while it goes on, and what that needs', async () => {
    await using store = await open()
    const { events, room } = await longRoom(store, 10)
    const purge = await begin(store, room, 14)
    for await (const _ of store.removeHistory(purge, { now: NOW, slice: SLICE }));
    // An event that refers to one that is to be deleted, with a NID from a range that was taken out before.
    const nid = await store.allocate('event', 1)
    let isStored = false
    for await (const _ of store.deleteHistory(purge, 1)) {
      if (isStored) continue
      isStored = true
      const now = (await store.room(room.roomId))!
      const json = JSON.stringify({
        type: 'm.room.history_visibility',
        room_id: room.roomId,
        depth: 7,
        prev_events: [],
        state_key: '',
        content: {},
      })
      const outlier = await newEvent(store, now, {
        nid,
        typeNid: VISIBILITY,
        stateKeyNid: EMPTY_STATE_KEY_NID,
        verdict: 'outlier',
        authNids: [events[0]!.nid],
        json,
      })
      await commitOne(store, writeSet(now, { events: [outlier] }))
    }
    expect(isStored).toBe(true)
    expect(await store.eventsByNid([events[0]!.nid, nid])).toHaveLength(2)
    expect(await findings(store)).toEqual([])
  })

  it('ends when the room is not stored any more', async () => {
    await using store = await open()
    const { room } = await longRoom(store, 3)
    const purge = await begin(store, room, 9)
    const gone = { ...purge, roomNid: (room.nid + 1_000_000) as RoomRecord['nid'] }
    await expect(purgeAll(store, gone)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' })
    await store.dropHistoryPurge(room.roomId)
    expect(await store.recentHistoryPurges()).toEqual([])
  })
}
