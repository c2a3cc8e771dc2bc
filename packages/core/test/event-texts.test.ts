import { RoomBuilder } from '@roomserver/testing'
import { NO_NID } from '@roomserver/types'
import { expect, it } from 'vitest'
import { RecordCache } from '../src/index.ts'
import { clientEvent } from '../src/query/client-event.ts'
import { authEventsOf, textsInChunks } from '../src/query/event-texts.ts'
import { runOnView } from '../src/view/run.ts'
import { eventsOf } from '../src/view/reads.ts'
import { Homeserver, inputOf } from './homeserver.ts'
import { WatchedProcess } from './watched-process.ts'

/** More events than are read at a time, one of them redacted. */
async function stored() {
  const hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const first = await room.message('first')
  for (let index = 0; index < 300; index++) await room.message(`message ${index}`)
  await room.redact(first)
  const inputs = room.events.map((event) => inputOf(event))
  await hs.input.inputRoomEvents({ input_room_events: inputs, async: false })
  const records = await hs.storage.eventsById(room.events.map((event) => event.eventId))
  return { hs, room, records }
}

it('reads very many events past the cache, in their order', async () => {
  const { hs, room, records } = await stored()
  await using _hs = hs
  const inRoom = await hs.room(room.roomId)
  const cache = new RecordCache(hs.storage, 20_000)
  const nids = Array.from({ length: 20 }, () => records.map((record) => record.nid).toReversed()).flat()
  await runOnView(cache, (view) => eventsOf(view, nids.slice(5, 10)))
  const read = async (wanted: typeof nids) => {
    const texts = []
    for await (const chunk of textsInChunks({ store: hs.storage, cache }, inRoom, wanted))
      texts.push(...chunk)
    return texts.map(({ nid, eventId, json }) => ({ nid, eventId, json }))
  }
  const plain = records.map(({ nid, eventId, json }) => ({ nid, eventId, json }))
  expect(await read(nids)).toEqual(Array.from({ length: 20 }, () => plain.toReversed()).flat())
  const unknown = Math.max(...nids) + 1_000_000
  await expect(read([...nids, unknown as (typeof nids)[number]])).rejects.toMatchObject({
    code: 'STORE_DAMAGED',
  })
})

it.each([
  [5_000, true],
  [5_001, false],
])('reads %i events and what they reference, and keeps them in the cache: %s', async (count, areKept) => {
  const { hs, room, records } = await stored()
  await using _hs = hs
  const inRoom = await hs.room(room.roomId)
  const known = records.map(({ nid }) => nid)
  const nids = Array.from({ length: count }, (_, index) => known[index % known.length] ?? NO_NID)
  const isKept = (cache: RecordCache) => known.filter((nid) => cache.event(nid) !== undefined).length > 0

  const cache = new RecordCache(hs.storage, 16 * 1024 * 1024)
  const texts = []
  for await (const chunk of textsInChunks({ store: hs.storage, cache }, inRoom, nids)) texts.push(...chunk)
  expect(texts.map(({ nid }) => nid)).toEqual(nids)
  expect(isKept(cache)).toBe(areKept)

  const others = new RecordCache(hs.storage, 16 * 1024 * 1024)
  const referenced = await authEventsOf({ store: hs.storage, cache: others }, nids)
  const auth = new Set(room.events.flatMap(({ authEvents }) => authEvents))
  const ids = (await hs.storage.eventsByNid(referenced)).map(({ eventId }) => eventId)
  expect(ids.toSorted()).toEqual([...auth].toSorted())
  expect(isKept(others)).toBe(areKept)
})

it.each([
  [0, []],
  [1, [1]],
  [128, [128]],
  [129, [128, 1]],
  [256, [128, 128]],
])('gives %i events in parts of %j', async (count, sizes) => {
  const { hs, room, records } = await stored()
  await using _hs = hs
  const nids = records.slice(0, count).map(({ nid }) => nid)
  const parts: number[] = []
  const { storage: store, cache } = hs
  for await (const part of textsInChunks({ store, cache }, await hs.room(room.roomId), nids))
    parts.push(part.length)
  expect(parts).toEqual(sizes)
})

it('reads past the cache what the cache does not have, and each event once in a part', async () => {
  const { hs, room, records } = await stored()
  await using _hs = hs
  const known = records.slice(0, 256)
  const twice = known.flatMap(({ nid }) => [nid, nid])
  const nids = Array.from({ length: 10 }, () => twice).flat()
  const inRoom = await hs.room(room.roomId)
  const texts = new WatchedProcess(hs.storage)
  const references = new WatchedProcess(hs.storage)
  for (const { cache } of [texts, references]) for (const record of known.slice(100)) cache.putEvent(record)
  for await (const part of textsInChunks(texts.context, inRoom, nids)) expect(part).toHaveLength(128)
  expect(await authEventsOf(references.context, nids)).not.toEqual([])
  for (const { needless, reads } of [texts, references]) {
    expect(needless).toEqual([])
    // Of the 40 parts, those that lack something, ten times.
    const [first, second] = reads
    expect([first?.length, second?.length, reads.length]).toEqual([64, 36, 20])
  }
})

it('reads no more of very many events when nobody waits for them', async () => {
  const { hs, room, records } = await stored()
  await using _hs = hs
  const inRoom = await hs.room(room.roomId)
  const nids = Array.from({ length: 20 }, () => records.map(({ nid }) => nid)).flat()
  const watched = () => {
    const process = new WatchedProcess(hs.storage)
    const gone = new AbortController()
    process.onRead = (count) => count === 2 && gone.abort(new Error('gone'))
    return { process, context: { ...process.context, gone: gone.signal } }
  }
  const texts = watched()
  const readAll = async () => {
    let count = 0
    for await (const part of textsInChunks(texts.context, inRoom, nids)) count += part.length
    return count
  }
  await expect(readAll()).rejects.toThrow('gone')
  const references = watched()
  await expect(authEventsOf(references.context, nids)).rejects.toThrow('gone')
  for (const { process } of [texts, references]) expect(process.reads).toHaveLength(2)
})

it('gives clients what an event says', async () => {
  const { hs, room, records } = await stored()
  await using _hs = hs
  const parsed = await runOnView(hs.cache, function* (view) {
    const events = yield* eventsOf(
      view,
      records.map((record) => record.nid),
    )
    return events.map((event) => view.pduOf(event, room.rules))
  })
  const given = records.map((record) => clientEvent(record, room.roomId))
  expect(given).toMatchObject(
    parsed.map((pdu) => ({
      content: pdu.content,
      event_id: pdu.eventId,
      origin_server_ts: pdu.originServerTs,
      room_id: pdu.roomId,
      sender: pdu.sender,
      state_key: pdu.stateKey ?? null,
      type: pdu.type,
      redacts: pdu.redacts ?? '',
    })),
  )
  expect(given.filter((event) => event.unsigned !== null)).toHaveLength(1)
})

it.each([
  {},
  { content: [], unsigned: 1, origin_server_ts: '1', sender: null, state_key: {}, type: 2, redacts: [] },
])('gives clients what they can read of an event, whatever it says: %j', (members) => {
  expect(clientEvent({ eventId: '$event', json: JSON.stringify(members) }, '!room:a')).toEqual({
    content: {},
    event_id: '$event',
    origin_server_ts: 0,
    room_id: '!room:a',
    sender: '',
    state_key: null,
    type: '',
    unsigned: null,
    redacts: '',
  })
})
