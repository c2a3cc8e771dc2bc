import { RoomBuilder } from '@roomserver/testing'
import type { EventTypeNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { Pieces } from '../src/index.ts'
import { ask } from '../src/view/ask.ts'
import { eventsOf, eventsWithIds } from '../src/view/asking.ts'
import { Homeserver } from './homeserver.ts'

it('holds no more names of event types than the cache may, however many rooms make up', async () => {
  await using hs = await Homeserver.start()
  const pieces = new Pieces(hs.storage, 1_000_000)
  for (let nid = 70_000; nid < 90_000; nid++) pieces.putType(nid as EventTypeNid, `org.example.type.${nid}`)
  expect(pieces.bytes).toBeLessThan(30_000)
  expect(pieces.typeNid('org.example.type.89999')).toBe(89_999)
  expect(pieces.typeNid('org.example.type.70000')).toBeUndefined()
  expect(pieces.typeNid('m.room.create')).toBe(1)
  expect(pieces.typeName(1 as EventTypeNid)).toBe('m.room.create')
})

// What was in the cache when it was looked for can be dropped while the rest is loaded.
it('reads more than the cache can hold', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let index = 0; index < 60; index++) await room.message(`message ${index}`)
  await hs.takeAll(room.events)
  const ids = room.events.map((event) => event.eventId)
  const nids = (await hs.storage.eventsById(ids)).map((event) => event.nid)
  const pieces = new Pieces(hs.storage, 40_000)
  for (const few of [1, 10, 60]) {
    await ask(pieces, (view) => eventsOf(view, nids.slice(0, few)))
    const byNid = await ask(pieces, (view) => eventsOf(view, nids))
    expect(byNid.map((event) => event.nid)).toEqual(nids)
    const byId = await ask(pieces, (view) => eventsWithIds(view, ids))
    expect(byId.map((event) => event?.eventId)).toEqual(ids)
  }
})
