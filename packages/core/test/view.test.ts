import { InputKind } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import {
  type Suspendable,
  type BlockNid,
  type BlockRecord,
  drive,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  NO_NID,
  type SnapshotNid,
  type SnapshotRecord,
  type StateKeyNid,
} from '@roomserver/types'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { RecordCache } from '../src/index.ts'
import { RoomGraph } from '../src/graph/room-graph.ts'
import { runOnView } from '../src/view/run.ts'
import {
  eventsInGraph,
  eventsOf,
  eventsWithIds,
  eventWithId,
  idsOf,
  passEventsWithIds,
  stateKeyNidOf,
  typeNidOf,
} from '../src/view/reads.ts'
import type { Need } from '../src/view/record-kinds.ts'
import { isStoredState, stateForTuples, stateOfType, wholeState } from '../src/view/state-at.ts'
import { View } from '../src/view/view.ts'
import { Homeserver } from './homeserver.ts'

it('holds no more names of event types than the cache may, however many rooms make up', async () => {
  await using hs = await Homeserver.start()
  const cache = new RecordCache(hs.storage, 1_000_000)
  for (let nid = 70_000; nid < 90_000; nid++) cache.putType(nid as EventTypeNid, `org.example.type.${nid}`)
  expect(cache.bytes).toBeLessThan(30_000)
  expect(cache.get('types', 'org.example.type.89999')).toBe(89_999)
  expect(cache.get('types', 'org.example.type.70000')).toBeUndefined()
  expect(cache.get('types', 'm.room.create')).toBe(1)
  expect(cache.get('type-names', 1 as EventTypeNid)).toBe('m.room.create')
})

describe('the cache', () => {
  const MAX_BYTES = 200_000
  const event = (nid: number): EventRecord =>
    ({ nid, roomNid: 1, eventId: `$${nid}`, json: '{}', before: 1 }) as unknown as EventRecord

  it.each<
    readonly [
      string,
      number,
      (cache: RecordCache, nid: number) => void,
      (cache: RecordCache, nid: number) => unknown,
    ]
  >([
    [
      'events',
      0.6,
      (cache, nid) => cache.putEvent(event(nid)),
      (cache, nid) => cache.eventById(`$${nid}`)?.nid,
    ],
    [
      'snapshots',
      0.05,
      (cache, nid) => cache.putSnapshot({ nid, blocks: [1, 2] } as unknown as SnapshotRecord),
      (cache, nid) => cache.get('snapshots', nid as SnapshotNid)?.nid,
    ],
    [
      'blocks',
      0.15,
      (cache, nid) => cache.putBlock({ nid, entries: new Uint8Array(24) } as unknown as BlockRecord),
      (cache, nid) => cache.get('blocks', nid as BlockNid)?.nid,
    ],
    [
      'types',
      0.02,
      (cache, nid) => cache.putType(nid as EventTypeNid, `type ${nid}`),
      (cache, nid) => cache.get('types', `type ${nid}`),
    ],
    [
      'state keys',
      0.04,
      (cache, nid) => cache.putStateKey(nid as StateKeyNid, `key ${nid}`),
      (cache, nid) => cache.get('state-keys', `key ${nid}`),
    ],
  ])('takes no more for %s than their part of it, and keeps the latest', async (_what, part, put, get) => {
    await using hs = await Homeserver.start()
    const cache = new RecordCache(hs.storage, MAX_BYTES)
    expect(cache.bytes).toBe(0)
    for (let nid = 100_000; nid < 102_000; nid++) put(cache, nid)
    expect(cache.bytes).toBeLessThanOrEqual(MAX_BYTES * part * 1.1)
    expect(cache.bytes).toBeGreaterThan(MAX_BYTES * part * 0.3)
    expect(get(cache, 101_999)).toBe(101_999)
    expect(get(cache, 100_000)).toBeUndefined()
  })

  it('keeps what was read, for all who need it later', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    for (let i = 0; i < 100; i++) await room.state('org.example.thing', `key ${i}`, { i })
    await hs.takeAll(room.events)
    const { current } = await hs.room(room.roomId)
    const cache = new RecordCache(hs.storage, 16_000_000)
    const reads = (
      ['snapshots', 'blocks', 'eventsByNid', 'eventTypesByName', 'stateKeysByText', 'eventsById'] as const
    ).map((name) => vi.spyOn(hs.storage, name))
    const tuples = [
      { type: 'org.example.thing', stateKey: 'key 7' },
      { type: 'org.example.thing', stateKey: 'key of nothing' },
    ]
    const look = () =>
      runOnView(cache, function* (view) {
        const [nid = 0, none] = yield* stateForTuples(view, current, tuples)
        const entries = yield* wholeState(view, current)
        const [record] = yield* eventsOf(view, [nid as EventNid])
        const known = yield* isStoredState(view, current)
        return [
          record?.json,
          entries.length,
          none,
          known,
          (yield* eventWithId(view, record?.eventId ?? ''))?.nid === nid,
        ]
      })
    const expected = [room.events[11]?.json, 104, NO_NID, true, true]
    expect(await look()).toEqual(expected)
    expect(reads.map(({ mock }) => mock.calls.length > 0)).toEqual([true, true, true, true, true, false])
    for (const read of reads) read.mockClear()
    expect(await look()).toEqual(expected)
    // That a name is nobody's is not kept: it may be somebody's by then.
    const texts = reads.map(({ mock }) => mock.calls.flatMap((call): readonly unknown[] => call[0]))
    expect(texts).toEqual([[], [], [], [], ['key of nothing'], []])
    const names = await runOnView(cache, function* (view) {
      const type = yield* typeNidOf(view, 'org.example.thing')
      const key = yield* stateKeyNidOf(view, 'key 7')
      return [view.typeName(type ?? (0 as EventTypeNid)), view.stateKeyText(key ?? (0 as StateKeyNid))]
    })
    expect(names).toEqual(['org.example.thing', 'key 7'])
  })
})

// What was in the cache when it was looked for can be dropped while the rest is loaded.
it('reads more than the cache can hold', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let index = 0; index < 60; index++) await room.message(`message ${index}`)
  await hs.takeAll(room.events)
  const ids = room.events.map((event) => event.eventId)
  const nids = (await hs.storage.eventsById(ids)).map((event) => event.nid)
  const cache = new RecordCache(hs.storage, 40_000)
  for (const few of [1, 10, 60]) {
    await runOnView(cache, (view) => eventsOf(view, nids.slice(0, few)))
    const byNid = await runOnView(cache, (view) => eventsOf(view, nids))
    expect(byNid.map((event) => event.nid)).toEqual(nids)
    const byId = await runOnView(cache, (view) => eventsWithIds(view, ids))
    expect(byId.map((event) => event?.eventId)).toEqual(ids)
  }
})

/** Runs a computation over a view and notes what it asked the store for; `yield point` where it only lets others have a turn. */
async function noted<Result>(
  hs: Homeserver,
  compute: (view: View) => Suspendable<Need, Result>,
  view = new View(new RecordCache(hs.storage, 16_000_000)),
): Promise<{ readonly result: Result; readonly asked: readonly unknown[]; readonly view: View }> {
  const asked: unknown[] = []
  function* noting(): Suspendable<Need, Result> {
    const computation = compute(view)
    for (;;) {
      const step = computation.next()
      if (step.done === true) return step.value
      asked.push(step.value === undefined ? 'breath' : sizeOf(step.value))
      yield step.value
    }
  }
  const result = await drive(
    noting(),
    (need) => view.load(need),
    () => Promise.resolve(),
  )
  return { result, asked, view }
}

function sizeOf(need: Need): string {
  const [list] = Object.values(need).filter((value) => Array.isArray(value))
  return `${need.kind} ${list?.length}`
}

describe('events that are asked for', () => {
  /** So many messages that are stored. */
  async function messages(count: number) {
    const hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const prev = room.extremities
    for (let i = 0; i < count; i++) await room.message(`${i}`, { prev: i === 0 ? prev : room.extremities })
    await Promise.all(room.events.map((event) => hs.take(event)))
    const ids = room.events.slice(4).map((event) => event.eventId)
    const records = await hs.storage.eventsById(ids)
    const nids = ids.map((id) => records.find(({ eventId }) => eventId === id)?.nid ?? (0 as EventNid))
    return { hs, room, ids, nids }
  }

  it.each([
    [200, ['200'], []],
    [201, ['200', '1'], ['breath']],
  ])('are read so many at a time (%i), and once', async (count, sizes, yields) => {
    const { hs, ids, nids } = await messages(count)
    await using _ = hs
    const byNid = await noted(hs, (view) => eventsOf(view, nids))
    expect(byNid.result.map(({ nid }) => nid)).toEqual(nids)
    expect(byNid.asked).toEqual(sizes.map((size) => `events ${size}`))
    // What is at hand is not asked for; a long list of it is gone through with turns for others in between.
    expect((await noted(hs, (view) => eventsOf(view, nids), byNid.view)).asked).toEqual(yields)

    const byId = await noted(hs, (view) => eventsWithIds(view, ids))
    expect(byId.result.map((event) => event?.eventId)).toEqual(ids)
    expect(byId.asked).toEqual(sizes.map((size) => `events-by-id ${size}`))
    expect((await noted(hs, (view) => eventsWithIds(view, ids), byId.view)).asked).toEqual(yields)

    const names = await noted(hs, (view) => idsOf(view, nids))
    expect(names.result).toEqual(ids)
    expect(names.asked).toEqual(
      sizes.flatMap((size, index) => [`events ${size}`, ...(index > 0 ? ['breath'] : [])]),
    )
    expect((await noted(hs, (view) => idsOf(view, nids), names.view)).asked).toEqual(yields)
  })

  it('are told of with their places, those that are not stored too, and let go of again', async () => {
    const { hs, ids } = await messages(201)
    await using _ = hs
    const wanted = [...ids.slice(0, 100), '$unknown', ...ids.slice(100)]
    const seen: unknown[] = []
    const { view, asked } = await noted(hs, (own) =>
      passEventsWithIds(own, wanted, (record, index) => seen.push([record?.eventId, index])),
    )
    expect(seen).toEqual(wanted.map((id, index) => [id === '$unknown' ? undefined : id, index]))
    expect(asked).toEqual(['events-by-id 200', 'breath', 'events-by-id 2', 'breath'])
    // That one does not exist is remembered: it is looked for once.
    expect(view.held).toEqual({ byNid: 0, byId: 1 })
    expect((await noted(hs, (own) => eventWithId(own, '$unknown'), view)).asked).toEqual([])
  })

  it('stay where the computation had them before, or has put them itself', async () => {
    const { hs, ids, nids } = await messages(3)
    await using _ = hs
    const { view } = await noted(hs, (own) => eventsOf(own, nids.slice(0, 1)))
    const { held } = view
    expect(held).toEqual({ byNid: 1, byId: 0 })
    await noted(hs, (own) => eventsOf(own, nids), view)
    await noted(hs, (own) => eventsWithIds(own, ids), view)
    const added = { ...(view.event(nids[2] as EventNid) ?? fail()), json: '{}' }
    view.addEvent(added)
    view.forget(held)
    expect(view.held).toEqual({ byNid: 2, byId: 1 })
    expect(view.event(nids[2] as EventNid)).toBe(added)
    expect(view.eventById(ids[2] as string)).toBe(added)
    // Their IDs are known all the same.
    expect(nids.map((nid) => view.eventId(nid))).toEqual(ids)
  })

  it('are an error where one does not exist that something refers to', async () => {
    const { hs, nids } = await messages(1)
    await using _ = hs
    const unknown = 999_999 as EventNid
    const error = { code: 'STORE_DAMAGED', message: 'a referenced event is not stored' }
    await expect(noted(hs, (view) => eventsOf(view, [...nids, unknown]))).rejects.toMatchObject(error)
    await expect(noted(hs, (view) => idsOf(view, [unknown]))).rejects.toMatchObject(error)
    const snapshot = 999_999 as never
    await expect(noted(hs, (view) => wholeState(view, snapshot))).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: 'a referenced state is not stored',
    })
  })

  it('lead to those in the graph of the room, and not beside it or elsewhere', async () => {
    const { hs, room, ids } = await messages(1)
    await using _ = hs
    const beside = await room.message('beside')
    await hs.take(beside, { kind: InputKind.outlier })
    const other = await RoomBuilder.create({ roomId: '!other:a' })
    await hs.takeAll(other.events)
    const { nid } = await hs.room(room.roomId)
    const wanted = [other.events[0]?.eventId ?? '', beside.eventId, '$unknown', ...ids]
    const view = new View(hs.cache, nid)
    const { result } = await noted(hs, (own) => eventsInGraph(own, wanted), view)
    expect(result.map(({ eventId }) => eventId)).toEqual(ids)
  })

  it('are read for all who ask in the same turn at once', async () => {
    const { hs, ids } = await messages(4)
    await using _ = hs
    const cache = new RecordCache(hs.storage, 16_000_000)
    const reads = vi.spyOn(hs.storage, 'eventsById')
    const asked = ids.map((id) => runOnView(cache, (view) => eventWithId(view, id)))
    expect((await Promise.all(asked)).map((event) => event?.eventId)).toEqual(ids)
    expect(reads.mock.calls).toEqual([[ids]])
    await runOnView(cache, (view) => eventsWithIds(view, ids))
    expect(reads).toHaveBeenCalledTimes(1)
  })

  it.each([499, 500, 501])('make up the graph of a room, all %i of them', async (count) => {
    const { hs, room, nids } = await messages(count - 4)
    await using _ = hs
    const { roomId } = room
    const graph = new RoomGraph(room.rules)
    await hs.input.runTask({
      roomId,
      version: '10',
      name: 'the graph',
      bytes: 1,
      *decide() {
        yield { kind: 'graph', into: graph }
      },
    })
    expect(nids.map((nid) => graph.node(nid)?.nid)).toEqual(nids)
    expect(
      (await hs.storage.eventsOfRoom((await hs.room(roomId)).nid, NO_NID as EventNid, 1_000)).length,
    ).toBe(count)
  })
})

describe('names that are asked for', () => {
  it('are known, or known not to exist, once they were looked for', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    await room.state('org.example.thing', 'key', {})
    await hs.takeAll(room.events)
    const type = await noted(hs, (view) => typeNidOf(view, 'org.example.thing'))
    expect(type).toMatchObject({ asked: ['types 1'], result: expect.any(Number) })
    expect((await noted(hs, (view) => typeNidOf(view, 'org.example.thing'), type.view)).asked).toEqual([])
    expect(await noted(hs, (view) => typeNidOf(view, 'org.example.none'), type.view)).toMatchObject({
      result: null,
      asked: ['types 1'],
    })
    expect(await noted(hs, (view) => typeNidOf(view, 'org.example.none'), type.view)).toMatchObject({
      result: null,
      asked: [],
    })
    expect(await noted(hs, (view) => stateKeyNidOf(view, ''), type.view)).toMatchObject({
      result: 1,
      asked: [],
    })
    const key = await noted(hs, (view) => stateKeyNidOf(view, 'key'), type.view)
    expect(key).toMatchObject({ asked: ['state-keys 1'], result: expect.any(Number) })
    expect(await noted(hs, (view) => stateKeyNidOf(view, 'none'), type.view)).toMatchObject({
      result: null,
      asked: ['state-keys 1'],
    })
    // And the other way round, in another process.
    const view = new View(new RecordCache(hs.storage, 16_000_000))
    await Promise.all([
      view.load({ kind: 'type-names', nids: [type.result as EventTypeNid] }),
      view.load({ kind: 'state-key-texts', nids: [key.result as StateKeyNid] }),
    ])
    expect(view.typeName(type.result as EventTypeNid)).toBe('org.example.thing')
    expect(view.stateKeyText(key.result as StateKeyNid)).toBe('key')
    expect(view.typeNid('org.example.thing')).toBe(type.result)
  })

  it.each([200, 201])('of a state are looked for so many at a time (%i)', async (count) => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const things = await Promise.all([1, 2].map((i) => room.state('org.example.thing', `key ${i}`, { i })))
    await hs.takeAll(room.events)
    const { current } = await hs.room(room.roomId)
    const unknown = Array.from({ length: count - 2 }, (_, i) => ({
      type: `org.example.${i}`,
      stateKey: `${i}`,
    }))
    const tuples = [
      { type: 'org.example.thing', stateKey: 'key 1' },
      ...unknown,
      { type: 'org.example.thing', stateKey: 'key 2' },
    ]
    const { result, asked } = await noted(hs, (view) => stateForTuples(view, current, tuples))
    const nids = await hs.storage.eventsById(things.map(({ eventId }) => eventId))
    const nidOf = (index: number) => nids.find(({ eventId }) => eventId === things[index]?.eventId)?.nid
    expect(result).toEqual([nidOf(0), ...unknown.map(() => NO_NID), nidOf(1)])
    const names = asked.filter((what) => /^(types|state-keys|breath)/.test(String(what)))
    expect(names).toEqual(
      count === 200
        ? ['types 200', 'state-keys 200']
        : // The type of the last one is known by then.
          ['types 200', 'state-keys 200', 'breath', 'state-keys 1'],
    )
  })

  it('of a state are looked for in all its blocks at once, and one of them from the newest block down', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    for (let i = 0; i < 12; i++) await room.state('org.example.thing', `${i}`, { i })
    await hs.takeAll(room.events)
    const { current } = await hs.room(room.roomId)
    const [snapshot] = await hs.storage.snapshots([current])
    const count = snapshot?.blocks.length ?? 0
    expect(count).toBeGreaterThan(2)
    const create = { type: 'm.room.create', stateKey: '' }
    const blocksAskedFor = async (tuples: Parameters<typeof stateForTuples>[2]) => {
      const { asked } = await noted(hs, (view) => stateForTuples(view, current, tuples))
      return asked.filter((what) => String(what).startsWith('blocks'))
    }
    expect(await blocksAskedFor([create, { ...create, type: 'm.room.name' }])).toEqual([`blocks ${count}`])
    expect(await blocksAskedFor([create])).toEqual(['blocks 1', `blocks ${count - 2}`, 'blocks 1'])
  })

  it('are known of a whole state and of one type of it, with turns for others while it is listed', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    for (let i = 0; i < 396; i++)
      await room.state('org.example.thing', `${i}`, { i }, { auth: room.events.slice(0, 3) })
    await Promise.all(room.events.map((event) => hs.take(event)))
    const { current } = await hs.room(room.roomId)
    const whole = await noted(hs, (view) => wholeState(view, current))
    expect(whole.result).toHaveLength(400)
    expect(whole.asked.filter((what) => what === 'breath')).toHaveLength(2)
    const things = await noted(hs, (view) => stateOfType(view, current, 'org.example.thing'))
    expect(things.result).toHaveLength(396)
    expect(things.asked.filter((what) => what === 'breath')).toHaveLength(1)
    expect(await noted(hs, (view) => stateOfType(view, current, 'org.example.none'))).toMatchObject({
      result: [],
    })
    expect((await noted(hs, (view) => wholeState(view, NO_NID as never))).result).toEqual([])
  })
})

describe('what a computation has of an event', () => {
  /** A record that the cache does not keep, and a view of it. */
  async function uncached() {
    const hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    await hs.takeAll(room.events)
    const record = (await hs.event(room.events[1]?.eventId ?? '')) ?? fail()
    const view = new View(new RecordCache(hs.storage, 10))
    return { hs, room, record, view, [Symbol.asyncDispose]: () => hs[Symbol.asyncDispose]() }
  }

  it('is parsed once, also where the cache does not keep it', async () => {
    await using one = await uncached()
    const { record, view, room } = one
    const pdu = view.pduOf(record, room.rules)
    expect(pdu.json).toBe(record.json)
    expect(view.pduOf(record, room.rules)).toBe(pdu)
    expect(view.authPduOf(record, room.rules)).toBe(pdu)
    const redacted = { ...record, authContent: '{"content":{"third_party_invite":{}}}' }
    const authPdu = view.authPduOf(redacted, room.rules)
    expect(authPdu.content).toEqual({ membership: 'join', third_party_invite: {} })
    expect(view.authPduOf(redacted, room.rules)).toBe(authPdu)
    expect(view.pduOf(redacted, room.rules).content).toEqual({ membership: 'join' })
  })

  it('is what it has put there itself, whatever is read later', async () => {
    await using one = await uncached()
    const { record, view } = one
    const changed = { ...record, verdict: 'soft-failed' as const }
    const loaded = Promise.all([
      view.load({ kind: 'events', nids: [record.nid] }),
      view.load({ kind: 'events-by-id', ids: [record.eventId] }),
    ])
    view.addEvent(changed)
    await loaded
    view.addAbsent(record.eventId)
    expect([view.event(record.nid), view.eventById(record.eventId)]).toEqual([changed, changed])
    view.addAbsent('$unknown')
    expect([view.eventById('$unknown'), view.eventById('$not looked for')]).toEqual([null, undefined])
  })

  it('belongs to a state that is stored with all its blocks, or not', async () => {
    await using one = await uncached()
    const { hs, room } = one
    const { current } = await hs.room(room.roomId)
    const without = (kind: 'blocks' | 'snapshots') => {
      const store = { ...hs.storage, [kind]: async () => [] }
      return noted(hs, (view) => isStoredState(view, current), new View(new RecordCache(store, 10_000)))
    }
    const isStored = (nid: number) => noted(hs, (view) => isStoredState(view, nid as SnapshotNid))
    expect((await isStored(current)).result).toBe(true)
    expect(await isStored(NO_NID)).toMatchObject({ result: true, asked: [] })
    expect((await isStored(999_999)).result).toBe(false)
    expect((await without('blocks')).result).toBe(false)
    expect((await without('snapshots')).result).toBe(false)
  })
})

it('keeps what was read of an event no longer than until another process changes it', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const oops = await room.message('oops')
  await hs.takeAll(room.events)
  const read = () => runOnView(hs.cache, (view) => eventWithId(view, oops.eventId))
  const reads = vi.spyOn(hs.storage, 'eventsById')
  expect((await read())?.redactedBy).toBe(0)
  expect(reads).not.toHaveBeenCalled()
  const other = hs.beside()
  await other.take(await room.redact(oops))
  hs.cache.rooms.onRead(await hs.room(room.roomId))
  expect((await read())?.redactedBy).not.toBe(0)
  await other.input.close()
})

function fail(): never {
  throw new Error('not there')
}

it('lets others have a turn after some work, however many questions are worked on at the same time', async () => {
  // The clock moves with the work alone: each step takes a millisecond.
  let steps = 0
  vi.spyOn(performance, 'now').mockImplementation(() => steps)
  onTestFinished(() => void vi.restoreAllMocks())
  const cache = new RecordCache((await Homeserver.start()).storage, 1_000_000)
  function* long(): Suspendable<Need, string> {
    for (let step = 0; step < 100; step++) {
      steps++
      yield undefined
    }
    return 'done'
  }
  const questions = Array.from({ length: 50 }, () => runOnView(cache, long))
  // Each began; from now on they share the turns.
  await nextTurn()
  const before = steps
  for (let turns = 0; turns < 20; turns++) await nextTurn()
  expect(steps - before).toBeLessThan(20 * 10)
  expect(new Set(await Promise.all(questions))).toEqual(new Set(['done']))
})

/** The next turn of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
