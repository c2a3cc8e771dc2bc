import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { eventTask } from '../src/input/event-task.ts'
import { reconnectHistoryTask } from '../src/missing-events/reconnect-history-task.ts'
import { Homeserver } from './homeserver.ts'

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

/** Our server `b`, and what it has heard of a room of `a` in which bob is. */
async function bobsServer() {
  const hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await hs.takeAll(room.events)
  return { hs, room, state: [...room.events], [Symbol.asyncDispose]: () => hs[Symbol.asyncDispose]() }
}

/** Takes an event in of whose past nothing is here, at a state that another server gives. */
async function takeAtState(hs: Homeserver, pdu: Pdu, state: readonly Pdu[]) {
  for (const event of state) await hs.take(event, { kind: InputKind.outlier })
  const stateBefore = { by: 'repair', eventIds: idsOf(state) } as const
  return await hs.input.runTask(eventTask({ kind: 'new', pdu, sendAsServer: '', stateBefore }))
}

/** Takes a page of the past in, oldest first, as backfill does. */
async function takePage(hs: Homeserver, events: readonly [Pdu, ...Pdu[]]): Promise<void> {
  for (const pdu of events) {
    await hs.input.runTask(eventTask({ kind: 'old', pdu, sendAsServer: '', isAskedFor: true }))
  }
  await hs.input.runTask(reconnectHistoryTask(events[0], idsOf(events)))
  await hs.input.settled()
}

/**
 * Carol has left. That she joins again our server does not hear of; it does hear what she says then. A server tells it the
 * state before that as it was before she left.
 */
async function carolUnheardOf() {
  const bobs = await bobsServer()
  const { hs, room } = bobs
  const old = [...room.events, await room.join('@carol:c')]
  await room.member('@carol:c', '@carol:c', 'leave')
  await hs.takeAll(room.events)
  const state = [...room.events]
  const aside = await room.message('aside')
  const join = await room.join('@carol:c')
  const hers = await room.message('mine', { sender: '@carol:c' })
  const hear = async () => {
    await hs.take(join, { kind: InputKind.outlier })
    return await takeAtState(hs, hers, old)
  }
  return { ...bobs, state, aside, join, hers, hear }
}

it('lets in who had joined, when the past has closed up with what had failed softly for want of that', async () => {
  await using one = await carolUnheardOf()
  const { hs, room, aside, join, hers, hear } = one
  expect(await hear()).toMatchObject({ verdict: 'soft-failed' })
  await takePage(hs, [aside, join])

  expect(await hs.event(hers.eventId)).toMatchObject({ verdict: 'accepted', rule: undefined })
  expect(await hs.extremities(room.roomId)).toEqual([hers.eventId])
  expect(await hs.current(room.roomId)).toContain(join.eventId)
  expect(await hs.storage.membership((await hs.room(room.roomId)).nid, '@carol:c')).toMatchObject({
    membership: 'join',
  })
  const [announced, last] = (await hs.outputs()).slice(-2).map((output) => output.new_room_event)
  expect(announced).toMatchObject({ rewrites_state: true, latest_event_ids: [join.eventId] })
  expect(announced?.adds_state_event_ids?.toSorted()).toEqual(await hs.current(room.roomId))
  expect(last).toMatchObject({ event: { _event_id: hers.eventId }, latest_event_ids: [hers.eventId] })
  const next = await room.message('and mine', { sender: '@carol:c', prev: [hers] })
  expect(await hs.take(next)).toMatchObject({ verdict: 'accepted' })
})

it('lets nobody in by way of the past whom the present state does not', async () => {
  await using one = await carolUnheardOf()
  const { hs, room, state, aside, join, hear } = one
  expect(await hear()).toMatchObject({ verdict: 'soft-failed' })
  const ban = await room.member(room.creator, '@carol:c', 'ban', { prev: state.slice(-1) })
  await hs.take(ban)
  await takePage(hs, [aside, join])
  expect(await hs.event(join.eventId)).toMatchObject({ verdict: 'soft-failed' })
  expect(await hs.extremities(room.roomId)).toEqual(idsOf([aside, ban]).toSorted())
  expect(await hs.current(room.roomId)).not.toContain(join.eventId)
})

it('drops an end when what came turns out to lie between it and another one', async () => {
  await using one = await bobsServer()
  const { hs, room, state } = one
  const [first, between, last] = [await room.message('1'), await room.message('2'), await room.message('3')]
  await hs.take(first)
  expect(await takeAtState(hs, last, state)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toEqual(idsOf([first, last]).toSorted())
  await takePage(hs, [between])
  expect(await hs.extremities(room.roomId)).toEqual([last.eventId])
})

it('changes nothing for events that nobody asked for, and nothing the second time', async () => {
  await using one = await carolUnheardOf()
  const { hs, room, state, aside, join, hers, hear } = one
  const unasked = await room.state('m.room.topic', '', { topic: 'unasked' }, { prev: state.slice(-1) })
  await takePage(hs, [unasked])
  expect(await hs.extremities(room.roomId)).toEqual(idsOf(state.slice(-1)))
  await hear()
  await takePage(hs, [aside, join, unasked])
  const { outputSeq } = await hs.room(room.roomId)
  await takePage(hs, [aside, join, unasked])
  expect(await hs.room(room.roomId)).toMatchObject({ outputSeq })
  expect(await hs.extremities(room.roomId)).toEqual([hers.eventId])
})
