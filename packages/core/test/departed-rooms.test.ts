import { InputKind } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it, vi } from 'vitest'
import { Homeserver, inputOf } from './homeserver.ts'

const REFUSED = {
  kind: 'refused',
  error: { code: 'NOT_ALLOWED', message: 'no user of this server is in the room any longer' },
}

/** Server b after its only user has left a room. */
async function leftRoom(deps: ConstructorParameters<typeof Homeserver>[1] = {}) {
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await room.member('@bob:b', '@bob:b', 'leave')
  const b = await Homeserver.start({ serverName: 'b', ...deps })
  await b.takeAll(room.events)
  return { room, b, [Symbol.asyncDispose]: () => b[Symbol.asyncDispose]() }
}

it('takes nothing new of other servers into a room that our users have all left', async () => {
  await using left = await leftRoom()
  const { room, b } = left
  const before = await b.outputs()
  const message = await room.message('said among others')
  expect(await b.take(message)).toMatchObject(REFUSED)
  expect(await b.event(message.eventId)).toBeUndefined()
  expect(await b.outputs()).toEqual(before)
  expect(await b.input.inputRoomEvents({ input_room_events: [inputOf(message)], async: false })).toEqual({
    ErrMsg: 'no user of this server is in the room any longer',
    NotAllowed: false,
  })
})

it('lets go of queued input for such a room', async () => {
  await using left = await leftRoom()
  const { room, b } = left
  const message = await room.message('said among others')
  await b.input.inputRoomEvents({ input_room_events: [inputOf(message)], async: true })
  await b.input.settled()
  expect(await b.storage.inbox(0, 10)).toEqual([])
})

it('takes what is not about the present: outliers, and history that is filled in', async () => {
  await using left = await leftRoom()
  const { room, b } = left
  const outlier = await room.state('m.room.topic', '', { topic: 'beside' })
  expect(await b.take(outlier, { kind: InputKind.outlier })).toMatchObject({ verdict: 'outlier' })
  const [, first] = room.events
  const old = await room.message('before all that', first && { prev: [first] })
  expect(await b.take(old, { kind: InputKind.old })).toMatchObject({ verdict: 'accepted' })
})

it('hears its own users, those of whom anything is said, and who lets it look in', async () => {
  await using left = await leftRoom()
  const { room, b } = left
  const prev = room.extremities
  const of = (sender: string, user: string, membership: string) =>
    room.member(sender, user, membership, { prev })
  // Of its own user it finds out by the rules that they are not in the room.
  expect(await b.take(await room.message('hello?', { sender: '@bob:b', prev }))).toMatchObject({
    verdict: 'rejected-by-auth-events',
  })
  expect(await b.take(await of('@alice:a', '@carol:b', 'ban'))).toMatchObject({ verdict: 'accepted' })
  expect(await b.take(await of('@alice:a', '@dave:d', 'ban'))).toMatchObject(REFUSED)
  const noMember = await room.state('m.room.topic', '@carol:b', { topic: 'x' }, { prev })
  expect(await b.take(noMember)).toMatchObject(REFUSED)
  const peeked = await room.state('m.room.topic', '', { topic: 'come and see' }, { prev })
  const state_event_ids = room.events.slice(0, 4).map(({ eventId }) => eventId)
  expect(await b.take(peeked, { has_state: true, state_event_ids })).toMatchObject({ verdict: 'accepted' })
})

it('asks nobody for what events of such a room lack', async () => {
  const fetchMissing = vi.fn(async () => ({ kind: 'failed' as const, reason: 'nobody' }))
  await using left = await leftRoom({ acceptsEventsForDepartedRooms: true, fetchMissing })
  const { room, b } = left
  await room.message('unheard')
  expect(await b.take(await room.message('lacks something'))).toMatchObject(REFUSED)
  expect(fetchMissing).not.toHaveBeenCalled()
  // Their own users' events are another matter.
  await room.message('unheard, too')
  await b.take(await room.message('lacks something', { sender: '@bob:b' }))
  expect(fetchMissing).toHaveBeenCalledTimes(1)
})

it('takes part again from the event on that brings a user of ours back', async () => {
  await using left = await leftRoom()
  const { room, b } = left
  expect(await b.take(await room.message('unheard', { prev: room.extremities }))).toMatchObject(REFUSED)
  const end = room.events.at(-2)
  const invite = await room.member(room.creator, '@bob:b', 'invite', end && { prev: [end] })
  expect(await b.take(invite)).toMatchObject({ verdict: 'accepted' })
  expect(await b.take(await room.message('still unheard', { prev: [invite] }))).toMatchObject(REFUSED)
  const join = await room.join('@bob:b', { prev: [invite] })
  const message = await room.message('heard', { prev: [join] })
  const both = { input_room_events: [inputOf(join), inputOf(message)], async: false }
  expect(await b.input.inputRoomEvents(both)).toMatchObject({ ErrMsg: '' })
  expect(await b.event(message.eventId)).toMatchObject({ verdict: 'accepted' })
})

it('knows of users that another process brought in or took out', async () => {
  await using left = await leftRoom()
  const { room, b } = left
  const other = b.beside({ serverName: 'b' })
  expect(await b.take(await room.message('unheard', { prev: room.extremities }))).toMatchObject(REFUSED)
  const end = room.events.at(-2)
  const join = await room.join('@bob:b', end && { prev: [end] })
  expect(await other.take(join)).toMatchObject({ verdict: 'accepted' })
  const heard = await room.message('heard', { prev: [join] })
  expect(await b.take(heard)).toMatchObject({ verdict: 'accepted' })
  const leave = await room.member('@bob:b', '@bob:b', 'leave', { prev: [heard] })
  expect(await other.take(leave)).toMatchObject({ verdict: 'accepted' })
  expect(await b.take(await room.message('late', { prev: [leave] }))).toMatchObject(REFUSED)
  await other.input.close()
})

it('takes everything into rooms where none of ours ever was, and into all where an operator says so', async () => {
  const room = await RoomBuilder.create()
  await using stranger = await Homeserver.start({ serverName: 'z' })
  await stranger.takeAll(room.events)
  expect(await stranger.take(await room.message('heard by a guest'))).toMatchObject({ verdict: 'accepted' })

  await using left = await leftRoom({ acceptsEventsForDepartedRooms: true })
  const message = await left.room.message('said among others')
  expect(await left.b.take(message)).toMatchObject({ verdict: 'accepted' })
  await left.room.message('unheard')
  expect(await left.b.take(await left.room.message('lacks something'))).toMatchObject(REFUSED)
})

it('asks the store about it once, not with every event', async () => {
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await using b = await Homeserver.start({ serverName: 'b' })
  const asked = vi.spyOn(b.storage, 'serverInRoom')
  await b.takeAll(room.events)
  for (let i = 0; i < 20; i++) await b.take(await room.message(`${i}`))
  expect(asked.mock.calls.length).toBeLessThanOrEqual(1)
})

it('lets queued events that lack something wait for those before them, which another process has', async () => {
  await using left = await leftRoom({ acceptsEventsForDepartedRooms: true })
  const { room, b } = left
  const first = await room.message('first')
  const second = await room.message('second')
  await b.storage.takeLease('another', 'it', 60_000)
  const row = { roomId: room.roomId, payload: JSON.stringify(inputOf(first)) }
  await b.storage.enqueue([row], 'another')
  await b.input.inputRoomEvents({ input_room_events: [inputOf(second)], async: true })
  await b.storage.releaseLease('another', 'it')
  await b.input.takeOver()
  await expect.poll(() => b.storage.inbox(0, 10)).toEqual([])
  expect(await b.event(second.eventId)).toMatchObject({ verdict: 'accepted' })
})
