import type { EventNid, EventTypeNid, JournalRecord, RoomNid, StateKeyNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'
import { newEvent, commitOne, storedRoom, writeSet } from './sample.ts'

const nid = (value: number): EventNid => value as EventNid

/** Rooms as a list, and what is kept beside them. */
export function roomContract(open: () => Promise<ContractStore>): void {
  it('lists rooms a page at a time', async () => {
    await using store = await open()
    const rooms = [await storedRoom(store), await storedRoom(store), await storedRoom(store)]
    const page = await store.rooms(0 as RoomNid, 2)
    expect(page).toEqual(rooms.slice(0, 2))
    expect(await store.rooms(page[1]!.nid, 2)).toEqual(rooms.slice(2))
    expect(await store.room('!unknown:example.org')).toBeUndefined()
  })

  it('remembers prev events that were missing', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const event = await newEvent(store, room)
    const missingPrev = { prev: '$missing', by: event.nid }
    await commitOne(store, writeSet(room, { events: [event], missingPrevEvents: [missingPrev] }))
    expect(await store.missingPrevEvents(['$missing', '$other'])).toEqual([missingPrev])
    expect(await store.mentions(['$missing', '$other'])).toEqual([
      { kind: 'prev-event', id: '$missing', by: event.nid },
    ])
    expect(await store.mentions([event.eventId])).toEqual([{ kind: 'event', id: event.eventId }])
  })

  it('keeps what remote states wait for, and finds those that wait for nothing more', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const other = await storedRoom(store)
    const [one, two, far] = [
      await newEvent(store, room),
      await newEvent(store, room),
      await newEvent(store, other),
    ]
    const first = { event: one.nid, roomNid: room.nid, waitsFor: one.nid, isVerified: false }
    const second = { ...first, event: two.nid, waitsFor: one.nid }
    const elsewhere = { ...first, event: far.nid, roomNid: other.nid, waitsFor: nid(0) }
    const stored = await commitOne(store, writeSet(room, { remoteStates: [first, second] }))
    await commitOne(store, writeSet(other, { remoteStates: [elsewhere] }))
    expect(await store.remoteStates(room.nid)).toEqual([first, second])
    const dueHere = async () =>
      (await store.dueRemoteStates(nid(0), 1_000)).filter(({ roomNid }) => roomNid === room.nid)
    expect(await dueHere()).toEqual([])
    expect(await store.dueRemoteStates(nid(0), 1_000)).toContainEqual(elsewhere)

    const due = { ...first, waitsFor: nid(0) }
    const again = await commitOne(
      store,
      writeSet(stored, { remoteStates: [{ ...first, waitsFor: two.nid }, due] }),
    )
    expect(await dueHere()).toEqual([due])
    expect(await store.dueRemoteStates(one.nid, 1_000)).not.toContainEqual(due)
    await commitOne(store, writeSet(again, { remoteStates: [{ ...due, isVerified: true }] }))
    expect(await dueHere()).toEqual([])
    expect(await store.remoteStates(room.nid)).toEqual([{ ...due, isVerified: true }, second])
  })

  it('finds redactions of an event that is not there yet, and marks them as applied', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const redaction = { redaction: nid(70_000), roomNid: room.nid, redacts: '$later', applied: false }
    const stored = await commitOne(store, writeSet(room, { redactions: [redaction] }))
    expect(await store.redactionsOf(['$later'])).toEqual([redaction])
    await commitOne(store, writeSet(stored, { redactions: [{ ...redaction, applied: true }] }))
    const applied = { ...redaction, applied: true }
    expect(await store.redactionsOf(['$later'])).toEqual([applied])
    expect(await store.mentions(['$later'])).toEqual([
      { kind: 'redaction', id: '$later', redaction: applied },
    ])
  })

  it('keeps the journal in its order, with every kind of cause', async () => {
    await using store = await open()
    let room = await storedRoom(store)
    const change = (
      revision: number,
      to: number,
      cause: JournalRecord['cause'],
      reset = false,
    ): JournalRecord => ({
      roomNid: room.nid,
      revision,
      type: 5 as EventTypeNid,
      stateKey: 65_536 as StateKeyNid,
      from: nid(0),
      to: nid(to),
      cause,
      reset,
    })
    const first = [
      change(2, 3, { kind: 'event', event: nid(3) }),
      change(2, 1, { kind: 'resolution', event: nid(4), conflicted: [nid(1), nid(3)] }, true),
    ]
    room = await commitOne(store, writeSet(room, { journal: first }))
    const second = [
      change(3, 4, { kind: 'rewrite', event: nid(5) }),
      change(3, 0, { kind: 'repair', by: 'check' }, true),
    ]
    await commitOne(store, writeSet(room, { journal: second }))
    expect(await store.journal(room.nid, { limit: 10 })).toEqual([...first, ...second])
    expect(await store.journal(room.nid, { limit: 1, afterRevision: 2 })).toEqual([second[0]])
    expect(await store.journal(room.nid, { limit: 10, resetsOnly: true })).toEqual([first[1], second[1]])
  })

  it('keeps names of any length that other servers and clients choose', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const long = Array.from({ length: 5_000 }, (_, at) =>
      String.fromCodePoint(0x4e00 + ((at * 7919) % 20_000)),
    ).join('')
    const event = await newEvent(store, room)
    const redaction = { redaction: event.nid, roomNid: room.nid, redacts: long, applied: false }
    const transaction = { sessionId: 1, transactionId: long, user: '@a:example.org', eventId: event.eventId }
    const missingPrevEvents = [{ prev: long, by: event.nid }]
    const parts = { events: [event], redactions: [redaction], transactions: [transaction], missingPrevEvents }
    await commitOne(store, writeSet(room, parts))
    expect(await store.redactionsOf([long])).toEqual([redaction])
    expect(await store.missingPrevEvents([long])).toEqual(missingPrevEvents)
    expect(await store.transactionEvent(1, long, '@a:example.org')).toBe(event.eventId)
  })

  it("answers a client's transaction with the event it made", async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const transaction = { sessionId: 7, transactionId: 't1', user: '@a:example.org', eventId: '$made' }
    await commitOne(store, writeSet(room, { transactions: [transaction] }))
    expect(await store.transactionEvent(7, 't1', '@a:example.org')).toBe('$made')
    expect(await store.transactionEvent(8, 't1', '@a:example.org')).toBeUndefined()
    expect(await store.dropTransactions(60_000, 10)).toBe(0)
    expect(await store.dropTransactions(-60_000, 10)).toBe(1)
    expect(await store.transactionEvent(7, 't1', '@a:example.org')).toBeUndefined()
  })

  it('gives an alias to whoever comes first', async () => {
    await using store = await open()
    expect(await store.addAlias('#a:example.org', '!a:example.org', '@a:example.org')).toBe(true)
    expect(await store.addAlias('#a:example.org', '!b:example.org', '@b:example.org')).toBe(false)
    expect(await store.roomOfAlias('#a:example.org')).toEqual({
      roomId: '!a:example.org',
      creator: '@a:example.org',
    })
    expect(await store.aliasesOfRoom('!a:example.org')).toEqual(['#a:example.org'])
    await store.removeAlias('#a:example.org')
    expect(await store.roomOfAlias('#a:example.org')).toBeUndefined()
  })

  it('publishes a room once', async () => {
    await using store = await open()
    await store.publish('!a:example.org', true)
    await store.publish('!a:example.org', true)
    expect(await store.publishedRooms()).toEqual(['!a:example.org'])
    expect(await store.isPublished('!a:example.org')).toBe(true)
    await store.publish('!a:example.org', false)
    expect(await store.isPublished('!a:example.org')).toBe(false)
  })

  it('moves a room on, so that nothing that was decided before can be committed', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    expect(await store.moveRoom(room.roomId)).toEqual({ ...room, revision: room.revision + 1 })
    expect(await store.commit([writeSet(room)])).toMatchObject([{ kind: 'conflict', over: 'room' }])
    expect(await store.moveRoom('!nowhere:a')).toBeUndefined()
  })
}
