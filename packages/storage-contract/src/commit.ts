import type { EventNid, SnapshotNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'
import { newEvent, newRoom, newOutput, commitOne, storedRoom, writeSet } from './sample.ts'

/** What a commit promises: all of a write set or nothing of it, and only from the revision that was read. */
export function commitContract(open: () => Promise<ContractStore>): void {
  it('stores a room with its first event and reads both back', async () => {
    await using store = await open()
    const room = await newRoom(store)
    const event = await newEvent(store, room, { authNids: [70_000 as EventNid, 65_536 as EventNid] })
    const next = { ...room, extremities: [event.nid], depth: 7, outputSeq: 1, lastSent: event.nid }
    const set = writeSet(room, { next, events: [event], outputs: [newOutput(room, 1, event.nid)] })
    expect(await store.commit([set])).toEqual([{ kind: 'committed', revision: 1 }])
    expect(await store.room(room.roomId)).toEqual({ ...next, revision: 1 })
    expect(await store.roomsByNid([room.nid])).toEqual([{ ...next, revision: 1 }])
    expect(await store.eventsById([event.eventId, '$unknown'])).toEqual([event])
    expect(await store.eventsByNid([event.nid])).toEqual([event])
    const { nid, roomNid, eventId, json } = event
    expect(await store.eventTexts([nid])).toEqual([{ nid, roomNid, eventId, json }])
  })

  it('moves a room on only from the revision that was read', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const event = await newEvent(store, room)
    await commitOne(store, writeSet(room))
    expect(await store.commit([writeSet(room, { events: [event] })])).toEqual([
      { kind: 'conflict', over: 'room' },
    ])
    expect(await store.eventsById([event.eventId])).toEqual([])
  })

  it('takes a room that somebody else made first for a conflict', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const rival = await newRoom(store, room.roomId)
    expect(await store.commit([writeSet(rival)])).toEqual([{ kind: 'conflict', over: 'room' }])
    expect(await store.room(room.roomId)).toMatchObject({ nid: room.nid })
  })

  it('lets the others go on when one write set conflicts', async () => {
    await using store = await open()
    const rooms = [await storedRoom(store), await storedRoom(store), await storedRoom(store)]
    const stale = rooms[1]!
    await commitOne(store, writeSet(stale))
    const results = await store.commit(rooms.map((room) => writeSet(room)))
    expect(results.map((result) => result.kind)).toEqual(['committed', 'conflict', 'committed'])
  })

  it('lets the others go on when one write set cannot be stored, and stores nothing of that one', async () => {
    await using store = await open()
    const [good, bad, other] = [await storedRoom(store), await storedRoom(store), await storedRoom(store)]
    const twice = [newOutput(bad, 1, 0 as EventNid), newOutput(bad, 1, 0 as EventNid)]
    const event = await newEvent(store, bad)
    const results = await store.commit([
      writeSet(good),
      writeSet(bad, { events: [event], outputs: twice }),
      writeSet(other),
    ])
    expect(results.map((result) => result.kind)).toEqual(['committed', 'failed', 'committed'])
    expect(await store.eventsById([event.eventId])).toEqual([])
    expect(await store.room(bad.roomId)).toEqual(bad)
  })

  it('takes an event ID that is stored already for a conflict', async () => {
    await using store = await open()
    const [room, other, third] = [await storedRoom(store), await storedRoom(store), await storedRoom(store)]
    const event = await newEvent(store, room)
    await commitOne(store, writeSet(room, { events: [event] }))
    const copy = await newEvent(store, other, { eventId: event.eventId })
    const results = await store.commit([writeSet(other, { events: [copy] }), writeSet(third)])
    expect(results).toEqual([
      { kind: 'conflict', over: 'event' },
      { kind: 'committed', revision: 2 },
    ])
  })

  it('takes an event for a conflict that it has met with although it was said to be unknown', async () => {
    await using store = await open()
    const rooms = await Promise.all([1, 2, 3, 4].map(() => storedRoom(store)))
    const [stored, named, redacted, fresh] = await Promise.all(rooms.map((room) => newEvent(store, room)))
    const redaction = { redaction: stored!.nid, roomNid: rooms[0]!.nid, redacts: redacted!.eventId }
    const known = writeSet(await storedRoom(store), {
      events: [stored!],
      missingPrevEvents: [{ prev: named!.eventId, by: stored!.nid }],
      redactions: [{ ...redaction, applied: false }],
    })
    await commitOne(store, known)
    const sets = [named, redacted, fresh].map((event, index) =>
      writeSet(rooms[index + 1]!, { events: [event!], unmentioned: [event!.eventId] }),
    )
    const refused = writeSet(rooms[0]!, { unmentioned: [stored!.eventId] })
    const conflict = { kind: 'conflict', over: 'event' }
    const committed = { kind: 'committed', revision: 2 }
    expect(await store.commit([refused, ...sets])).toEqual([conflict, conflict, conflict, committed])
    expect(await store.eventsById([named!.eventId, redacted!.eventId])).toEqual([])
  })

  it('lets only the first of two write sets to one room through', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const results = await store.commit([writeSet(room), writeSet(room)])
    expect(results.map((result) => result.kind)).toEqual(['committed', 'conflict'])
  })

  it('changes only what an update names', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const event = await newEvent(store, room, { verdict: 'rejected-by-state', rule: 'v10 9', reason: 'low' })
    const stored = await commitOne(store, writeSet(room, { events: [event] }))
    const redaction = { nid: event.nid, redactedBy: 90_000 as EventNid, json: '{}' }
    const after = await commitOne(store, writeSet(stored, { updates: [redaction] }))
    expect(await store.eventsByNid([event.nid])).toEqual([{ ...event, ...redaction }])
    const judged = { nid: event.nid, verdict: 'accepted', before: 5 as SnapshotNid, authLevel: 9 } as const
    await commitOne(store, writeSet(after, { updates: [judged] }))
    expect(await store.eventsByNid([event.nid])).toEqual([
      { ...event, ...redaction, ...judged, rule: undefined, reason: undefined },
    ])
  })

  it('puts several updates of one event together, also of one that the write set brings', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const event = await newEvent(store, room, { verdict: 'rejected-by-state', rule: 'v10 9', reason: 'low' })
    const redactedBy = 90_000 as EventNid
    const updates = [
      { nid: event.nid, verdict: 'soft-failed', rule: undefined, reason: 'late' },
      { nid: event.nid, redactedBy, json: '{}' },
    ] as const
    await commitOne(store, writeSet(room, { events: [event], updates }))
    expect(await store.eventsByNid([event.nid])).toEqual([
      { ...event, verdict: 'soft-failed', rule: undefined, reason: 'late', redactedBy, json: '{}' },
    ])
  })

  it('commits nothing for nothing', async () => {
    await using store = await open()
    expect(await store.commit([])).toEqual([])
  })
}
