import {
  type BlockRecord,
  type EventNid,
  type JournalRecord,
  type Membership,
  NO_NID,
  type SnapshotNid,
  type StateKeyNid,
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
      await newEvent(store, room),
    ]
    const elsewhere = await storedRoom(store)
    await commitOne(store, writeSet(elsewhere, { events: [await newEvent(store, elsewhere)] }))
    await commitOne(store, writeSet(room, { stateKeys: [key], events }))
    const nids = events.map(({ nid }) => nid)
    const latest = await store.eventsBefore(room.nid, NO_NID, 2)
    expect(latest).toEqual([events[2], events[1]])
    expect(await store.eventsBefore(room.nid, nids[1]!, 9)).toEqual([events[0]])
    const setters = (stateKey: StateKeyNid, before: EventNid, look: number) =>
      store.settersBefore(room.nid, { type: events[1]!.typeNid, stateKey }, { before, look })
    expect(await setters(key.nid, NO_NID, 9)).toEqual({ events: [nids[1]], lookedTo: NO_NID })
    expect(await setters(events[0]!.stateKeyNid, NO_NID, 9)).toEqual({
      events: [nids[2], nids[0]],
      lookedTo: NO_NID,
    })
    // Others are looked at as well, and the search goes on behind the last of them.
    expect(await setters(key.nid, NO_NID, 1)).toEqual({ events: [], lookedTo: nids[2] })
    expect(await setters(key.nid, nids[2]!, 1)).toEqual({ events: [nids[1]], lookedTo: nids[1] })
    expect(await setters(key.nid, nids[1]!, 1)).toEqual({ events: [], lookedTo: nids[0] })
    expect(await setters(key.nid, nids[0]!, 1)).toEqual({ events: [], lookedTo: NO_NID })
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
    const all = await store.changesOfEntry(room.nid, entry, { before: undefined, look: 9 })
    expect(all).toMatchObject({ changes: [second[0]!, first[1]!, first[0]!], lookedTo: undefined })
    const some = await store.changesOfEntry(room.nid, entry, { before: undefined, look: 2 })
    expect(some).toMatchObject({ changes: [second[0]!, first[1]!], lookedTo: { revision: 2, place: 1 } })
    const rest = await store.changesOfEntry(room.nid, entry, { before: some.lookedTo, look: 2 })
    expect(rest).toMatchObject({ changes: [first[0]!], lookedTo: undefined })
    const other = { ...entry, stateKey: 2 as JournalRecord['stateKey'] }
    expect(await store.changesOfEntry(room.nid, other, { before: undefined, look: 1 })).toMatchObject({
      changes: [],
      lookedTo: { revision: 3, place: 0 },
    })
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
