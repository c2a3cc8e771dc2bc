import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { type Suspendable, NO_NID } from '@roomserver/types'
import { expect, it } from 'vitest'
import type { DecideNeed } from '../src/decide/decide-need.ts'
import type { Draft } from '../src/decide/draft.ts'
import { Homeserver } from './homeserver.ts'

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map((event) => event.eventId)

/** Joins a room as through another server: the state as outliers, then the join with the state before it. */
async function joinRemotely(hs: Homeserver, state: readonly Pdu[], join: Pdu): Promise<void> {
  for (const event of state) await hs.take(event, { kind: InputKind.outlier })
  expect(await hs.take(join, { has_state: true, state_event_ids: [...idsOf(state)] })).toMatchObject({
    kind: 'stored',
    verdict: 'accepted',
  })
}

it('joins a room whose history is not known, and says that the state is new', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  const state = [...room.events]
  await room.message('never seen here')
  const join = await room.join('@bob:b')
  await joinRemotely(hs, state, join)
  expect(await hs.current(room.roomId)).toEqual(idsOf([...state, join]).toSorted())
  expect(await hs.extremities(room.roomId)).toEqual([join.eventId])
  expect(await hs.outputs()).toMatchObject([
    {
      new_room_event: {
        event: { _event_id: join.eventId },
        rewrites_state: true,
        adds_state_event_ids: expect.arrayContaining([...idsOf([...state, join])]),
        state_before_removes_event_ids: [join.eventId],
        last_sent_event_id: '',
        history_visibility: 'shared',
      },
    },
  ])
  const next = await room.message('and on it goes')
  expect(await hs.take(next)).toMatchObject({ verdict: 'accepted' })
})

it('keeps outliers out of the graph, and takes them into it when they come as new', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  const state = [...room.events]
  const join = await room.join('@bob:b')
  await joinRemotely(hs, state, join)
  const later = await room.message('seen as an outlier first')
  expect(await hs.take(later, { kind: InputKind.outlier })).toMatchObject({
    verdict: 'outlier',
    known: false,
  })
  expect(await hs.extremities(room.roomId)).toEqual([join.eventId])
  expect(await hs.take(later)).toMatchObject({ verdict: 'accepted', known: false })
  expect(await hs.extremities(room.roomId)).toEqual([later.eventId])
  expect(await hs.take(later, { kind: InputKind.outlier })).toMatchObject({
    verdict: 'accepted',
    known: true,
  })
})

it('does not make an event an extremity that something here builds on already', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  const state = [...room.events]
  const before = await room.message('before the join')
  const join = await room.join('@bob:b')
  await joinRemotely(hs, state, join)
  const stateIds = [...idsOf(state)]
  await hs.take(before, { has_state: true, state_event_ids: stateIds, kind: InputKind.old })
  expect(await hs.extremities(room.roomId)).toEqual([join.eventId])
  expect((await hs.outputs()).at(-1)).toMatchObject({
    old_room_event: { event: { _event_id: before.eventId } },
  })
})

it('takes over a rewritten state when a user comes back after others changed it, and passes all of it on', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  const first = [...room.events]
  const join = await room.join('@bob:b')
  await joinRemotely(hs, first, join)
  const leave = await room.member('@bob:b', '@bob:b', 'leave')
  await hs.take(leave)
  // What happens while nobody of b is there, b does not hear of.
  const topic = await room.state('m.room.topic', '', { topic: 'unheard' })
  const carol = await room.join('@carol:c')
  const again = await room.join('@bob:b')
  const state = [...first, leave, topic, carol]
  await joinRemotely(hs, state, again)
  const expected = idsOf([...first, topic, carol, again]).toSorted()
  expect(await hs.current(room.roomId)).toEqual(expected)
  const output = (await hs.outputs()).at(-1)?.new_room_event
  expect(output?.rewrites_state).toBe(true)
  expect(output?.adds_state_event_ids?.toSorted()).toEqual(expected)
  const { nid } = await hs.room(room.roomId)
  const members = await hs.storage.membershipsOfRoom(nid, { membership: 'join' })
  expect(members.map((member) => member.userId).toSorted()).toEqual(['@alice:a', '@bob:b', '@carol:c'])
  const journal = await hs.storage.journal(nid, { limit: 100 })
  expect(journal.at(-1)?.cause.kind).toBe('rewrite')
})

/** Carol and Bob of our server leave in turn, then Bob comes back by way of a server that did not hear of the last of it. */
async function comeBack(hs: Homeserver, hasHeard: (left: 'carol' | 'bob') => boolean) {
  const room = await RoomBuilder.create()
  const bob = await room.join('@bob:b')
  const carol = await room.join('@carol:b')
  await joinRemotely(hs, room.events.slice(0, -1), carol)
  const carolLeft = await room.member('@carol:b', '@carol:b', 'leave')
  const message = await room.message('bye', { sender: '@bob:b' })
  const bobLeft = await room.member('@bob:b', '@bob:b', 'leave')
  await hs.takeAll([carolLeft, message, bobLeft])

  const last = hasHeard('bob') ? bobLeft : hasHeard('carol') ? carolLeft : carol
  const topic = await room.state('m.room.topic', '', { topic: 'meanwhile' }, { prev: [last] })
  const back = await room.member('@bob:b', '@bob:b', 'join', { prev: [topic] })
  const state = room.events.slice(0, -6).filter((event) => event !== carol && event !== bob)
  const members = [hasHeard('bob') ? bobLeft : bob, hasHeard('carol') ? carolLeft : carol]
  await joinRemotely(hs, [...state, ...members, topic], back)
  return { room, carolLeft, message, back }
}

/** Found by the simulation: a user who had left was back in the room, because another one of their server came back. */
it('keeps what its users did when they were last in the room, where who lets one in has not heard of it', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const { room, message, back } = await comeBack(hs, () => false)
  expect(await hs.extremities(room.roomId)).toEqual([message.eventId, back.eventId].toSorted())
  const { nid } = await hs.room(room.roomId)
  expect(await hs.storage.membership(nid, '@carol:b')).toMatchObject({ membership: 'leave' })
  expect(await hs.storage.membership(nid, '@bob:b')).toMatchObject({ membership: 'join' })
  const next = await room.message('and on', { prev: [back, message] })
  expect(await hs.take(next)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toEqual([next.eventId])
})

/** Found by the simulation (great trouble, seed 471): only the last of what its users did was looked at. */
it('keeps it also where others of its users came and went after that', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  const carol = await room.join('@carol:b')
  const heard = [...room.events]
  await joinRemotely(hs, heard.slice(0, -1), carol)
  const dave = await room.join('@dave:b')
  const carolLeft = await room.member('@carol:b', '@carol:b', 'leave')
  const daveLeft = await room.member('@dave:b', '@dave:b', 'leave')
  await hs.takeAll([dave, carolLeft, daveLeft])

  const back = await room.member('@bob:b', '@bob:b', 'join', { prev: [carol] })
  await joinRemotely(hs, heard, back)
  expect(await hs.extremities(room.roomId)).toEqual([daveLeft.eventId, back.eventId].toSorted())
  const { nid } = await hs.room(room.roomId)
  expect(await hs.storage.membership(nid, '@carol:b')).toMatchObject({ membership: 'leave' })
})

it.each([
  ['all of it', ['carol', 'bob']],
  ['all but that who comes back had left', ['carol']],
])('forgets what its users did where who lets one in has heard %s', async (_what, heard) => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const { room, back } = await comeBack(hs, (user) => heard.includes(user))
  expect(await hs.extremities(room.roomId)).toEqual([back.eventId])
})

it('begins where the server is that lets a user in, if that never heard that they were there before', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  const state = [...room.events]
  const created = room.extremities
  const bob = await room.join('@bob:b')
  await joinRemotely(hs, state, bob)
  const message = await room.message('to those who heard of me', { sender: '@bob:b' })
  const left = await room.member('@bob:b', '@bob:b', 'leave')
  await hs.takeAll([message, left])
  const back = await room.member('@bob:b', '@bob:b', 'join', { prev: created })
  await joinRemotely(hs, state, back)
  expect(await hs.extremities(room.roomId)).toEqual([back.eventId])
})

/**
 * Found by simulation: who peeks is told the state that a room has now, and its latest event. Where that is a state event,
 * the state is the one after it: somebody who had left could not leave, and the peek came to nothing.
 */
it('takes a state that holds the event itself for the one after it', async () => {
  await using hs = await Homeserver.start({ serverName: 'c' })
  const room = await RoomBuilder.create()
  const start = [...room.events]
  const join = await room.join('@bob:b')
  const leave = await room.member('@bob:b', '@bob:b', 'leave')
  for (const event of [...start, join]) await hs.take(event, { kind: InputKind.outlier })
  await joinRemotely(hs, [...start, leave], leave)
  expect(await hs.current(room.roomId)).toEqual(idsOf([...start, leave]).toSorted())
  const { before = NO_NID } = (await hs.event(leave.eventId)) ?? {}
  expect(await hs.stateAt(before)).toEqual(idsOf([...start, join]).toSorted())
  expect(await hs.extremities(room.roomId)).toEqual([leave.eventId])
})

/** Found by simulation: a second peek, through a server that had not heard the latest, set the room back. */
it('goes on from what it has where that is built upon the event that comes with a state', async () => {
  await using hs = await Homeserver.start({ serverName: 'c' })
  const room = await RoomBuilder.create()
  const visible = await room.state('m.room.history_visibility', '', { history_visibility: 'world_readable' })
  const before = room.events.slice(0, -1)
  const topic = await room.state('m.room.topic', '', { topic: 'later' })
  for (const event of [...before, visible]) await hs.take(event, { kind: InputKind.outlier })
  await joinRemotely(hs, [...before, visible], topic)
  await joinRemotely(hs, before, visible)
  expect(await hs.extremities(room.roomId)).toEqual([topic.eventId])
  expect(await hs.current(room.roomId)).toEqual(idsOf(room.events).toSorted())
})

/** Found by simulation (seeds 1001 and 1038): the event before the first one stayed an extremity. */
it('has one end when the history before two looks into a room has come', async () => {
  await using hs = await Homeserver.start({ serverName: 'c' })
  const room = await RoomBuilder.create()
  const before = [...room.events]
  const first = await room.state('m.room.topic', '', { topic: 'first' })
  const second = await room.state('m.room.name', '', { name: 'second' })
  for (const event of before) await hs.take(event, { kind: InputKind.outlier })
  await joinRemotely(hs, before, first)
  await joinRemotely(hs, [...before, first], second)
  await hs.takeAll(before)
  await hs.input.settled()
  expect(await hs.extremities(room.roomId)).toEqual([second.eventId])
  expect(await hs.current(room.roomId)).toEqual(idsOf([...before, first, second]).toSorted())
})

it('is not misled by a state list with repetitions, messages, rejected events and events of other rooms', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  const state = [...room.events]
  const message = await room.message('no state')
  const rejected = await room.state('m.room.topic', '', {}, { sender: '@eve:e', prev: [message] })
  const other = await RoomBuilder.create({ roomId: '!other:a' })
  for (const event of [...state, message, rejected, ...other.events]) {
    await hs.take(event, { kind: InputKind.outlier })
  }
  const join = await room.join('@bob:b', { prev: [message] })
  const list = idsOf([...state, ...state, state[0] as Pdu, message, rejected, ...other.events])
  await hs.take(join, { has_state: true, state_event_ids: [...list] })
  expect(await hs.current(room.roomId)).toEqual(idsOf([...state, join]).toSorted())
})

it('names events of a given state that it does not have, and stores nothing', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  const state = [...room.events]
  const topic = await room.state('m.room.topic', '', { topic: 'unknown' })
  const join = await room.join('@bob:b')
  for (const event of state) await hs.take(event, { kind: InputKind.outlier })
  const list = [...idsOf([...state, topic])]
  expect(await hs.take(join, { has_state: true, state_event_ids: list })).toEqual({
    kind: 'missing',
    auth: [],
    prev: [],
    state: [topic.eventId],
  })
  expect(await hs.event(join.eventId)).toBeUndefined()
})

it('judges a rejected outlier anew when it comes with what it lacked', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create({ joinRule: 'invite' })
  const state = [...room.events]
  const invite = await room.member('@alice:a', '@bob:b', 'invite')
  const join = await room.join('@bob:b')
  const [create, , powerLevels] = state as [Pdu, Pdu, Pdu]
  for (const event of [...state, invite]) await hs.take(event, { kind: InputKind.outlier })
  // It references no join rules and no invite, so by what it references it may not join.
  const bare = await room.join('@bob:b', { prev: [invite], auth: [create, powerLevels] })
  expect(await hs.take(bare, { kind: InputKind.outlier })).toMatchObject({
    verdict: 'rejected-by-auth-events',
  })
  await joinRemotely(hs, [...state, invite], join)
  expect(await hs.current(room.roomId)).toContain(join.eventId)
})

it('believes the create event and not an invite about the version of a room', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create({ version: '10' })
  const liar = await RoomBuilder.create({ version: '9' })
  const invite = await liar.member('@alice:a', '@bob:b', 'invite')
  // oxlint-disable-next-line require-yield -- there is nothing to ask for
  function* note(draft: Draft): Suspendable<DecideNeed, void> {
    draft.addOutput('new_peek', NO_NID, { claims: invite.rules.version })
  }
  await hs.input.runTask({ roomId: room.roomId, version: '9', name: 'invite', bytes: 1, decide: note })
  expect(await hs.room(room.roomId)).toMatchObject({ version: '9', current: 0 })
  const state = [...room.events]
  const join = await room.join('@bob:b')
  await joinRemotely(hs, state, join)
  expect(await hs.room(room.roomId)).toMatchObject({ version: '10' })
})

it('takes a state that rewrites the room as it is, also where it is said to follow from what is known', async () => {
  await using hs = await Homeserver.start({ serverName: 'z' })
  const room = await RoomBuilder.create()
  const given = [...room.events]
  await room.state('m.room.topic', '', { topic: 'not in the remote state' })
  await hs.takeAll(room.events)
  const message = await room.message('upon the topic')
  const state_event_ids = [...idsOf(given)]
  expect(await hs.take(message, { has_state: true, state_event_ids })).toMatchObject({ verdict: 'accepted' })
  expect(await hs.current(room.roomId)).toEqual(idsOf(given).toSorted())
  expect(await hs.extremities(room.roomId)).toEqual([message.eventId])
})

it('makes an event at a remote state an extremity, though a rejected one that came before names it', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const given = [...room.events]
  const [end] = room.extremities
  await hs.takeAll(given)
  await room.message('never seen here')
  const late = await room.message('at remote state')
  const shouted = await room.message('let me in', { sender: '@eve:e' })
  const before = { has_state: true, state_event_ids: [...idsOf(given)] }
  expect(await hs.take(shouted, before)).toMatchObject({ verdict: 'rejected-by-auth-events' })
  expect(await hs.take(late, before)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toEqual([end?.eventId ?? '', late.eventId].toSorted())
})
