import type {
  BlockNid,
  BlockRecord,
  EventTypeNid,
  SnapshotNid,
  SnapshotRecord,
  StateKeyNid,
} from '@roomserver/types'
import { EMPTY_STATE_KEY_NID, EVENT_TYPE_NIDS, FIRST_FREE_NID } from '@roomserver/types'
import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'
import { newEvent, newRoom, commitOne, storedRoom, writeSet } from './sample.ts'

async function newBlock(
  store: ContractStore,
  hash: string,
  entries: readonly number[],
): Promise<BlockRecord> {
  return { nid: await store.allocate('block', 1), hash: hash.repeat(32), entries: Float64Array.from(entries) }
}

/** What is stored once and never changes: strings, events, blocks, snapshots; and the NIDs they go by. */
export function internedRowsContract(open: () => Promise<ContractStore>): void {
  it('knows the preassigned strings', async () => {
    await using store = await open()
    const found = await store.eventTypesByName([...EVENT_TYPE_NIDS.keys()])
    expect(new Map(found.map(({ text, nid }) => [text, nid]))).toEqual(EVENT_TYPE_NIDS)
    expect(await store.stateKeysByText([''])).toEqual([{ nid: EMPTY_STATE_KEY_NID, text: '' }])
  })

  it('hands out every NID once, in ranges without holes', async () => {
    await using store = await open()
    const asked = Array.from({ length: 50 }, (_, index) => (index % 7) * 20 + 1)
    const firsts = await Promise.all(asked.map((count) => store.allocate('event', count)))
    const all = firsts.flatMap((first, index) => Array.from({ length: asked[index]! }, (_, at) => first + at))
    expect(new Set(all).size).toBe(all.length)
    expect(Math.min(...all)).toBe(FIRST_FREE_NID)
  })

  it('keeps strings that no database takes as they are', async () => {
    await using store = await open()
    const texts = [
      'nul \u0000',
      'half \ud800',
      'other half \udc00',
      'escape \u001b0000',
      '😀',
      '\u001b',
      '\ufffd',
    ]
    const room = await newRoom(store, '!nul\u0000\ud800:example.org')
    const first = await store.allocate('stateKey', texts.length)
    const stateKeys = texts.map((text, index) => ({ nid: (first + index) as StateKeyNid, text }))
    const event = await newEvent(store, room, { eventId: '$\u0000\udfff', reason: 'no \u0000' })
    await commitOne(store, writeSet(room, { stateKeys, events: [event] }))
    expect((await store.stateKeysByText(texts)).toSorted((a, b) => a.nid - b.nid)).toEqual(stateKeys)
    const nids = stateKeys.map(({ nid }) => nid)
    expect((await store.stateKeysByNid(nids)).toSorted((a, b) => a.nid - b.nid)).toEqual(stateKeys)
    expect(await store.room(room.roomId)).toMatchObject({ roomId: room.roomId })
    expect(await store.eventsById([event.eventId])).toEqual([event])
  })

  it('takes a string that has another NID already for a conflict', async () => {
    await using store = await open()
    const [room, other] = [await storedRoom(store), await storedRoom(store)]
    const mine = { nid: await store.allocate('eventType', 1), text: 'org.example.mine' }
    const theirs = { nid: await store.allocate('eventType', 1), text: mine.text }
    await commitOne(store, writeSet(room, { eventTypes: [mine] }))
    expect(await store.commit([writeSet(other, { eventTypes: [theirs] })])).toEqual([
      { kind: 'conflict', over: 'string' },
    ])
    expect(await store.eventTypesByNid([mine.nid, theirs.nid])).toEqual([mine])
    await commitOne(store, writeSet(other, { eventTypes: [mine] }))
  })

  it('stores one string for two write sets that bring the same', async () => {
    await using store = await open()
    const [room, other] = [await storedRoom(store), await storedRoom(store)]
    const key = { nid: await store.allocate('stateKey', 1), text: 'shared' }
    const results = await store.commit([room, other].map((each) => writeSet(each, { stateKeys: [key] })))
    expect(results.map((result) => result.kind)).toEqual(['committed', 'committed'])
  })

  it('stores blocks and snapshots, found by NID and by hash', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const block = await newBlock(store, 'a', [1, 1, 70_000, 5, 65_600, 0, 5, 65_700, 70_003, 2 ** 40, 1, 1])
    const empty = await newBlock(store, '0', [])
    const snapshot: SnapshotRecord = {
      nid: await store.allocate('snapshot', 1),
      hash: 'c'.repeat(32),
      roomNid: room.nid,
      blocks: [block.nid, empty.nid],
    }
    await commitOne(store, writeSet(room, { blocks: [block, empty], snapshots: [snapshot] }))
    expect(await store.blocks([block.nid])).toEqual([block])
    expect(await store.blocksByHash([empty.hash, 'f'.repeat(32)])).toEqual([empty])
    expect(await store.snapshots([snapshot.nid, 1 as SnapshotNid])).toEqual([snapshot])
    expect(await store.snapshotsByHash(room.nid, [snapshot.hash])).toEqual([snapshot])
    expect(await store.snapshots([])).toEqual([])
  })

  it('takes an equal block or snapshot under another NID for a conflict, and undoes what was begun', async () => {
    await using store = await open()
    const [room, other] = [await storedRoom(store), await storedRoom(store)]
    const block = await newBlock(store, 'b', [1, 1, 70_000])
    const snapshot: SnapshotRecord = {
      nid: await store.allocate('snapshot', 1),
      hash: 'd'.repeat(32),
      roomNid: room.nid,
      blocks: [block.nid],
    }
    const stored = await commitOne(store, writeSet(room, { blocks: [block], snapshots: [snapshot] }))
    const twin = { ...block, nid: await store.allocate('block', 1) }
    const event = await newEvent(store, other)
    const results = await store.commit([
      writeSet(other, { blocks: [twin], events: [event] }),
      writeSet(stored, { snapshots: [{ ...snapshot, nid: await store.allocate('snapshot', 1) }] }),
    ])
    expect(results).toEqual([
      { kind: 'conflict', over: 'block' },
      { kind: 'conflict', over: 'snapshot' },
    ])
    expect(await store.eventsById([event.eventId])).toEqual([])
    expect(await store.room(other.roomId)).toEqual(other)
  })

  it('reads more records at once than a statement has room for parameters', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const first = await store.allocate('block', 5_000)
    const blocks = Array.from({ length: 5_000 }, (_, index): BlockRecord => {
      const hash = index.toString(16).padStart(32, '0')
      return { nid: (first + index) as BlockNid, hash, entries: Float64Array.of(1 as EventTypeNid, 1, index) }
    })
    await commitOne(store, writeSet(room, { blocks }))
    expect(await store.blocks(blocks.map(({ nid }) => nid))).toHaveLength(5_000)
  })
}
