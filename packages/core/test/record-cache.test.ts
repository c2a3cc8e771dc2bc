import { RoomBuilder } from '@roomserver/testing'
import type { ContinuedResolution } from '@roomserver/state'
import type { BlockNid, EventNid, EventTypeNid, RoomNid, SnapshotNid, StateKeyNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { RecordCache } from '../src/index.ts'
import { Extremities } from '../src/view/extremities.ts'
import { KeptOfRooms } from '../src/view/kept-of-rooms.ts'
import type { KnownDifference } from '../src/view/known-difference.ts'
import { CACHE_SHARES } from '../src/view/record-cache.ts'
import { RoomEpochs } from '../src/view/room-epochs.ts'
import { watchedStore } from '../src/view/watched-store.ts'
import { Homeserver } from './homeserver.ts'

const MAX_BYTES = 1_000_000

/** A record cache, and an event to put into it. */
async function emptyCache() {
  const hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  const record = await hs.event(room.events[0]?.eventId ?? '')
  if (record === undefined) throw new TypeError('no event')
  return {
    hs,
    record: { ...record, json: 'x'.repeat(500) },
    cache: new RecordCache(hs.storage, MAX_BYTES),
    [Symbol.asyncDispose]: () => hs[Symbol.asyncDispose](),
  }
}

type Filled = Awaited<ReturnType<typeof emptyCache>>

const room = 1 as RoomNid
const nids = [1, 2, 3] as BlockNid[]
const textOf = (index: number) => `text ${index + 10_000}`

it('gives each kind of what it holds a share, and all of it to all of them', () => {
  const shares = Object.values(CACHE_SHARES)
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10)
  expect(shares.every((share) => share > 0)).toBe(true)
})

it.each<[string, number, number, (filled: Filled, index: number) => void]>([
  [
    'events with their IDs',
    CACHE_SHARES.events + CACHE_SHARES.eventNids,
    700 + 500 * 3 + 160,
    ({ cache, record }, index) =>
      cache.putEvent({ ...record, nid: (index + 1) as EventNid, eventId: `$${index}` }),
  ],
  [
    'snapshots',
    CACHE_SHARES.snapshots,
    240 + 3 * 8,
    ({ cache }, index) =>
      cache.putSnapshot({ nid: index as SnapshotNid, hash: '', roomNid: room, blocks: nids }),
  ],
  [
    'blocks',
    CACHE_SHARES.blocks,
    240 + 30 * 8,
    ({ cache }, index) => cache.putBlock({ nid: index as BlockNid, hash: '', entries: new Float64Array(30) }),
  ],
  [
    'event types both ways',
    CACHE_SHARES.types,
    2 * (100 + 10),
    ({ cache }, index) => cache.putType((index + 1_000) as EventTypeNid, textOf(index)),
  ],
  [
    'state keys both ways',
    CACHE_SHARES.stateKeys,
    2 * (100 + 10),
    ({ cache }, index) => cache.putStateKey((index + 1_000) as StateKeyNid, textOf(index)),
  ],
  [
    'pages of answers',
    CACHE_SHARES.pages,
    300 + 700,
    ({ cache }, index) => cache.pages.put(`page ${index}`, '', 700, 0),
  ],
  [
    'forward extremities',
    CACHE_SHARES.extremities,
    200 + 2 * 250,
    ({ cache, record }, index) =>
      cache.extremities.put((index + 1) as RoomNid, Extremities.of([record, record])),
  ],
  [
    'differences between states',
    CACHE_SHARES.differences,
    200 + 2 * 250,
    ({ cache }, index) => {
      const nobody = 0 as EventNid
      const change = { type: 1, stateKey: 1, from: nobody, to: nobody, fromId: undefined, toId: undefined }
      const changes = [change, change] as unknown as KnownDifference['changes']
      cache.differences.set((index + 1) as SnapshotNid, { from: 1 as SnapshotNid, changes })
    },
  ],
  [
    'resolutions',
    CACHE_SHARES.resolutions,
    600,
    ({ cache }, index) =>
      cache.resolutions.put((index + 1) as RoomNid, { bytes: 600 } as ContinuedResolution),
  ],
])(
  'holds of %s no more than their share of %d, and counts what each takes',
  async (_what, share, each, put) => {
    await using filled = await emptyCache()
    const { cache } = filled
    put(filled, 0)
    expect(cache.bytes).toBe(each)
    let most = 0
    for (let index = 1; index < 10_000; index++) {
      put(filled, index)
      most = Math.max(most, cache.bytes)
    }
    expect(most).toBeLessThanOrEqual(share * MAX_BYTES + each)
    expect(most).toBeGreaterThan(share * MAX_BYTES - 3 * each)
  },
)

it('parses an event once for as long as it has it, and another record of the event by itself', async () => {
  await using filled = await emptyCache()
  const { hs, cache } = filled
  const { rules, eventId } = (await RoomBuilder.create()).events[0] ?? fail()
  const record = (await hs.event(eventId)) ?? fail()
  const unknown = cache.pduOf(record, rules)
  expect(cache.pduOf(record, rules)).not.toBe(unknown)
  cache.putEvent(record)
  const pdu = cache.pduOf(record, rules)
  expect(cache.pduOf(record, rules)).toBe(pdu)
  expect(pdu).toEqual(unknown)
  const redacted = { ...record, json: record.json.replace('"creator"', '"was_creator"') }
  expect(cache.pduOf(redacted, rules).content).toHaveProperty('was_creator')
  expect(cache.pduOf(record, rules)).toBe(pdu)
  cache.putEvent(redacted, pdu)
  expect(cache.pduOf(redacted, rules)).toBe(pdu)
})

it('lets go of something of a room once it was taken, or another process has moved the room on', () => {
  const rooms = new RoomEpochs()
  const kept = new KeptOfRooms<{ readonly bytes: number }>(rooms, 1_000)
  const [one, other] = [1 as RoomNid, 2 as RoomNid]
  for (const nid of [one, other]) rooms.onRead({ nid, revision: 1 })
  const value = { bytes: 10 }
  for (const nid of [one, other]) kept.put(nid, value)
  expect([kept.of(one), kept.take(one), kept.take(one), kept.of(one)]).toEqual([
    value,
    value,
    undefined,
    undefined,
  ])
  kept.put(one, value)
  rooms.onRead({ nid: one, revision: 2 })
  expect([kept.of(one), kept.of(other)]).toEqual([undefined, value])
  kept.drop(other)
  expect(kept.of(other)).toBeUndefined()
  expect(kept.bytes).toBe(10)
})

it('remembers how long the longest resolution of a room took, and tells of each', async () => {
  await using filled = await emptyCache()
  const { cache } = filled
  const told: unknown[] = []
  cache.onResolved = (entries, ms) => told.push([entries, ms])
  for (const ms of [5, 9, 7]) cache.noteResolution(room, 2, ms)
  expect(cache.slowestResolutionMs(room)).toBe(9)
  expect(cache.slowestResolutionMs(2 as RoomNid)).toBe(0)
  expect(told).toEqual([
    [2, 5],
    [2, 9],
    [2, 7],
  ])
})

it.each(['room', 'roomsByNid'] as const)(
  'lets go of what another process has changed when the room is read by %s',
  async (how) => {
    await using filled = await emptyCache()
    const { hs } = filled
    const { nid, roomId } = await hs.room('!room:a')
    const cache = new RecordCache(hs.storage, MAX_BYTES)
    const store = watchedStore(hs.storage, cache)
    const read = async () => {
      if (how === 'room') return [await store.room(roomId)]
      return await store.roomsByNid([nid])
    }
    expect(await read()).toMatchObject([{ nid }])
    const before = [cache.rooms.of(nid), cache.rooms.rewrittenOf(nid)]
    await read()
    expect([cache.rooms.of(nid), cache.rooms.rewrittenOf(nid)]).toEqual(before)
    await hs.storage.moveRoom(roomId)
    await read()
    expect(cache.rooms.of(nid)).not.toBe(before[0])
    expect(cache.rooms.rewrittenOf(nid)).not.toBe(before[1])
    expect(await store.room('!unknown:a')).toBeUndefined()
  },
)

it('counts what it had and what had to be read, once for all who asked at the same time', async () => {
  await using filled = await emptyCache()
  const { hs } = filled
  const cache = new RecordCache(hs.storage, MAX_BYTES)
  const { nid } = filled.record
  const unknown = 1_000_000 as EventNid
  // The same event for questions about two rooms.
  const both = [
    cache.load({ kind: 'events', nids: [nid] }, room),
    cache.load({ kind: 'events', nids: [unknown, nid] }, 2 as RoomNid),
  ]
  const [one, other] = await Promise.all(both)
  expect(one).toBe(other)
  expect(cache.usage).toEqual({ hits: 0, misses: 1 })
  expect([cache.get('events', nid)?.nid, cache.get('events', unknown)]).toEqual([nid, undefined])
  expect(cache.usage).toEqual({ hits: 1, misses: 1 })
})

function fail(): never {
  throw new TypeError('not there')
}
