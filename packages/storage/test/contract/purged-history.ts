import {
  type BlockNid,
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
  first = async (_room: RoomRecord, _start: EventNid): Promise<RoomRecord> => _room,
): Promise<{ readonly room: RoomRecord; readonly events: readonly EventRecord[] }> {
  const built = await build(store)
  const [extremity] = built.extremities
  let room = await first(built, extremity!)
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

async function purgeAll(store: Storage, purge: HistoryPurgeRecord, slice = SLICE): Promise<void> {
  for await (const _ of store.removeHistory(purge, { now: NOW, slice }));
  for await (const _ of store.deleteHistory(purge, slice));
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

  it('deletes the blocks that were only in states that it deletes', async () => {
    await using store = await open()
    const { events, room } = await longRoom(store, 10)
    const states = await store.snapshots(events.map(({ after }) => after))
    const ownOf = (event: EventRecord): readonly BlockNid[] => {
      const others = states.filter(({ nid }) => nid !== event.after).flatMap(({ blocks }) => blocks)
      const own = states.find(({ nid }) => nid === event.after)?.blocks ?? []
      return own.filter((one) => !others.includes(one))
    }
    const owned = events.map(ownOf)
    expect(owned.every((blocks) => blocks.length === 1)).toBe(true)
    await purgeAll(store, await begin(store, room, 14))
    const left = await Promise.all(owned.map(async (blocks) => (await store.blocks(blocks)).length))
    // The state before the first event that stays is the one after the last that goes.
    expect(left).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    expect(await store.snapshots(events.map(({ after }) => after))).toHaveLength(5)
  })

  it('forgets delivered outputs of what it deletes', async () => {
    await using store = await open()
    const { room } = await longRoom(store, 10)
    const { room: other } = await longRoom(store, 1)
    const waiting = await store.outputs(0, 100)
    await store.recordDelivered(waiting.map(({ position }, index) => ({ position, sequence: index + 1 })))
    const { last } = await store.deliveredRange()
    await purgeAll(store, await begin(store, room, 14))
    expect((await store.deliveredRange()).last).toBe(last)
    await store.requeueDelivered(0, 100)
    const left = await store.outputs(0, 100)
    expect(left.filter(({ roomId }) => roomId === room.roomId).map(({ seq }) => seq)).toEqual([
      room.outputSeq - 3,
      room.outputSeq - 2,
      room.outputSeq - 1,
      room.outputSeq,
    ])
    const ofOther = (rows: typeof left) => rows.filter(({ roomId }) => roomId === other.roomId).length
    expect(ofOther(left)).toBe(ofOther(waiting))
  })

  it('keeps the latest delivered output, by which the stream is compared, and its event', async () => {
    await using store = await open()
    const { room, events } = await longRoom(store, 10)
    const [first, second] = (await store.outputs(0, 100)).filter(
      ({ event }) => event === events[0]?.nid || event === events[1]?.nid,
    )
    await store.recordDelivered(
      [first, second].map((row, index) => ({ position: row!.position, sequence: index + 1 })),
    )
    await purgeAll(store, await begin(store, room, 14))
    expect(await store.deliveredRange()).toEqual({ first: 2, last: 2 })
    const ids = events.map(({ eventId }) => eventId)
    const stored = (await store.eventsById(ids)).map(({ eventId }) => eventId)
    expect(stored).toContain(ids[1])
    expect(stored).not.toContain(ids[0])
    expect(await findings(store)).toEqual([])
    expect(await store.looseRows()).toEqual([])
  })

  it('keeps what builds on an event that stays, whatever depth it claims and in whatever order it was stored', async () => {
    await using store = await open()
    const { room } = await longRoom(store, 10)
    const [last] = await store.eventsByNid(room.extremities)
    // Stored the other way round than they build on each other, as events are that were asked for.
    const chain: EventRecord[] = []
    for (let at = 0; at < 3; at++) chain.push(await newEvent(store, room, { depth: 1 }))
    const buildsOn = [...chain.slice(1), last!]
    const events = chain.map((event, at) => ({
      ...event,
      before: room.current,
      after: room.current,
      authNids: last!.authNids,
      json: JSON.stringify({
        type: 'm.room.message',
        room_id: room.roomId,
        depth: 1,
        prev_events: [buildsOn[at]!.eventId],
        origin_server_ts: 9_000,
        content: {},
      }),
    }))
    const next = { ...room, extremities: [chain[0]!.nid], lastSent: chain[0]!.nid }
    const now = await commitOne(store, writeSet(room, { next, events }))
    const before = await findings(store)
    expect(await store.historyEstimate(now, { beforeDepth: 14, beforeTs: 0 }, surroundings)).toMatchObject({
      events: 6,
      keptEvents: 3,
    })
    await purgeAll(store, await begin(store, now, 14))
    expect(await findings(store)).toEqual(before)
    expect(await store.missingPrevEvents([...chain, last!].map(({ eventId }) => eventId))).toEqual([])
    const left = await store.eventsByNid(chain.map(({ nid }) => nid))
    expect(left.map(({ before: state }) => state)).toEqual(chain.map(() => room.current))
  })

  it('deletes more changes and outputs of a room than it reads at a time', async () => {
    await using store = await open()
    const { room } = await longRoom(store, 10, async (built, start) => {
      const outputs = Array.from({ length: 560 }, (_, at) =>
        newOutput(built, built.outputSeq + 1 + at, at < 260 ? (NO_NID as EventNid) : start),
      )
      const journal = Array.from({ length: 510 }, () => ({
        roomNid: built.nid,
        revision: built.revision + 1,
        type: VISIBILITY,
        stateKey: EMPTY_STATE_KEY_NID,
        from: NO_NID as EventNid,
        to: start,
        cause: { kind: 'event', event: start } as const,
        reset: false,
      }))
      const next = { ...built, outputSeq: built.outputSeq + outputs.length }
      return await commitOne(store, writeSet(built, { next, journal, outputs }))
    })
    const estimate = await store.historyEstimate(room, { beforeDepth: 14, beforeTs: 0 }, surroundings)
    expect(estimate).toMatchObject({ changes: 6 + 510, outputs: 8 + 560 })
    await purgeAll(store, await begin(store, room, 14), 100)
    expect(await store.journal(room.nid, { limit: 1_000 })).toHaveLength(4)
    expect(await store.outputs(0, 1_000)).toHaveLength(4)
  })

  it('says whether outputs of what it took out wait, also behind more others than it reads at a time', async () => {
    await using store = await open()
    const { events, room } = await longRoom(store, 10)
    const purge = await begin(store, room, 14)
    for await (const _ of store.removeHistory(purge, { now: NOW, slice: SLICE }));
    expect(await store.hasOutputsOfHistory(purge)).toBe(true)
    const waiting = await store.outputs(0, 100)
    await store.recordDelivered(waiting.map(({ position }, index) => ({ position, sequence: index + 1 })))
    expect(await store.hasOutputsOfHistory(purge)).toBe(false)
    const now = (await store.room(room.roomId))!
    const outputs = Array.from({ length: 260 }, (_, at) =>
      newOutput(now, now.outputSeq + 1 + at, (at < 259 ? events.at(-1) : events[0])!.nid),
    )
    const next = { ...now, outputSeq: now.outputSeq + outputs.length }
    await commitOne(store, writeSet(now, { next, outputs }))
    expect(await store.hasOutputsOfHistory(purge)).toBe(true)
  })

  it('keeps what others name of it, as outliers or as rejected events', async () => {
    await using store = await open()
    const { events, room } = await longRoom(store, 10)
    const state = events[0]!.after
    const old = async (changes: Partial<EventRecord>, text: object = {}): Promise<EventRecord> =>
      await newEvent(store, room, {
        before: state,
        after: state,
        depth: 9,
        json: JSON.stringify({ prev_events: [events[0]!.eventId], depth: 9, ...text }),
        ...changes,
      })
    const outlier = async (
      auth: readonly unknown[],
      authNids: readonly EventNid[] = [],
    ): Promise<EventRecord> =>
      await newEvent(store, room, {
        verdict: 'outlier',
        authNids,
        json: JSON.stringify({ auth_events: auth, prev_events: [] }),
      })
    const softFailed = await old({ verdict: 'soft-failed', rule: 'some', reason: 'thing' })
    const rejected = await old({ verdict: 'rejected-by-state', rule: 'some', reason: 'thing' })
    const redaction = await old({ typeNid: EVENT_TYPE_NIDS.get('m.room.redaction')! })
    const redacting = await old({})
    const said = await old({})
    const outliers = [
      // Linked later to what it names, in either form.
      await outlier([softFailed.eventId]),
      await outlier([[rejected.eventId, {}]]),
      await outlier([7, []]),
      // Linked already.
      await outlier([said.eventId], [events[9]!.authNids[0]!]),
      { ...(await outlier([])), redactedBy: redacting.nid },
    ]
    const now = await commitOne(
      store,
      writeSet(room, { events: [softFailed, rejected, redaction, redacting, said, ...outliers] }),
    )
    await purgeAll(store, await begin(store, now, 14))
    const own = [softFailed, rejected, redaction, redacting, said]
    const left = await store.eventsById([...own, ...outliers].map(({ eventId }) => eventId))
    const verdicts = left.map(({ after, before, eventId, reason, rule, verdict }) => ({
      eventId,
      verdict,
      ...(rule !== undefined && { rule, reason }),
      ...((before !== NO_NID || after !== NO_NID) && { before, after }),
    }))
    expect(verdicts.toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1))).toEqual(
      [
        { eventId: softFailed.eventId, verdict: 'outlier' },
        { eventId: rejected.eventId, verdict: 'rejected-by-state', rule: 'some', reason: 'thing' },
        { eventId: redaction.eventId, verdict: 'outlier' },
        { eventId: redacting.eventId, verdict: 'outlier' },
        ...outliers.map(({ eventId }) => ({ eventId, verdict: 'outlier' })),
      ].toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1)),
    )
  })

  it('has nothing wait any more for states of what it takes out', async () => {
    await using store = await open()
    const { events, room } = await longRoom(store, 10)
    const waits = (event: EventRecord, waitsFor: EventRecord, isVerified = false) => ({
      event: event.nid,
      roomNid: room.nid,
      waitsFor: waitsFor.nid,
      isVerified,
    })
    const [gone, later, next, last] = [events[1]!, events[7]!, events[8]!, events[9]!]
    const remoteStates = [waits(gone, gone), waits(later, gone), waits(next, gone, true), waits(last, next)]
    const now = await commitOne(store, writeSet(room, { remoteStates }))
    await purgeAll(store, await begin(store, now, 14))
    const left = (await store.remoteStates(room.nid)).filter(({ event }) =>
      remoteStates.some((one) => one.event === event),
    )
    expect(left.toSorted((a, b) => a.event - b.event)).toMatchObject([
      waits(later, later),
      waits(next, gone, true),
      waits(last, next),
    ])
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
