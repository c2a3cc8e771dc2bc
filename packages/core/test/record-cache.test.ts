import { RoomBuilder } from '@roomserver/testing'
import type { BlockNid, EventNid, EventTypeNid, RoomNid, SnapshotNid, StateKeyNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { RecordCache } from '../src/index.ts'
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

it.each<[string, number, number, (filled: Filled, index: number) => void]>([
  [
    'events with their IDs',
    0.6,
    700 + 500 * 3 + 160,
    ({ cache, record }, index) =>
      cache.putEvent({ ...record, nid: (index + 1) as EventNid, eventId: `$${index}` }),
  ],
  [
    'snapshots',
    0.05,
    240 + 3 * 8,
    ({ cache }, index) =>
      cache.putSnapshot({ nid: index as SnapshotNid, hash: '', roomNid: room, blocks: nids }),
  ],
  [
    'blocks',
    0.15,
    240 + 30 * 8,
    ({ cache }, index) => cache.putBlock({ nid: index as BlockNid, hash: '', entries: new Float64Array(30) }),
  ],
  [
    'event types both ways',
    0.02,
    2 * (100 + 10),
    ({ cache }, index) => cache.putType((index + 1_000) as EventTypeNid, textOf(index)),
  ],
  [
    'state keys both ways',
    0.04,
    2 * (100 + 10),
    ({ cache }, index) => cache.putStateKey((index + 1_000) as StateKeyNid, textOf(index)),
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
    expect(most).toBeGreaterThan(share * MAX_BYTES * 0.8)
  },
)
