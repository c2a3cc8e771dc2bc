import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'

/** A room may have one forward extremity, so a hundred are kept. */
const LIMIT = 100

/** A room that no user of ours was ever in, with so many messages beside a change of its topic. */
async function flooded(messages: number) {
  const hs = await Homeserver.start({ serverName: 'b' }, { maxExtremities: 1 })
  const room = await RoomBuilder.create()
  const prev = room.extremities
  const topic = await room.state('m.room.topic', '', { topic: 'first' }, { prev })
  const fan = [topic]
  for (let i = 0; i < messages; i++) fan.push(await room.message(`${i}`, { prev }))
  await hs.takeAll(room.events)
  return { hs, room, topic, fan }
}

it('keeps a hundred times the extremities that a room may have, where nobody here can merge them, and the state as it is', async () => {
  const { hs, room, topic, fan } = await flooded(LIMIT + 50)
  await using _closed = hs
  const extremities = await hs.extremities(room.roomId)
  const latest = fan.slice(-LIMIT + 1).map(({ eventId }) => eventId)
  expect(extremities).toEqual([topic.eventId, ...latest].toSorted())
  const { latest_event_ids: announced } = (await hs.outputs()).at(-1)?.new_room_event ?? {}
  expect(announced?.toSorted()).toEqual(extremities)
  expect(await hs.current(room.roomId)).toContain(topic.eventId)
})

it('takes an event that builds on an extremity which was left out', async () => {
  const { hs, room, fan } = await flooded(LIMIT + 50)
  await using _closed = hs
  const [, first] = fan
  if (first === undefined) throw new Error('no message')
  const reply = await room.message('reply', { prev: [first] })
  expect(await hs.take(reply)).toMatchObject({ kind: 'stored', verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toContain(reply.eventId)
  expect(await hs.extremities(room.roomId)).toHaveLength(LIMIT)
})

it('keeps every extremity with a state of its own', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' }, { maxExtremities: 1 })
  const room = await RoomBuilder.create()
  const prev = room.extremities
  for (let i = 0; i < LIMIT + 20; i++) await room.state('org.example', `${i}`, {}, { prev })
  await hs.takeAll(room.events)
  expect(await hs.extremities(room.roomId)).toHaveLength(LIMIT + 20)
})
