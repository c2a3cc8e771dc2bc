import type { Bus, StreamAccess } from '@roomserver/producers'
import { openStorage } from '@roomserver/storage'
import { type HistoryPurgeRecord, newRoom, NO_CHANGES, NO_NID, type PurgeRecord } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { type FaultPoint, observedBus, observedStore, onWrite, stepsOf } from './fault-points.ts'
import { timedBus } from './outputs/timed-bus.ts'

it('tells of statements that write, and of no others', () => {
  const points: FaultPoint[] = []
  const tell = onWrite((point) => points.push(point))
  for (const sql of ['insert into a', 'UPDATE a', 'delete from a', 'with a as (b) select 1']) tell(sql)
  expect(points).toEqual(['writing', 'writing', 'writing', 'writing'])
  for (const sql of ['select 1', 'begin', 'commit', 'inserted', 'explain insert into a']) tell(sql)
  expect(points).toHaveLength(4)
})

describe('an observed store', () => {
  it('does what the store does, and tells before and after each step', async () => {
    await using storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
    const points: FaultPoint[] = []
    const store = observedStore(storage, (point) => points.push(point))
    const told = async (work: () => Promise<unknown>): Promise<readonly FaultPoint[]> => {
      points.length = 0
      await work()
      return [...points]
    }
    const room = newRoom({ nid: await store.allocate('room', 1), roomId: '!r:a', version: '10' })
    const outputs = [{ roomNid: room.nid, seq: 1, kind: 'new_peek', event: NO_NID, body: '{}' } as const]
    expect(await told(() => store.enqueue([{ roomId: '!r:a', payload: '{}' }], 'gone'))).toEqual([
      'queueing',
      'queued',
    ])
    expect(await told(() => store.claimInbox('me', 10))).toEqual(['claiming', 'claimed'])
    expect(
      await told(() => store.commit([{ room, next: { ...room, outputSeq: 1 }, ...NO_CHANGES, outputs }])),
    ).toEqual(['committed'])
    expect(await store.inbox(0, 10)).toHaveLength(1)
    const [waiting] = await store.waitingOutputs(0, 10)
    const delivered = [{ position: waiting?.position ?? 0, sequence: 1 }]
    expect(await told(() => store.nextOutputs([], 10))).toEqual([])
    expect(await told(() => store.nextOutputs(delivered, 10))).toEqual(['dropping', 'dropped'])
    expect(await store.waitingOutputs(0, 10)).toEqual([])
    expect(await told(() => store.requeueDelivered(0, 10))).toEqual(['requeueing', 'requeued'])
    expect(await store.waitingOutputs(0, 10)).toHaveLength(1)
    expect(await told(() => store.recordDelivered(delivered))).toEqual(['dropping', 'dropped'])
    const retention = { maxCount: 1, maxBytes: 1, maxAgeMs: 1 }
    expect(await told(() => store.trimOutputs(retention, 0, 10))).toEqual(['trimming', 'trimmed'])
    const purge = { roomId: '!gone:a', roomNid: 99_999 } as PurgeRecord
    const purging = await told(async () => {
      for await (const _ of store.purgeRows(purge));
    })
    expect(new Set(purging)).toEqual(new Set(['purging']))
  })

  it('tells of each slice of a history that is purged', async () => {
    await using storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
    const asked: unknown[] = []
    const slices = async function* (...call: readonly unknown[]) {
      asked.push(call)
      yield
      yield
    }
    const points: FaultPoint[] = []
    const fake = { ...storage, removeHistory: slices, deleteHistory: slices }
    const store = observedStore(fake, (point) => points.push(point))
    const purge = { roomId: '!r:a' } as HistoryPurgeRecord
    let seen = 0
    for await (const _ of store.removeHistory(purge, { now: 5, slice: 2 })) seen++
    for await (const _ of store.deleteHistory(purge, 3)) seen++
    expect(points).toEqual(['removing', 'removing', 'deleting', 'deleting'])
    expect([seen, asked]).toEqual([
      4,
      [
        [purge, { now: 5, slice: 2 }],
        [purge, 3],
      ],
    ])
  })

  it('tells of nothing behind a step that failed', async () => {
    await using storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
    const points: FaultPoint[] = []
    const failing = { ...storage, claimInbox: () => Promise.reject(new Error('away')) }
    await expect(observedStore(failing, (point) => points.push(point)).claimInbox('me', 1)).rejects.toThrow(
      'away',
    )
    expect(points).toEqual(['claiming'])
  })
})

it('tells of the steps of events, and not of those that are of no event', () => {
  const points: FaultPoint[] = []
  const tell = stepsOf((point) => points.push(point))
  const step = (kind: string, more: object = {}) => tell({ kind, ...more } as Parameters<typeof tell>[0])
  step('reading-references')
  step('deciding', { eventId: '$e' })
  step('committing')
  step('answering')
  expect(points).toEqual(['reading', 'deciding', 'committing', 'answering'])
  step('deciding')
  step('waiting')
  expect(points).toHaveLength(4)
})

/** A message server of which everything is known. */
function busOf(more: Partial<Bus> = {}): Bus & { readonly calls: unknown[] } {
  const calls: unknown[] = []
  return {
    calls,
    lastSequence: async () => 7,
    publish: async (...call) => {
      calls.push(call)
      return { sequence: 8, isDuplicate: false }
    },
    isConnected: true,
    isClosed: false,
    maxPayloadBytes: 9,
    close: async () => void calls.push('close'),
    ...more,
  }
}

describe.each<readonly [string, (bus: Bus, told: (what: unknown) => void) => Bus, readonly unknown[]]>([
  ['an observed bus', (bus, told) => observedBus(bus, told), ['publishing', 'published']],
  ['a timed bus', (bus, told) => timedBus(bus, told), [expect.any(Number)]],
])('%s', (_what, wrap, expected) => {
  it('is the bus, and tells of what it stores', async () => {
    const stream = {} as StreamAccess
    const bus = busOf({ stream })
    const told: unknown[] = []
    const wrapped = wrap(bus, (what) => told.push(what))
    expect(wrapped.stream).toBe(stream)
    expect(await wrapped.lastSequence()).toBe(7)
    const message = { id: '1', roomId: '!r', payload: '{}' }
    expect(await wrapped.publish(message, 7)).toEqual({ sequence: 8, isDuplicate: false })
    expect(told).toEqual(expected)
    await wrapped.close()
    expect(bus.calls).toEqual([[message, 7], 'close'])
    expect(told).toEqual(expected)
  })

  it.each([
    { isConnected: true, isClosed: false, maxPayloadBytes: 9 },
    { isConnected: false, isClosed: true, maxPayloadBytes: 10 },
  ])('shows how the bus is: %j', (how) => {
    const { isConnected, isClosed, maxPayloadBytes, stream } = wrap(busOf(how), () => undefined)
    expect({ isConnected, isClosed, maxPayloadBytes }).toEqual(how)
    expect(stream).toBeUndefined()
  })

  it('tells of no message that was not stored', async () => {
    const told: unknown[] = []
    const wrapped = wrap(busOf({ publish: () => Promise.reject(new Error('away')) }), (what) =>
      told.push(what),
    )
    await expect(wrapped.publish({ id: '1', roomId: '!r', payload: '' }, 0)).rejects.toThrow('away')
    expect(told).toEqual(expected.slice(0, -1))
  })
})
