import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it } from 'vitest'
import { auditRoom } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

const LIAR = '@mallory:m'
const MODERATOR = '@marvin:m'

/** What the liar begins a history of its own with: anything but the create event of the room. */
const ROOTS = [
  ['a message', { type: 'm.room.message' }],
  ['a state event', { type: 'm.room.topic', stateKey: '' }],
  ['a join', { type: 'm.room.member', stateKey: LIAR, content: { membership: 'join' } }],
  ['a create event in another place', { type: 'm.room.create', stateKey: 'x' }],
  ['a create event that is not a state event', { type: 'm.room.create' }],
] as const

/** A room of whose creator's server the liar is, where create events of its own would pass the rules for them. */
async function start(version: string) {
  const hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create({ version, creator: '@alice:m', roomId: '!room:m' })
  for (const user of ['@bob:b', LIAR, MODERATOR, '@eve:e']) await room.join(user)
  const users = { ...(room.rules.auth.creatorsOutrankAll ? {} : { [room.creator]: 100 }), [MODERATOR]: 50 }
  await room.state('m.room.power_levels', '', { users })
  const ban = await room.member(MODERATOR, '@eve:e', 'ban')
  const { [MODERATOR]: _, ...left } = users
  await room.state('m.room.power_levels', '', { users: left })
  const topic = await room.state('m.room.topic', '', { topic: 'the topic' })
  await hs.takeAll(room.events)
  return { hs, room, ban, topic, [Symbol.asyncDispose]: () => hs[Symbol.asyncDispose]() }
}

describe.each(['1', '2', '6', '10', '11', '12'])('a second beginning of a room of version %s', (version) => {
  it.each(ROOTS)('is not made by %s', async (_what, root) => {
    await using scene = await start(version)
    const { hs, room, topic } = scene
    const state = await hs.current(room.roomId)
    const second = await room.add({
      content: { creator: LIAR, room_version: version },
      ...root,
      sender: LIAR,
      prev: [],
    })
    await hs.take(second)
    expect((await hs.event(second.eventId))?.verdict ?? 'refused').not.toBe('accepted')

    // Upon the room and the second beginning, the same by way of another event, and upon that beginning alone.
    const both = await room.message('both', { sender: LIAR, prev: [topic, second] })
    const alone = await room.message('alone', { sender: LIAR, prev: [second], auth: authOf(room) })
    const again = await room.message('again', { sender: LIAR, prev: [both, alone], auth: authOf(room) })
    for (const event of [both, alone, again]) {
      await hs.take(event)
      expect(await hs.current(room.roomId)).toEqual(state)
    }
    const source = { store: hs.storage, eventsOfRoom: hs.storage.eventsOfRoom }
    for await (const wrong of auditRoom(source, await hs.room(room.roomId))) expect.fail(wrong)
  })

  it('has no place in a state that another server gives', async () => {
    await using scene = await start(version)
    const { room, ban } = scene
    const topic = await room.state(
      'm.room.topic',
      '',
      { topic: 'from nowhere' },
      { prev: [], auth: creatorOf(room) },
    )
    await using other = await Homeserver.start({ serverName: 'c' })
    const state = room.events.filter((event) => event !== topic && event.eventId !== ban.eventId)
    const latest = new Map(
      state.filter(({ stateKey }) => stateKey !== undefined).map((event) => [placeOf(event), event]),
    )
    latest.set(placeOf(topic), topic)
    for (const event of [...state, topic]) await other.take(event, { kind: InputKind.outlier })
    const join = await room.join('@carol:c', { prev: [ban] })
    const given = [...latest.values()]
    await other.take(join, { has_state: true, state_event_ids: [...idsOf(given)] })
    const current = await other.current(room.roomId)
    expect(current).toContain(join.eventId)
    expect(current).not.toContain(topic.eventId)
  })
})

/** Given a state without it, a join would begin a room whose creators are nobody. */
it('has the create event that the room ID names in a state that is given without it', async () => {
  await using hs = await Homeserver.start({ serverName: 'c' })
  const room = await RoomBuilder.create({ version: '12' })
  const [create, ...state] = [...room.events]
  const join = await room.join('@carol:c')
  for (const event of [...(create === undefined ? [] : [create]), ...state]) {
    await hs.take(event, { kind: InputKind.outlier })
  }
  await hs.take(join, { has_state: true, state_event_ids: [...idsOf(state)] })
  expect(await hs.current(room.roomId)).toContain(create?.eventId)
})

function placeOf({ type, stateKey }: Pdu): string {
  return `${type} ${stateKey}`
}

function authOf(room: RoomBuilder): readonly Pdu[] {
  return auth(room, LIAR)
}

function creatorOf(room: RoomBuilder): readonly Pdu[] {
  return auth(room, room.creator)
}

/** What a message of a user may reference at the end of a room. */
function auth({ events, rules }: RoomBuilder, user: string): readonly Pdu[] {
  const create = rules.roomId === 'create-hash' ? [] : events.slice(0, 1)
  const levels = events.findLast(({ type }) => type === 'm.room.power_levels')
  const member = events.findLast(({ stateKey, prevEvents }) => stateKey === user && prevEvents.length > 0)
  return [...create, levels, member].filter((event) => event !== undefined)
}
