import { RoomBuilder } from '@roomserver/testing'
import { NO_NID } from '@roomserver/types'
import { expect, it } from 'vitest'
import { RecordCache } from '../src/index.ts'
import { clientEvent } from '../src/query/client-event.ts'
import { authEventsOf, textsInChunks } from '../src/query/event-texts.ts'
import { runOnView } from '../src/view/run.ts'
import { eventsOf } from '../src/view/reads.ts'
import { Homeserver, inputOf } from './homeserver.ts'

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
