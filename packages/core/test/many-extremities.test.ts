import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it } from 'vitest'
import type { Compatibility } from '../src/query/context.ts'
import { createQueries } from '../src/query/create-queries.ts'
import { Operations } from './operations.ts'
import { WatchedProcess } from './watched-process.ts'

const DEEPEST = Number.MAX_SAFE_INTEGER

/** Mallory of another server says so many things that nothing builds on, all from before what `fork` was given. */
async function scattered(
  room: RoomBuilder,
  fork: readonly Pdu[],
  count: number,
  depth: number,
): Promise<void> {
  for (let i = 0; i < count; i++) await room.message(`${i}`, { sender: '@mallory:m', prev: fork, depth })
}

/** A room of another server in which bob of ours is, seen from one extremity among so many. */
async function crowded(count: number, depth = DEEPEST, compatibility: Compatibility = 'current') {
  const server = await Operations.start({}, { compatibility })
  const room = await RoomBuilder.create({ creator: '@alice:b', roomId: '!far:b' })
  await room.join('@mallory:m')
  const fork = room.extremities
  await scattered(room, fork, count, depth)
  const join = await room.join('@bob:a', { prev: fork })
  await server.hs.takeAll(room.events)
  expect(await server.hs.extremities(room.roomId)).toHaveLength(count + 1)
  return {
    server,
    room,
    fork,
    join,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const roleOf = (StateKey: string) =>
  ['m.room.create', 'm.room.power_levels', 'm.room.join_rules', 'm.room.member'].map((EventType) => ({
    EventType,
    StateKey: EventType === 'm.room.member' ? StateKey : '',
  }))

describe('a user of ours whose membership only one of many extremities knows', () => {
  it.each([20, 25, 100])('leaves, with %i others at the greatest depth', async (count) => {
    await using world = await crowded(count)
    const { server, room } = world
    await server.api.performLeave({ room_id: room.roomId, user_id: '@bob:a' })
    expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toEqual({ membership: 'leave' })
    const left = await server.hs.extremities(room.roomId)
    expect(left.length, 'the event takes in as many as it may name').toBe(count + 1 - 20 + 1)
  })

  it('is taken out of the room by its administrator', async () => {
    await using world = await crowded(30)
    const { server, room } = world
    const answer = await server.api.performAdminEvacuateRoom({ room_id: room.roomId })
    expect(answer.affected).toEqual(['@bob:a'])
  })

  it.each([
    ['dendrite-2022', roleOf('@bob:a')],
    ['current', roleOf('@bob:a')],
    ['current', []],
  ] as const)(
    'speaks by an event that a component builds: %s, state to fetch %j',
    async (compatibility, asked) => {
      await using world = await crowded(40, DEEPEST, compatibility)
      const { server, room } = world
      const request = { room_id: room.roomId, state_to_fetch: [...asked] }
      const { latest_events: latest } = await server.api.queryLatestEventsAndState(request)
      expect(latest).toHaveLength(20)
      const known = new Map(room.events.map((event) => [event.eventId, event]))
      const prev = latest.flatMap(({ eventId }) => known.get(eventId) ?? [])
      const [create, alice, levels] = room.events
      const auth = [create, alice && levels, world.join].filter((event) => event !== undefined)
      const hello = await room.message('hello', { sender: '@bob:a', prev, auth, depth: DEEPEST })
      expect(await server.hs.take(hello)).toMatchObject({ verdict: 'accepted' })
    },
  )

  it('has what they may do where their level stands at another extremity than their membership', async () => {
    await using world = await crowded(40, 1)
    const { server, room, fork } = world
    const users = { '@alice:b': 100, '@bob:a': 50 }
    await server.hs.take(await room.state('m.room.power_levels', '', { users }, { prev: fork }))
    const request = { room_id: room.roomId, user_id: '@bob:a', room_version: '11' }
    const { NewRoomID: newRoom, Error } = await server.api.performRoomUpgrade(request)
    expect(Error).toBeNull()
    expect(await server.content(room.roomId, 'm.room.tombstone')).toMatchObject({ replacement_room: newRoom })
  })
})

/** Twenty extremities would resolve to the kick: what undoes it is at none of them. */
it('builds on fewer extremities where twenty of them resolve to a state that forbids the event', async () => {
  await using server = await Operations.start()
  const room = await RoomBuilder.create({ creator: '@alice:b', roomId: '!far:b' })
  for (const user of ['@bob:a', '@carl:a', '@mallory:m']) await room.join(user)
  await room.state('m.room.power_levels', '', { users: { '@alice:b': 100, '@mallory:m': 60 } })
  const fork = room.extremities
  const kick = await room.member('@mallory:m', '@bob:a', 'leave', { prev: fork })
  await scattered(room, [kick], 30, DEEPEST)
  const ban = await room.member('@alice:b', '@mallory:m', 'ban', { prev: fork })
  const message = await room.message('hello', { sender: '@carl:a', prev: fork })
  await server.hs.takeAll(room.events)
  expect(await server.hs.extremities(room.roomId)).toHaveLength(32)
  expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toEqual({ membership: 'join' })
  const asked = { room_id: room.roomId, state_to_fetch: roleOf('@bob:a') }
  const { latest_events: latest } = await server.api.queryLatestEventsAndState(asked)
  expect(latest.length, 'fewer than an event may name').toBeLessThan(20)
  await server.api.performLeave({ room_id: room.roomId, user_id: '@bob:a' })
  expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toEqual({ membership: 'leave' })
  const extremities = await server.hs.extremities(room.roomId)
  expect(extremities).toContain(ban.eventId)
  expect(extremities).not.toContain(message.eventId)
})

it('gives those that know what is asked for, and the deepest of the others after them', async () => {
  await using server = await Operations.start()
  const room = await RoomBuilder.create({ creator: '@alice:b', roomId: '!far:b' })
  await room.join('@mallory:m')
  const fork = room.extremities
  const others: Pdu[] = []
  for (let i = 0; i < 25; i++) {
    const depth = 100 + ((i * 7) % 25)
    others.push(await room.message(`${i}`, { sender: '@mallory:m', prev: fork, depth }))
  }
  const join = await room.join('@bob:a', { prev: fork, depth: 7 })
  await server.hs.takeAll(room.events)
  const request = { room_id: room.roomId, state_to_fetch: roleOf('@bob:a') }
  const { latest_events: latest, depth } = await server.api.queryLatestEventsAndState(request)
  const deepest = others.toSorted((a, b) => b.depth - a.depth)
  expect(latest.map(({ eventId }) => eventId)).toEqual(
    [join, ...deepest].slice(0, 20).map(({ eventId }) => eventId),
  )
  expect(depth).toBe(125)
})

it('looks for five hundred users of ours at the most, where nobody says for whom the event is', async () => {
  await using world = await crowded(20)
  const { server, room } = world
  const members = Array.from({ length: 501 }, (_, index) => ({ userId: `@user${index}:a` }))
  const store = { ...server.hs.storage, membershipsOfRoom: async () => members as never }
  const process = new WatchedProcess(store)
  const request = { room_id: room.roomId, state_to_fetch: [] }
  const { latest_events: latest } = await createQueries(process.context).queryLatestEventsAndState(request)
  expect(latest).toHaveLength(20)
  const keys = process.reads.flat().filter((row) => row.startsWith('keys @user'))
  expect(keys).toEqual(members.slice(0, 500).map(({ userId }) => `keys ${userId}`))
})

it('gives every extremity where an event may name them all', async () => {
  await using world = await crowded(19)
  const { server, room } = world
  const request = { room_id: room.roomId, state_to_fetch: roleOf('@bob:a') }
  const { latest_events: latest } = await server.api.queryLatestEventsAndState(request)
  expect(latest.map(({ eventId }) => eventId).toSorted()).toEqual(await server.hs.extremities(room.roomId))
})
