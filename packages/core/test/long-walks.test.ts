import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it } from 'vitest'
import { Homeserver, inputOf } from './homeserver.ts'

/** A room in which somebody who is not in it says so much that all of it is rejected, one thing upon the other. */
async function shoutedAt(count: number) {
  const hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const [end] = room.extremities
  for (let i = 0; i < count; i++) await room.message(`${i}`, { sender: '@eve:e' })
  const inputs = room.events.map((event) => inputOf(event))
  await hs.input.inputRoomEvents({ input_room_events: inputs, async: false })
  return { hs, room, end }
}

it.each([
  [999, false],
  [1_000, true],
])('walks through %i rejected events to find what an event builds upon', async (count, isKept) => {
  const { hs, room, end } = await shoutedAt(count)
  await using _ = hs
  expect(await hs.extremities(room.roomId)).toEqual([end?.eventId])
  const next = await room.message('at last')
  expect(await hs.take(next)).toMatchObject({ verdict: 'accepted' })
  const expected = isKept ? [end?.eventId ?? '', next.eventId] : [next.eventId]
  expect(await hs.extremities(room.roomId)).toEqual(expected.toSorted())
})

it('names what is missing of a state that is given, also far back in the list', async () => {
  await using hs = await Homeserver.start({ serverName: 'z' })
  const room = await RoomBuilder.create()
  const prev = room.extremities
  for (let i = 0; i < 1_100; i++) await room.message(`${i}`, { prev })
  const outliers = room.events.map((event) => inputOf(event, { kind: InputKind.outlier }))
  await hs.input.inputRoomEvents({ input_room_events: outliers, async: false })
  const ids = room.events.map(({ eventId }) => eventId)
  const state_event_ids = [...ids.slice(0, 1_050), '$unknown', ...ids.slice(1_050)]
  const topic = await room.state('m.room.topic', '', { topic: 'upon all that' }, { prev })
  expect(await hs.take(topic, { has_state: true, state_event_ids })).toEqual({
    kind: 'missing',
    auth: [],
    prev: [],
    state: ['$unknown'],
  })
  expect(await hs.take(topic, { has_state: true, state_event_ids: ids })).toMatchObject({
    verdict: 'accepted',
  })
  expect(await hs.current(room.roomId)).toEqual([...ids.slice(0, 4), topic.eventId].toSorted())
})

describe('what its users did when they were last in the room', () => {
  /** Carol of our server left; then Bob sent many events, and left; now Bob joins again through a server that has none of them. */
  async function backAfter(last: (room: RoomBuilder, carolLeft: Pdu) => Promise<Pdu>) {
    const hs = await Homeserver.start({ serverName: 'b' })
    const room = await RoomBuilder.create()
    await room.join('@bob:b')
    const carol = await room.join('@carol:b')
    const state = [...room.events]
    for (const event of state.slice(0, -1)) await hs.take(event, { kind: InputKind.outlier })
    const given = (events: readonly Pdu[]) => ({
      has_state: true,
      state_event_ids: events.map(({ eventId }) => eventId),
    })
    await hs.take(carol, given(state.slice(0, -1)))
    const kept = await last(room, await room.member('@carol:b', '@carol:b', 'leave'))
    await room.member('@bob:b', '@bob:b', 'leave')
    await hs.takeAll(room.events.slice(state.length))
    const back = await room.member('@bob:b', '@bob:b', 'join', { prev: [carol] })
    expect(await hs.take(back, given(state))).toMatchObject({ verdict: 'accepted' })
    const extremities = await hs.extremities(room.roomId)
    const isKept = extremities.length > 1
    expect(extremities).toEqual([...(isKept ? [kept.eventId] : []), back.eventId].toSorted())
    await hs[Symbol.asyncDispose]()
    return isKept
  }

  it.each([
    [99, true],
    [100, false],
  ])('is looked for behind %i other events of theirs', async (count, isFound) => {
    const said = async (room: RoomBuilder, carolLeft: Pdu) => {
      let last = carolLeft
      for (let i = 0; i < count; i++) last = await room.message(`${i}`, { sender: '@bob:b' })
      return last
    }
    expect(await backAfter(said)).toBe(isFound)
  })

  it.each([
    [98, true],
    [99, false],
  ])('is looked for behind %i changes of the name of who comes back', async (count, isFound) => {
    const named = async (room: RoomBuilder, carolLeft: Pdu) => {
      for (let i = 0; i < count; i++)
        await room.state(
          'm.room.member',
          '@bob:b',
          { membership: 'join', displayname: `${i}` },
          { sender: '@bob:b' },
        )
      return carolLeft
    }
    expect(await backAfter(named)).toBe(isFound)
  })
})
