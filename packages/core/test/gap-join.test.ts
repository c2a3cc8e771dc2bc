import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { auditRoom } from '../src/index.ts'
import { eventTask } from '../src/input/event-task.ts'
import { Homeserver } from './homeserver.ts'

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

/** Takes an event in of whose past some is missing, at a state that another server gives. */
async function takeAtState(hs: Homeserver, pdu: Pdu, state: readonly Pdu[]) {
  for (const event of state) await hs.take(event, { kind: InputKind.outlier })
  const stateBefore = { by: 'repair', eventIds: idsOf(state) } as const
  return await hs.input.runTask(eventTask({ kind: 'new', pdu, sendAsServer: '', stateBefore }))
}

async function expectWhole(hs: Homeserver, { roomId }: RoomBuilder): Promise<void> {
  const source = { store: hs.storage, eventsOfRoom: hs.storage.eventsOfRoom }
  for await (const wrong of auditRoom(source, await hs.room(roomId))) expect.fail(wrong)
}

/** Our server `b` has heard of a room up to some moment, and of nothing that was said since. */
async function beforeGap(options: { version?: string; joinRule?: string } = {}) {
  const hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create(options)
  await room.member(room.creator, '@bob:b', 'invite')
  const bob = await room.join('@bob:b')
  await hs.takeAll(room.events)
  const state = [...room.events.filter(({ stateKey }) => stateKey !== '@bob:b'), bob]
  return { hs, room, state, [Symbol.asyncDispose]: () => hs[Symbol.asyncDispose]() }
}

/** Before, carol was not heard until somebody spoke who was in the room already when the gap began. */
it.each(['1', '2', '10', '12'])(
  'hears who joined in a gap that nobody fills, in version %s',
  async (version) => {
    await using gap = await beforeGap({ version })
    const { hs, room, state } = gap
    await room.message('unheard')
    const join = await room.join('@carol:c')
    const hers = await room.message('mine', { sender: '@carol:c' })
    expect(await takeAtState(hs, hers, [...state, join])).toMatchObject({ verdict: 'accepted' })
    expect(await hs.storage.membership((await hs.room(room.roomId)).nid, '@carol:c')).toMatchObject({
      membership: 'join',
    })
    const more = await room.message('and more', { sender: '@carol:c' })
    expect(await hs.take(more)).toMatchObject({ verdict: 'accepted' })
    await expectWhole(hs, room)
  },
)

it('hears who was invited and joined in the gap, where some of the prev events are here', async () => {
  await using gap = await beforeGap({ joinRule: 'invite' })
  const { hs, room, state } = gap
  const invite = await room.member(room.creator, '@carol:c', 'invite')
  const join = await room.join('@carol:c')
  const last = state.slice(-1)
  const hers = await room.message('mine', { sender: '@carol:c', prev: [...last, join] })
  await hs.take(invite, { kind: InputKind.outlier })
  expect(await takeAtState(hs, hers, [...state, join])).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toEqual(idsOf([...last, hers]).toSorted())
  await expectWhole(hs, room)
})

it('hears who was unbanned and came back in the gap, and nobody who was not', async () => {
  await using gap = await beforeGap()
  const { hs, room } = gap
  const [carol, dave] = [await room.join('@carol:c'), await room.join('@dave:c')]
  const before = [...room.events]
  const bans = [
    await room.member(room.creator, '@carol:c', 'ban'),
    await room.member(room.creator, '@dave:c', 'ban'),
  ]
  await hs.takeAll([carol, dave, ...bans])
  const unban = await room.member(room.creator, '@carol:c', 'leave')
  const again = await room.join('@carol:c')
  const hers = await room.message('I am back', { sender: '@carol:c' })
  await hs.take(unban, { kind: InputKind.outlier })
  const others = before.filter((event) => event !== carol)
  expect(await takeAtState(hs, hers, [...others, again])).toMatchObject({ verdict: 'accepted' })
  const messageOfDave = await room.message('so am I', { sender: '@dave:c', auth: authOf(before, '@dave:c') })
  expect(await takeAtState(hs, messageOfDave, [...others, again])).toMatchObject({ verdict: 'soft-failed' })
  const { nid } = await hs.room(room.roomId)
  expect(await hs.storage.membership(nid, '@carol:c')).toMatchObject({ membership: 'join' })
  expect(await hs.storage.membership(nid, '@dave:c')).toMatchObject({ membership: 'ban' })
  await expectWhole(hs, room)
})

function authOf(state: readonly Pdu[], user: string): readonly Pdu[] {
  const types = ['m.room.create', 'm.room.power_levels']
  return state.filter(
    ({ type, stateKey }) => types.includes(type) || (type === 'm.room.member' && stateKey === user),
  )
}

/** Carol had left and come back; the state that is told is of before she left, so that she has left as far as we know. */
it('lets in what had failed softly, and what was built on it, once the missing events come as new ones', async () => {
  await using gap = await beforeGap()
  const { hs, room } = gap
  const old = [...room.events, await room.join('@carol:c')]
  await room.member('@carol:c', '@carol:c', 'leave')
  await hs.takeAll(room.events)
  const join = await room.join('@carol:c')
  const first = await room.message('one', { sender: '@carol:c' })
  const second = await room.message('two', { sender: '@carol:c' })
  await hs.take(join, { kind: InputKind.outlier })
  expect(await takeAtState(hs, first, old)).toMatchObject({ verdict: 'soft-failed' })
  expect(await hs.take(second)).toMatchObject({ verdict: 'soft-failed' })

  const outputs = (await hs.outputs()).length
  expect(await hs.take(join)).toMatchObject({ verdict: 'accepted' })
  await hs.input.settled()
  for (const { eventId } of [first, second]) {
    expect(await hs.event(eventId)).toMatchObject({ verdict: 'accepted', rule: undefined, reason: undefined })
  }
  expect(await hs.extremities(room.roomId)).toEqual([second.eventId])
  const announced = (await hs.outputs())
    .slice(outputs)
    .map((output) => output.new_room_event?.event._event_id)
  expect(announced).toEqual(idsOf([join, first, second]))
  await expectWhole(hs, room)
})

/** A room that was joined through another server never has its whole history, and so no remote state is ever worked out. */
it('lets it in also in a room of which it has no history', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  const first = [...room.events]
  await room.message('before us')
  const bob = await room.join('@bob:b')
  for (const event of first) await hs.take(event, { kind: InputKind.outlier })
  await hs.take(bob, { has_state: true, state_event_ids: [...idsOf(first)] })
  const old = [...first, bob, await room.join('@carol:c')]
  await hs.take(await room.member('@carol:c', '@carol:c', 'leave', { prev: old.slice(-1) }))
  await hs.takeAll(room.events.slice(-2))
  const join = await room.join('@carol:c')
  const hers = await room.message('mine', { sender: '@carol:c' })
  await hs.take(join, { kind: InputKind.outlier })
  expect(await takeAtState(hs, hers, old)).toMatchObject({ verdict: 'soft-failed' })
  await hs.take(join)
  await hs.input.settled()
  expect(await hs.event(hers.eventId)).toMatchObject({ verdict: 'accepted' })
  await expectWhole(hs, room)
})
