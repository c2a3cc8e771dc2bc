import {
  type EventNid,
  type EventRecord,
  type EventUpdate,
  type OutputKind,
  type RepairState,
  type SnapshotNid,
  type StateKeyNid,
  type Verdict,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'
import { newEvent, newRoom, newOutput, commitOne, storedRoom, writeSet } from './sample.ts'

const VERDICTS: readonly Verdict[] = [
  'outlier',
  'accepted',
  'soft-failed',
  'rejected-by-auth-events',
  'rejected-by-state',
]

const KINDS: readonly OutputKind[] = [
  'new_room_event',
  'old_room_event',
  'new_invite_event',
  'retire_invite_event',
  'redacted_event',
  'new_peek',
  'new_inbound_peek',
  'retire_peek',
]

const STATES: readonly RepairState[] = ['waiting', 'running', 'failed', 'gave-up']

/** An event of which every member says something. */
async function fullEvent(store: ContractStore, room: Parameters<typeof newEvent>[1]): Promise<EventRecord> {
  return await newEvent(store, room, {
    stateKeyNid: 65_540 as StateKeyNid,
    depth: 2 ** 53 - 1,
    authLevel: 12,
    authNids: [65_541, 65_537].map((nid) => nid as EventNid),
    verdict: 'soft-failed',
    rule: 'v10 4.3',
    reason: 'not in the room',
    before: 65_550 as SnapshotNid,
    after: 65_551 as SnapshotNid,
    redactedBy: 65_552 as EventNid,
    authContent: '{"membership":"join"}',
  })
}

/** Everything that goes in comes out again, of every kind there is. */
export function wholeRowContract(open: () => Promise<ContractStore>): void {
  it('gives events back with everything that was said of them, whatever the verdict', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const events = [await fullEvent(store, room)]
    for (const verdict of VERDICTS) events.push(await newEvent(store, room, { verdict }))
    await commitOne(store, writeSet(room, { events }))
    const byNid = await store.eventsByNid(events.map(({ nid }) => nid))
    expect(byNid.toSorted((a, b) => a.nid - b.nid)).toEqual(events)
    expect(await store.eventsOfRoom(room.nid, 0 as EventNid, 9)).toEqual(events)
    expect(await store.eventsOfRoom(room.nid, events[0]!.nid, 2)).toEqual(events.slice(1, 3))
  })

  it.each<readonly [string, Omit<EventUpdate, 'nid'>]>([
    ['state before', { before: 65_600 as SnapshotNid }],
    ['state after', { after: 65_601 as SnapshotNid }],
    ['redaction', { redactedBy: 65_602 as EventNid }],
    ['text', { json: '{"redacted":1}' }],
    ['content for the authorization rules', { authContent: '{"ban":50}' }],
    ['auth events', { authNids: [65_603 as EventNid] }],
    ['auth events, of which none is left', { authNids: [] }],
    ['level among its auth events', { authLevel: 0 }],
    ['rule', { rule: 'v10 9' }],
    ['reason', { reason: 'another' }],
  ])("changes an event's %s alone", async (_what, update) => {
    await using store = await open()
    const room = await storedRoom(store)
    const [event, other] = [await fullEvent(store, room), await fullEvent(store, room)]
    const stored = await commitOne(store, writeSet(room, { events: [event, other] }))
    await commitOne(store, writeSet(stored, { updates: [{ nid: event.nid, ...update }] }))
    expect(await store.eventsOfRoom(room.nid, 0 as EventNid, 9)).toEqual([{ ...event, ...update }, other])
  })

  it.each(VERDICTS)(
    'changes a verdict to %s, and takes rule and reason of the old one away',
    async (verdict) => {
      await using store = await open()
      const room = await storedRoom(store)
      const event = await fullEvent(store, room)
      const stored = await commitOne(store, writeSet(room, { events: [event] }))
      await commitOne(store, writeSet(stored, { updates: [{ nid: event.nid, verdict }] }))
      const changed = { ...event, verdict, rule: undefined, reason: undefined }
      expect(await store.eventsByNid([event.nid])).toEqual([changed])
    },
  )

  it('gives outputs of every kind back as they were', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const event = await newEvent(store, room)
    const outputs = KINDS.map((kind, at) => ({ ...newOutput(room, at + 1, event.nid, `{"at":${at}}`), kind }))
    await commitOne(store, writeSet(room, { events: [event], outputs }))
    const whole = (row: (typeof outputs)[number], position: unknown) => ({
      ...row,
      position,
      roomId: room.roomId,
      version: room.version,
      eventId: event.eventId,
      eventJson: event.json,
      fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/),
    })
    const found = await store.outputs(0, 10)
    expect(found).toEqual(outputs.map((row, at) => whole(row, found[at]?.position)))
    expect(new Set(found.map(({ fingerprint }) => fingerprint)).size).toBe(found.length)
    expect(await store.nextOutputs([], 10)).toEqual(found.map((row) => ({ ...row, firstWaiting: 1 })))
  })

  it('keeps repairs in every state, the last of several that are put at once', async () => {
    await using store = await open()
    const repairs = STATES.map((state, at) => ({
      eventId: `$${at}`,
      roomId: '!one:a',
      payload: `{"at":${at}}`,
      state,
      fetched: at,
      attempts: at + 1,
      lastError: `error ${at}`,
      sinceTs: 1_800_000_000_000 + at,
      nextTs: 1_800_000_100_000 + at,
    }))
    const [first] = repairs
    await store.putRepairs([{ ...first!, state: 'failed', fetched: 99 }, ...repairs])
    expect(await store.repairs('', 10)).toEqual(repairs)
    await store.putRepairs([])
    await store.dropRepairs([])
    expect(await store.repairs('', 10)).toEqual(repairs)
  })

  it('keeps rooms of any depth and with any number of extremities', async () => {
    await using store = await open()
    for (const count of [0, 1, 100]) {
      const room = await newRoom(store)
      const extremities = Array.from({ length: count }, (_, at) => (70_000 + at) as EventNid)
      const next = { ...room, version: '12', depth: 2 ** 53 - 1, extremities, outputSeq: count }
      const stored = await commitOne(store, writeSet(room, { next }))
      expect(await store.room(room.roomId)).toEqual({ ...next, revision: 1 })
      const moved = await commitOne(
        store,
        writeSet(stored, { next: { ...stored, extremities: [], depth: 0 } }),
      )
      expect(await store.room(room.roomId)).toEqual({ ...moved, revision: 2 })
    }
  })

  it('tells transaction IDs of any length apart', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const ids = ['t', 't'.repeat(511), 't'.repeat(512), 't'.repeat(513), 't'.repeat(514), '']
    const transactions = ids.map((transactionId) => ({
      sessionId: 1,
      transactionId,
      user: '@a:example.org',
      eventId: `$${transactionId.length}`,
    }))
    const again = transactions.map((transaction) => ({ ...transaction, eventId: '$another' }))
    const other = transactions.map((transaction) => ({
      ...transaction,
      user: '@b:example.org',
      eventId: `$b${transaction.transactionId.length}`,
    }))
    const stored = await commitOne(store, writeSet(room, { transactions: [...transactions, ...other] }))
    await commitOne(store, writeSet(stored, { transactions: again }))
    for (const id of ids) {
      expect(await store.transactionEvent(1, id, '@a:example.org')).toBe(`$${id.length}`)
      expect(await store.transactionEvent(1, id, '@b:example.org')).toBe(`$b${id.length}`)
    }
  })

  it('drops old transactions a slice at a time, and says how many', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const transactions = ['1', '2', '3'].map((transactionId) => ({
      sessionId: 1,
      transactionId,
      user: '@a:example.org',
      eventId: `$${transactionId}`,
    }))
    await commitOne(store, writeSet(room, { transactions }))
    const left = async () => {
      const found = await Promise.all(
        transactions.map(({ transactionId }) => store.transactionEvent(1, transactionId, '@a:example.org')),
      )
      return found.filter((eventId) => eventId !== undefined).length
    }
    const dropped: unknown[] = []
    for (let round = 0; round < 3; round++)
      dropped.push([await store.dropTransactions(-60_000, 2), await left()])
    expect(dropped).toEqual([
      [2, 1],
      [1, 0],
      [0, 0],
    ])
  })

  it('answers nothing to questions about nothing', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    await commitOne(store, writeSet(room, { events: [await newEvent(store, room)] }))
    expect(await store.eventsByNid([])).toEqual([])
    expect(await store.eventTexts([])).toEqual([])
    expect(await store.eventsById([])).toEqual([])
    expect(await store.roomsByNid([])).toEqual([])
    expect(await store.blocksByHash([])).toEqual([])
    expect(await store.mentions([])).toEqual([])
    expect(await store.redactionsOf([])).toEqual([])
    expect(await store.missingPrevEvents([])).toEqual([])
    expect(await store.claimInbox('me', 10)).toEqual([])
    await store.dropInbox([])
    await store.recordDelivered([])
    expect(await store.eventsOfRoom(room.nid, 0 as EventNid, 9)).toHaveLength(1)
  })
}
