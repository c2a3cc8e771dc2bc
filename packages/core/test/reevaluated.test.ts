import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { NO_NID } from '@roomserver/types'
import { expect, it } from 'vitest'
import { auditRoom } from '../src/index.ts'
import type { EventInput } from '../src/decide/event-input.ts'
import { eventTask } from '../src/input/event-task.ts'
import { Homeserver } from './homeserver.ts'

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

/** Takes an event in at a state that another server gives. */
async function takeAtState(
  hs: Homeserver,
  pdu: Pdu,
  state: readonly Pdu[],
  {
    kind = 'new',
    acceptance,
  }: Partial<Pick<EventInput, 'acceptance'>> & { readonly kind?: 'new' | 'old' } = {},
) {
  for (const event of state) await hs.take(event, { kind: InputKind.outlier })
  const stateBefore = { by: 'repair', eventIds: idsOf(state) } as const
  return await hs.input.runTask(
    eventTask({ kind, pdu, sendAsServer: '', stateBefore, isAskedFor: kind === 'old', acceptance }),
  )
}

/** Events at remote state that is not verified yet, and what each waits for. */
async function waiting(hs: Homeserver, { roomId }: RoomBuilder) {
  const records = await hs.storage.remoteStates((await hs.room(roomId)).nid)
  const nids = records.flatMap(({ event, waitsFor }) => [event, waitsFor])
  const ids = new Map((await hs.storage.eventsByNid(nids)).map(({ nid, eventId }) => [nid, eventId]))
  const open = records.filter(({ isVerified }) => !isVerified)
  return Object.fromEntries(open.map(({ event, waitsFor }) => [ids.get(event), ids.get(waitsFor)]))
}

async function findings(hs: Homeserver, { roomId }: RoomBuilder): Promise<readonly string[]> {
  const wrong: string[] = []
  const source = { store: hs.storage, eventsOfRoom: hs.storage.eventsOfRoom }
  for await (const what of auditRoom(source, await hs.room(roomId))) wrong.push(what)
  return wrong
}

/** Server b is told of `late` at a state without carol's join, which it has not heard of. */
async function carolLeftOut() {
  const hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await hs.takeAll(room.events)
  const known = [...room.events]
  const join = await room.join('@carol:c')
  const late = await room.message('late')
  expect(await takeAtState(hs, late, known)).toMatchObject({ verdict: 'accepted' })
  await hs.take(join, { kind: InputKind.outlier })
  return { hs, room, known, join, late, [Symbol.asyncDispose]: () => hs[Symbol.asyncDispose]() }
}

/** What an event references is looked at one by one: that the others stayed as they were changes nothing. */
it('re-evaluates an event of whose auth events one is allowed after all, wherever it stands', async () => {
  await using one = await carolLeftOut()
  const { hs, room, known, join } = one
  const invite = await room.member('@carol:c', '@dora:d', 'invite')
  expect(await hs.take(invite)).toMatchObject({ verdict: 'rejected-by-state' })
  // On a branch of which nothing else changes, anybody may join; but this join references an invite that was rejected.
  const [create, , levels, rules, bob] = known
  const auth = [create, levels, rules, invite].filter((event) => event !== undefined)
  const prev = bob === undefined ? [] : [bob]
  const dora = await room.join('@dora:d', { prev, auth })
  const hello = await room.message('hello', { sender: '@dora:d', prev: [dora] })
  expect(await hs.take(dora)).toMatchObject({ verdict: 'rejected-by-auth-events' })
  expect(await hs.take(hello)).toMatchObject({ verdict: 'rejected-by-auth-events' })

  await hs.take(join)
  await hs.input.settled()
  for (const { eventId } of [invite, dora, hello])
    expect(await hs.event(eventId), eventId).toMatchObject({ verdict: 'accepted', rule: undefined })
  expect(await hs.current(room.roomId)).toContain(dora.eventId)
  expect(await findings(hs, room)).toEqual([])
})

it('announces what is allowed after all once, oldest first, and what stayed as it was not again', async () => {
  await using one = await carolLeftOut()
  const { hs, room, join, late } = one
  const first = await room.message('first', { sender: '@carol:c' })
  const between = await room.message('between')
  const second = await room.message('second', { sender: '@carol:c' })
  await hs.takeAll([first, between, second])
  const before = (await hs.outputs()).length
  await hs.take(join)
  await hs.input.settled()
  const news = (await hs.outputs()).slice(before).flatMap(({ new_room_event: announced }) => announced ?? [])
  const fresh = news.filter(({ rewrites_state: again }) => again !== true)
  expect(fresh.map(({ event }) => event._event_id)).toEqual(idsOf([join, first, second]))
  expect(await hs.extremities(room.roomId)).toEqual([second.eventId])
  expect(await waiting(hs, room)).toEqual({})
  expect(await hs.event(late.eventId)).toMatchObject({ verdict: 'accepted' })
})

/** A walk back through a room is given up after 2,000 events, and the whole graph read: it must say the same. */
/** What this server does not want is not brought in by what the rules find out later. */
it('leaves out what the acceptance check refused, when its history comes', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await hs.takeAll(room.events)
  const known = [...room.events]
  const join = await room.join('@carol:c')
  const spam = await room.message('buy spam')
  const acceptance = { accepted: false, reason: 'looks like spam' } as const
  const refused = { verdict: 'soft-failed', rule: 'acceptance', reason: 'looks like spam' }
  expect(await takeAtState(hs, spam, known, { acceptance })).toMatchObject(refused)
  const outputs = await hs.outputs()
  await hs.take(join)
  await hs.input.settled()
  expect(await hs.event(spam.eventId)).toMatchObject(refused)
  expect(await hs.extremities(room.roomId)).toEqual([join.eventId])
  expect((await hs.outputs()).length).toBe(outputs.length + 1)
  expect(await findings(hs, room)).toEqual([])
})

it('leaves a state for later that stands more than 2,000 events above one that does', async () => {
  await using one = await carolLeftOut()
  const { hs, room, known, join, late } = one
  const above: Pdu[] = []
  for (let n = 0; n < 2_005; n++) above.push(await room.message(`${n}`))
  await Promise.all(above.map((event) => hs.take(event)))
  const between = await room.message('unheard of')
  const last = await room.message('last')
  expect(await takeAtState(hs, last, known)).toMatchObject({ verdict: 'accepted' })
  const hers = await room.message('mine', { sender: '@carol:c' })
  expect(await hs.take(hers)).toMatchObject({ verdict: 'rejected-by-state' })
  expect(await waiting(hs, room)).toMatchObject({ [late.eventId]: late.eventId })

  await hs.take(between)
  await hs.input.settled()
  expect(await waiting(hs, room)).toEqual({ [late.eventId]: late.eventId, [last.eventId]: late.eventId })
  expect(await hs.event(hers.eventId)).toMatchObject({ verdict: 'rejected-by-state' })

  await hs.take(join)
  await hs.input.settled()
  expect(await waiting(hs, room)).toEqual({})
  expect(await hs.event(hers.eventId)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toEqual([hers.eventId])
})

/** The rule stays the same; what it names are the values of a state that turned out to be another. */
it('gives a rejection that stays the reason that it has at the right state', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const levels = (bob: number, state: number) =>
    room.state('m.room.power_levels', '', {
      users: { [room.creator]: 100, '@bob:b': bob },
      state_default: state,
    })
  const allowing = await levels(50, 50)
  const demoting = await levels(0, 50)
  const known = [...room.events]
  await hs.takeAll(known)
  const unseen = await levels(0, 80)
  const [create, alice, , , bob] = known
  const authOf = (...events: readonly (Pdu | undefined)[]) => events.filter((event) => event !== undefined)
  const late = await room.message('late', { auth: authOf(create, alice, demoting) })
  expect(await takeAtState(hs, late, known)).toMatchObject({ verdict: 'accepted' })
  const auth = authOf(create, allowing, bob)
  const topic = await room.state('m.room.topic', '', { topic: 'of Bob' }, { sender: '@bob:b', auth })
  const before = await hs.take(topic)
  expect(before).toMatchObject({ verdict: 'rejected-by-state', reason: expect.stringContaining('50') })
  await hs.take(unseen)
  await hs.input.settled()
  const { rule } = (await hs.event(topic.eventId)) ?? {}
  expect(before).toMatchObject({ rule })
  expect(await hs.event(topic.eventId)).toMatchObject({
    verdict: 'rejected-by-state',
    reason: expect.stringContaining('80'),
  })
  expect(await findings(hs, room)).toEqual([])
})

/** What it builds on is here, but stands at a remote state itself: neither follows from the history, which is not here. */
it('leaves an event at its remote state while that of its prev event is not verified', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const known = [...room.events]
  await hs.takeAll(known)
  const join = await room.join('@carol:c')
  await room.message('unheard of')
  const middle = await room.message('middle')
  const late = await room.message('late')
  expect(await takeAtState(hs, late, [...known, join])).toMatchObject({ verdict: 'accepted' })
  expect(await takeAtState(hs, middle, known)).toMatchObject({ verdict: 'accepted' })
  await hs.input.settled()
  const stored = await hs.event(late.eventId)
  expect(await hs.stateAt(stored?.before ?? NO_NID)).toContain(join.eventId)
  expect(await findings(hs, room)).toEqual([])
})
