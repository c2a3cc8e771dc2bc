import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { parseServerName, silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { createRoomserverWithMaintenance, type RoomserverWithMaintenance } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

const MAX_EXTREMITIES = 10

/** A server that lets rooms have ten ends, and a room of its user. */
async function forkingServer() {
  const storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const process = new Homeserver(
    storage,
    { acceptsEventsForDepartedRooms: true },
    { maxExtremities: MAX_EXTREMITIES },
  )
  const room = await RoomBuilder.create()
  await process.takeAll(room.events)
  const [base] = room.extremities
  return {
    hs: process,
    room,
    merged: merged(process),
    /** Gives a process so many events that all build on the same. */
    fork: async (count: number, to = process) => {
      for (let i = 0; i < count; i++) await to.take(await room.message(`${i}`, base && { prev: [base] }))
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

function merged(hs: Homeserver): RoomserverWithMaintenance {
  return createRoomserverWithMaintenance({
    store: hs.storage,
    cache: hs.cache,
    input: hs.input,
    clock: { now: () => 1_800_000_000_000 },
    log: silentLogger,
    serverName: parseServerName('a'),
    signingKey: { server: 'a', keyId: 'ed25519:test', seed: 'A'.repeat(43) },
  })
}

it('brings the forward extremities of a room together when there are too many, by an event that says nothing', async () => {
  await using server = await forkingServer()
  const { hs, room, merged } = server
  await server.fork(MAX_EXTREMITIES)
  await merged.dummyEvents.mergeExtremities()
  expect(await hs.extremities(room.roomId), 'not yet too many').toHaveLength(MAX_EXTREMITIES)
  await server.fork(1)
  await merged.dummyEvents.mergeExtremities()
  const [id = ''] = await hs.extremities(room.roomId)
  expect(await hs.extremities(room.roomId)).toHaveLength(1)
  const event = JSON.parse((await hs.event(id))?.json ?? '{}') as object
  expect(event).toMatchObject({ type: 'org.matrix.dummy_event', sender: '@alice:a', content: {} })
  expect(event).not.toHaveProperty('state_key')
  expect((await hs.outputs()).at(-1)?.new_room_event).toMatchObject({
    event: { type: 'org.matrix.dummy_event' },
    latest_event_ids: [id],
    send_as_server: '',
  })
  expect(merged.dummyEvents.sent).toBe(1)
  await merged.dummyEvents.mergeExtremities()
  expect(merged.dummyEvents.sent).toBe(1)
})

it('asks to be looked after when a room has five times as many extremities as it may have', async () => {
  await using server = await forkingServer()
  let asked = 0
  server.merged.dummyEvents.onUrgent(() => asked++)
  await server.fork(5 * MAX_EXTREMITIES)
  expect(asked).toBe(0)
  await server.fork(1)
  expect(asked).toBe(1)
})

it('takes more than one event where the ends are more than an event may name', async () => {
  await using server = await forkingServer()
  await server.fork(50)
  await server.merged.dummyEvents.mergeExtremities()
  expect(await server.hs.extremities(server.room.roomId)).toHaveLength(1)
  expect(server.merged.dummyEvents.sent).toBe(3)
})

/** What one go left over stayed until somebody said something. */
it('goes on the next time where the ends are more than it brings together in one go', async () => {
  await using server = await forkingServer()
  const { hs, room, merged } = server
  await server.fork(400)
  await merged.dummyEvents.mergeExtremities()
  expect(await hs.extremities(room.roomId)).toHaveLength(400 - 20 * 19)
  await merged.dummyEvents.mergeExtremities()
  expect(await hs.extremities(room.roomId)).toHaveLength(1)
})

/** The user's own branch was none of the twenty deepest, so that the event was refused, and the extremities stayed. */
it('brings them together though all but one are from before our user came in, at the greatest depth', async () => {
  await using server = await forkingServer()
  const { hs, merged } = server
  const room = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b' })
  const fork = room.extremities
  await room.join('@alice:a', { prev: fork })
  const depth = Number.MAX_SAFE_INTEGER
  for (let i = 0; i < 30; i++) await room.message(`${i}`, { prev: fork, depth })
  await hs.takeAll(room.events)
  await merged.dummyEvents.mergeExtremities()
  expect(await hs.extremities(room.roomId)).toHaveLength(1)
})

/** Nothing bounded the extremities of a room in which our users may only listen. */
it('states the membership of a muted user again where no user of ours may send messages', async () => {
  await using server = await forkingServer()
  const { hs, merged } = server
  const room = await RoomBuilder.create({ creator: '@bob:b', roomId: '!listen:b' })
  const profile = { membership: 'join', displayname: 'Alice', join_authorised_via_users_server: '@carl:a' }
  await room.state('m.room.member', '@alice:a', profile, { sender: '@alice:a' })
  await room.state('m.room.power_levels', '', { users: { '@bob:b': 100 }, events_default: 50 })
  const fork = room.extremities
  for (let i = 0; i <= MAX_EXTREMITIES; i++)
    await room.state('org.example.setting', `${i}`, {}, { prev: fork })
  await hs.takeAll(room.events)
  expect(await hs.extremities(room.roomId)).toHaveLength(MAX_EXTREMITIES + 1)
  await merged.dummyEvents.mergeExtremities()
  const ids = await hs.extremities(room.roomId)
  expect(ids).toHaveLength(1)
  expect(JSON.parse((await hs.event(ids[0] ?? ''))?.json ?? '{}')).toMatchObject({
    type: 'm.room.member',
    sender: '@alice:a',
    state_key: '@alice:a',
    content: { membership: 'join', displayname: 'Alice' },
  })
  expect((await hs.event(ids[0] ?? ''))?.json).not.toContain('join_authorised_via_users_server')
})

it('sends none where the join rule does not let a muted user state the membership again', async () => {
  await using server = await forkingServer()
  const { hs, merged } = server
  const room = await RoomBuilder.create({ creator: '@bob:b', roomId: '!locked:b' })
  await room.join('@alice:a')
  await room.state('m.room.join_rules', '', { join_rule: 'private' })
  await room.state('m.room.power_levels', '', { users: { '@bob:b': 100 }, events_default: 50 })
  const fork = room.extremities
  for (let i = 0; i <= MAX_EXTREMITIES; i++) await room.message(`${i}`, { prev: fork })
  await hs.takeAll(room.events)
  const before = await hs.extremities(room.roomId)
  expect(before).toHaveLength(MAX_EXTREMITIES + 1)
  await merged.dummyEvents.mergeExtremities()
  expect(await hs.extremities(room.roomId)).toEqual(before)
  expect(merged.dummyEvents.sent).toBe(0)
})

/** Nobody of ours could merge them, so that their number had no bound. */
it('lets a room that our users have left have no more extremities than are allowed', async () => {
  await using server = await forkingServer()
  const { hs, room, merged } = server
  await hs.take(await room.join('@bob:b'))
  await hs.take(await room.member(room.creator, room.creator, 'leave'))
  const prev = room.extremities
  const fork = (text: string) => room.message(text, { sender: '@bob:b', prev })
  for (let i = 0; i < MAX_EXTREMITIES; i++) await hs.take(await fork(`${i}`))
  const before = await hs.extremities(room.roomId)
  expect(before).toHaveLength(MAX_EXTREMITIES)
  expect(await hs.take(await fork('one too many'))).toMatchObject({
    kind: 'refused',
    error: { code: 'NOT_ALLOWED' },
  })
  await merged.dummyEvents.mergeExtremities()
  expect(await hs.extremities(room.roomId)).toEqual(before)

  const [known] = room.events.slice(-2)
  expect(known && (await hs.take(known)), 'known already').toMatchObject({ verdict: 'accepted', known: true })
  const forks = room.events.slice(-1 - MAX_EXTREMITIES, -1)
  const next = await room.message('goes on from one', { sender: '@bob:b', prev: forks.slice(0, 1) })
  expect(await hs.take(next)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toHaveLength(MAX_EXTREMITIES)
})

it('sends one, however many processes see the ends at once', async () => {
  await using server = await forkingServer()
  const { hs, room } = server
  const other = new Homeserver(hs.storage, {}, { maxExtremities: MAX_EXTREMITIES })
  await server.fork(MAX_EXTREMITIES + 1)
  await server.fork(1, other)
  const others = merged(other)
  await Promise.all([server.merged.dummyEvents.mergeExtremities(), others.dummyEvents.mergeExtremities()])
  expect(server.merged.dummyEvents.sent + others.dummyEvents.sent).toBe(1)
  expect(await hs.extremities(room.roomId)).toHaveLength(1)
  await other.input.close()
})
