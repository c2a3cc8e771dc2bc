import {
  type BlockRecord,
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventTypeNid,
  type JournalRecord,
  type Membership,
  NO_NID,
  type SnapshotNid,
  type StateKeyNid,
  type Verdict,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'
import { commitOne, newEvent, newKey, newOutput, storedRoom, writeSet } from './sample.ts'

/** What only an inspection reads: pages from the end, counts and sizes. */
export function inspectionContract(open: () => Promise<ContractStore>): void {
  it('reads the events of a room from the end, and what they are in its state', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const key = await newKey(store, '@anne:a.example')
    const events = [
      await newEvent(store, room),
      await newEvent(store, room, { stateKeyNid: key.nid }),
      await newEvent(store, room, { stateKeyNid: key.nid }),
    ]
    const elsewhere = await storedRoom(store)
    await commitOne(store, writeSet(elsewhere, { events: [await newEvent(store, elsewhere)] }))
    await commitOne(store, writeSet(room, { stateKeys: [key], events }))
    const nids = events.map(({ nid }) => nid)
    const latest = await store.eventsBefore(room.nid, NO_NID, 2)
    expect(latest).toEqual([events[2], events[1]])
    expect(await store.eventsBefore(room.nid, nids[1]!, 9)).toEqual([events[0]])
    expect(await store.eventNidsBefore(room.nid, NO_NID, 2)).toEqual([nids[2], nids[1]])
    expect(await store.eventNidsBefore(room.nid, nids[1]!, 9)).toEqual([nids[0]])
    const setters = (stateKey: StateKeyNid, before: EventNid, limit: number) =>
      store.settersBefore(room.nid, { type: events[1]!.typeNid, stateKey }, { before, limit })
    expect(await setters(key.nid, NO_NID, 9)).toEqual([nids[2], nids[1]])
    expect(await setters(key.nid, NO_NID, 1)).toEqual([nids[2]])
    expect(await setters(key.nid, nids[2]!, 9)).toEqual([nids[1]])
    expect(await setters((key.nid + 1) as StateKeyNid, NO_NID, 9)).toEqual([])
  })

  it('finds events of a room by type and verdict, among so many', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const typeNid = EVENT_TYPE_NIDS.get('m.room.history_visibility') ?? NO_NID
    const events = [
      await newEvent(store, room, { verdict: 'soft-failed' }),
      await newEvent(store, room, { typeNid }),
      await newEvent(store, room, { typeNid, verdict: 'rejected-by-state' }),
    ]
    const [one, two, three] = events
    await commitOne(store, writeSet(room, { events }))
    const find = (type: EventTypeNid, verdicts: readonly Verdict[], before: EventNid, look: number) =>
      store.findEventsBefore(room.nid, { type, verdicts }, { before, look })
    expect(await find(NO_NID, [], NO_NID, 9)).toEqual({ events: [three, two, one], lookedTo: NO_NID })
    expect(await find(typeNid, [], NO_NID, 9)).toEqual({ events: [three, two], lookedTo: NO_NID })
    const refused = ['soft-failed', 'rejected-by-state'] as const
    expect(await find(NO_NID, refused, NO_NID, 9)).toEqual({ events: [three, one], lookedTo: NO_NID })
    expect(await find(NO_NID, refused, three!.nid, 9)).toEqual({ events: [one], lookedTo: NO_NID })
    // Others are looked at as well, and the search goes on behind the last of them.
    expect(await find(NO_NID, ['outlier'], NO_NID, 2)).toEqual({ events: [], lookedTo: two!.nid })
    expect(await find(NO_NID, ['outlier'], two!.nid, 2)).toEqual({ events: [], lookedTo: NO_NID })
    const page = await find(NO_NID, ['soft-failed'], NO_NID, 1)
    const next = page.lookedTo === NO_NID ? page : await find(NO_NID, ['soft-failed'], page.lookedTo, 9)
    expect([...page.events, ...(next === page ? [] : next.events)]).toEqual([one])
  })

  it('finds events that name another, after it and before it, and knows whether there are more to look at', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const elsewhere = await storedRoom(store)
    const eventId = '$"named"\u0000'
    const names = JSON.stringify({ prev_events: [eventId] })
    const early = await newEvent(store, room, { json: names })
    const named = await newEvent(store, room, { eventId })
    const other = await newEvent(store, room, { json: '{"prev_events":["$named"]}' })
    const late = await newEvent(store, room, { json: names })
    await commitOne(store, writeSet(room, { events: [early, named, other, late] }))
    const foreign = await newEvent(store, elsewhere, { json: names })
    await commitOne(store, writeSet(elsewhere, { events: [foreign] }))
    const naming = (side: 'after' | 'before', look: number) =>
      store.eventsNaming(room.nid, eventId, { from: named.nid, side, look })
    expect(await naming('after', 2)).toEqual({ events: [late.nid], isEnd: true })
    expect(await naming('after', 1)).toEqual({ events: [], isEnd: false })
    expect(await naming('before', 1)).toEqual({ events: [early.nid], isEnd: true })
    expect(await naming('before', 9)).toEqual({ events: [early.nid], isEnd: true })
  })

  it('reads events of all rooms between two, and knows which NIDs no event has', async () => {
    await using store = await open()
    const before = await store.latestEvents(100)
    const [room, other] = [await storedRoom(store), await storedRoom(store)]
    const last = await store.allocate('event', 1)
    const one = await newEvent(store, room, { nid: (last + 2) as EventNid, verdict: 'outlier' })
    const two = await newEvent(store, other, { nid: (last + 3) as EventNid })
    const three = await newEvent(store, room, { nid: (last + 9) as EventNid, verdict: 'rejected-by-state' })
    await commitOne(store, writeSet(other, { events: [two] }))
    await commitOne(store, writeSet(room, { events: [one, three] }))
    const behind = { after: before.latest, before: Number.MAX_SAFE_INTEGER as EventNid }
    expect(await store.eventsBetween(behind, 9)).toEqual([one, two, three])
    expect(await store.eventsBetween(behind, 2)).toEqual([one, two])
    expect(await store.eventsBetween({ after: one.nid, before: three.nid }, 9)).toEqual([two])
    expect(await store.eventsBetween({ after: two.nid, before: three.nid }, 9)).toEqual([])
    expect(await store.latestEvents(3)).toEqual({
      latest: three.nid,
      unused: [{ after: two.nid, before: three.nid }],
    })
    expect(await store.latestEvents(1)).toEqual({ latest: three.nid, unused: [] })
  })

  it('counts events by their verdicts, so many at the most', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const verdicts = ['accepted', 'soft-failed', 'accepted', 'outlier'] as const
    const events = []
    for (const verdict of verdicts) events.push(await newEvent(store, room, { verdict }))
    await commitOne(store, writeSet(room, { events }))
    const counts = async (after: EventNid, limit: number) =>
      (await store.countEvents(room.nid, after, limit))
        .map(({ verdict, count, last, bytes }) => ({ verdict, count, last, hasBytes: bytes > 0 }))
        .toSorted((a, b) => a.last - b.last)
    const nids = events.map(({ nid }) => nid)
    const hasBytes = true
    expect(await counts(NO_NID, 3)).toEqual([
      { verdict: 'soft-failed', count: 1, last: nids[1], hasBytes },
      { verdict: 'accepted', count: 2, last: nids[2], hasBytes },
    ])
    expect(await counts(nids[2]!, 3)).toEqual([{ verdict: 'outlier', count: 1, last: nids[3], hasBytes }])
  })

  it('reads the journal from the end, and counts state resets', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const change = (revision: number, to: number, reset: boolean): JournalRecord => ({
      roomNid: room.nid,
      revision,
      type: 5 as JournalRecord['type'],
      stateKey: 1 as JournalRecord['stateKey'],
      from: NO_NID,
      to: to as EventNid,
      cause: { kind: 'event', event: to as EventNid },
      reset,
    })
    const first = [change(2, 70_001, false), change(2, 70_002, true)]
    const second = [change(3, 70_003, true)]
    const moved = await commitOne(store, writeSet(room, { journal: first }))
    await commitOne(store, writeSet(moved, { journal: second }))
    const page = { before: undefined, limit: 2, resetsOnly: false }
    const latest = await store.journalBefore(room.nid, page)
    expect(latest).toMatchObject([second[0]!, first[1]!])
    expect(await store.journalBefore(room.nid, { ...page, before: latest[1] })).toMatchObject([first[0]!])
    const resets = await store.journalBefore(room.nid, { ...page, limit: 9, resetsOnly: true })
    expect(resets).toMatchObject([second[0]!, first[1]!])
    const { stateKey, type } = second[0]!
    const entry = { type, stateKey }
    const all = { before: undefined, limit: 9, resetsOnly: false }
    expect(await store.changesOfEntry(room.nid, entry, all)).toMatchObject([second[0]!, first[1]!, first[0]!])
    const some = await store.changesOfEntry(room.nid, entry, { ...all, limit: 2 })
    expect(some).toMatchObject([second[0]!, first[1]!])
    const rest = await store.changesOfEntry(room.nid, entry, { ...all, before: some[1] })
    expect(rest).toMatchObject([first[0]!])
    expect(await store.changesOfEntry(room.nid, entry, { ...all, resetsOnly: true })).toMatchObject(resets)
    const other = { ...entry, stateKey: 2 as JournalRecord['stateKey'] }
    expect(await store.changesOfEntry(room.nid, other, all)).toEqual([])
    expect(await store.countResets(room.nid, 0)).toBe(2)
    expect(await store.countResets(room.nid, 2)).toBe(1)
  })

  it('counts members by server and membership', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const users = { '@anne:a.example': 'join', '@ben:a.example': 'join', '@carl:b.example': 'ban' } as const
    const stateKeys = []
    const memberships = []
    for (const [userId, membership] of Object.entries<Membership>(users)) {
      const key = await newKey(store, userId)
      stateKeys.push(key)
      const local = userId.endsWith(':a.example')
      const event = 70_000 as EventNid
      memberships.push({ roomNid: room.nid, user: key.nid, membership, event, local, forgotten: false })
    }
    await commitOne(store, writeSet(room, { stateKeys, memberships }))
    const counts = await store.membershipCounts(room.nid)
    expect(counts.toSorted((a, b) => a.server.localeCompare(b.server))).toEqual([
      { membership: 'join', server: 'a.example', isLocal: true, users: 2 },
      { membership: 'ban', server: 'b.example', isLocal: false, users: 1 },
    ])
  })

  it('counts the prev events that rooms miss, each once, without those that came', async () => {
    await using store = await open()
    const [room, other] = [await storedRoom(store), await storedRoom(store)]
    const [one, two] = [await newEvent(store, room), await newEvent(store, room)]
    const missingPrevEvents = [
      { prev: '$first', by: one.nid },
      { prev: '$second', by: one.nid },
      { prev: '$second', by: two.nid },
      { prev: '$came', by: two.nid },
    ]
    const stored = await commitOne(store, writeSet(room, { events: [one, two], missingPrevEvents }))
    const came = await newEvent(store, room, { eventId: '$came' })
    await commitOne(store, writeSet(stored, { events: [came] }))
    await commitOne(store, writeSet(other, { events: [await newEvent(store, other)] }))
    expect(await store.missingPerRoom()).toEqual([{ room: room.nid, missing: 2 }])
  })

  it('knows how large a room is, and how much waits', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const event = await newEvent(store, room)
    const block: BlockRecord = {
      nid: await store.allocate('block', 1),
      hash: 'a'.repeat(32),
      entries: Float64Array.of(1, 1, event.nid),
    }
    const nid: SnapshotNid = await store.allocate('snapshot', 1)
    const snapshot = { nid, hash: 'b'.repeat(32), roomNid: room.nid, blocks: [block.nid] }
    const outputs = [1, 2].map((seq) => newOutput(room, seq, event.nid, 'four'))
    await commitOne(
      store,
      writeSet(room, { events: [event], blocks: [block], snapshots: [snapshot], outputs }),
    )
    const { roomId } = room
    await store.enqueue(
      ['1', '2', '3'].map((payload) => ({ roomId, payload })),
      'one',
    )
    const size = await store.roomSize(room.nid)
    expect(size).toMatchObject({ events: 1, snapshots: 1, outputs: 2, outputBytes: 8 })
    expect(Math.min(size.eventBytes, size.snapshotBytes)).toBeGreaterThan(0)
    expect(await store.bytesOfBlocks([block.nid])).toBeGreaterThan(0)
    expect(await store.bytesOfBlocks([])).toBe(0)
    expect([await store.countInbox(2), await store.countInbox(9)]).toEqual([2, 3])
    expect(await store.countWaitingOutputs(9)).toBe(2)
  })
}
