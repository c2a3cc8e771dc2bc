import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { inputOf } from './homeserver.ts'
import { Operations } from './operations.ts'

/** Alice is in, bob of `b` left when carol was not there yet, dave was banned, erin is invited. */
async function started() {
  const server = await Operations.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const left = await room.member('@bob:b', '@bob:b', 'leave')
  await room.join('@carol:a')
  await room.member('@alice:a', '@dave:b', 'ban')
  await room.member('@alice:a', '@erin:a', 'invite')
  await server.hs.takeAll(room.events)
  return { server, room, left }
}

const members = async (server: Operations, room: RoomBuilder, change: object) => {
  const request = { joined_only: false, local_only: false, room_id: room.roomId, sender: '', ...change }
  const answer = await server.api.queryMembershipsForRoom(request)
  return { ...answer, join_events: answer.join_events.map((event) => event.state_key ?? '').toSorted() }
}

describe('queryMembershipsForRoom', () => {
  it.each([
    [{}, ['@alice:a', '@bob:b', '@carol:a', '@dave:b', '@erin:a']],
    [{ joined_only: true }, ['@alice:a', '@carol:a']],
    [{ local_only: true }, ['@alice:a', '@carol:a', '@erin:a']],
    [{ joined_only: true, sender: '@carol:a' }, ['@alice:a', '@carol:a']],
    // They left before carol joined.
    [{ sender: '@bob:b' }, ['@alice:a', '@bob:b']],
    [{ joined_only: true, sender: '@bob:b' }, ['@alice:a']],
    [{ sender: '@nobody:a' }, []],
  ])('asked %j', async (change, expected) => {
    const { server, room } = await started()
    await using _server = server
    expect((await members(server, room, change)).join_events).toEqual(expected)
  })

  it.each([500, 501])('gives all of %i members of this server, a page of 500 at a time', async (count) => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    for (let i = 1; i < count; i++) await room.join(`@user${i}:a`)
    await room.join('@bob:b')
    const inputs = room.events.map((event) => inputOf(event))
    await server.hs.input.inputRoomEvents({ input_room_events: inputs, async: false })
    const expected = ['@alice:a', ...Array.from({ length: count - 1 }, (_, i) => `@user${i + 1}:a`)]
    expect((await members(server, room, { local_only: true })).join_events).toEqual(expected.toSorted())
  })

  it('gives events in the form for clients', async () => {
    const { server, room } = await started()
    await using _server = server
    const request = { joined_only: true, local_only: true, room_id: room.roomId, sender: '' }
    const { join_events } = await server.api.queryMembershipsForRoom(request)
    expect(join_events.find((event) => event.sender === '@alice:a')).toEqual({
      content: { membership: 'join' },
      event_id: room.events[1]?.eventId,
      origin_server_ts: room.events[1]?.originServerTs,
      room_id: room.roomId,
      sender: '@alice:a',
      state_key: '@alice:a',
      type: 'm.room.member',
      unsigned: null,
      redacts: '',
    })
  })

  it('leaves those out whom a resolution has taken out of the room: no event says so', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    const fork = room.extremities
    const joins = [await room.join('@bob:b'), await room.join('@carol:a')]
    await server.hs.takeAll(room.events)
    await server.hs.take(await room.state('m.room.join_rules', '', { join_rule: 'invite' }, { prev: fork }))
    expect((await server.hs.storage.membershipsOfRoom((await server.hs.room(room.roomId)).nid)).length).toBe(
      3,
    )
    expect((await members(server, room, {})).join_events).toEqual(['@alice:a'])
    const nothing = { join_events: [], has_been_in_room: false, is_room_forgotten: false }
    for (const { stateKey = '' } of joins) {
      expect(await members(server, room, { sender: stateKey })).toEqual(nothing)
    }
  })

  it('tells a user who forgot the room, and leaves them out for others', async () => {
    const { server, room } = await started()
    await using _server = server
    await server.api.performForget({ room_id: room.roomId, user_id: '@bob:b' })
    expect(await members(server, room, { sender: '@bob:b' })).toMatchObject({
      has_been_in_room: true,
      is_room_forgotten: true,
    })
    expect((await members(server, room, {})).join_events).not.toContain('@bob:b')
  })
})

describe('queryMembershipForUser', () => {
  it.each([
    ['@alice:a', 'join', true],
    ['@bob:b', 'leave', false],
    ['@dave:b', 'ban', false],
    ['@erin:a', 'invite', false],
  ])('%s: %s', async (user_id, membership, is_in_room) => {
    const { server, room } = await started()
    await using _server = server
    const event = room.events.findLast(({ stateKey }) => stateKey === user_id)
    expect(await server.api.queryMembershipForUser({ room_id: room.roomId, user_id })).toEqual({
      event_id: event?.eventId,
      membership,
      is_in_room,
      has_been_in_room: true,
      is_room_forgotten: false,
      room_exists: true,
    })
  })

  it('knows nothing of strangers and unknown rooms', async () => {
    const { server, room } = await started()
    await using _server = server
    const nothing = {
      event_id: '',
      has_been_in_room: false,
      is_in_room: false,
      membership: '',
      is_room_forgotten: false,
    }
    const ask = (room_id: string) => server.api.queryMembershipForUser({ room_id, user_id: '@nobody:a' })
    expect(await ask(room.roomId)).toEqual({ ...nothing, room_exists: true })
    expect(await ask('!nowhere:a')).toEqual({ ...nothing, room_exists: false })
  })
})

describe('rooms and users', () => {
  it.each([
    ['@alice:a', 'join', 1],
    ['@bob:b', 'leave', 1],
    ['@bob:b', 'ban', 1],
    ['@erin:a', 'invite', 1],
    ['@erin:a', 'join', 0],
    ['@nobody:a', 'join', 0],
    ['@fred:a', 'knock', 1],
  ])('queryRoomsForUser %s %s', async (UserID, WantMembership, count) => {
    const { server, room } = await started()
    await using _server = server
    const rule = await room.state('m.room.join_rules', '', { join_rule: 'knock' })
    await server.hs.takeAll([rule, await room.member('@fred:a', '@fred:a', 'knock')])
    expect((await server.api.queryRoomsForUser({ UserID, WantMembership })).RoomIDs).toHaveLength(count)
  })

  it('refuses a membership that does not exist, in the words of the reference', async () => {
    const { server } = await started()
    await using _server = server
    await expect(
      server.api.queryRoomsForUser({ UserID: '@alice:a', WantMembership: 'rubbish' }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'GetRoomsByMembership: invalid membership rubbish',
    })
  })

  it('searches and counts those who share a room', async () => {
    const { server, room } = await started()
    await using _server = server
    const search = async (search_string: string, limit: number) =>
      (await server.api.queryKnownUsers({ user_id: '@alice:a', search_string, limit })).profiles.map(
        (profile) => profile.user_id,
      )
    expect(await search('', 10)).toEqual(['@alice:a', '@carol:a'])
    expect(await search('car', 10)).toEqual(['@carol:a'])
    expect(await search('', 0)).toEqual([])
    expect(await search('', 1)).toEqual(['@alice:a'])
    // To some databases a negative limit means none.
    expect(await search('', -1)).toEqual([])
    const stranger = { user_id: '@nobody:a', search_string: '', limit: 10 }
    expect(await server.api.queryKnownUsers(stranger)).toEqual({ profiles: [] })
    const shared = async (change: object) => {
      const none = { OtherUserIDs: [], ExcludeRoomIDs: [], IncludeRoomIDs: [] }
      const answer = await server.api.querySharedUsers({ UserID: '@alice:a', ...none, ...change })
      return Object.fromEntries(answer.UserIDsToCount)
    }
    expect(await shared({})).toEqual({ '@alice:a': 1, '@carol:a': 1 })
    expect(await shared({ OtherUserIDs: ['@carol:a'] })).toEqual({ '@carol:a': 1 })
    // The reference answered with everybody when it knew none of those asked for.
    expect(await shared({ OtherUserIDs: ['@nobody:a'] })).toEqual({})
    expect(await shared({ ExcludeRoomIDs: [room.roomId] })).toEqual({})
    expect(await shared({ UserID: '@nobody:a', IncludeRoomIDs: [room.roomId] })).toEqual({
      '@alice:a': 1,
      '@carol:a': 1,
    })
  })
})

describe('servers', () => {
  it('knows which servers are in a room', async () => {
    const { server, room } = await started()
    await using _server = server
    const ask = async (server_name: string, room_id = room.roomId) =>
      await server.api.queryServerJoinedToRoom({ server_name, room_id })
    expect(await ask('')).toEqual({ room_exists: true, is_in_room: true })
    expect(await ask('a')).toEqual({ room_exists: true, is_in_room: true })
    expect(await ask('b')).toEqual({ room_exists: true, is_in_room: false })
    expect(await ask('a', '!nowhere:a')).toEqual({ room_exists: false, is_in_room: false })
  })

  it.each([
    ['evil.com', true],
    ['evil.com:8448', true],
    // The reference matched patterns anywhere in a name.
    ['notevil.com', false],
    ['a.evil.com', true],
    ['1.2.3.4', true],
    ['fine.org', false],
  ])('bans by the ACL: %s %s', async (server_name, banned) => {
    const { server, room } = await started()
    await using _server = server
    const acl = { allow: ['*'], deny: ['evil.com', '*.evil.com'], allow_ip_literals: false }
    const ask = () => server.api.queryServerBannedFromRoom({ server_name, room_id: room.roomId })
    expect(await ask()).toEqual({ banned: false })
    await server.hs.take(await room.state('m.room.server_acl', '', acl))
    expect(await ask()).toEqual({ banned })
  })

  it('bans nobody from a room that is not known', async () => {
    await using server = await Operations.start()
    const request = { server_name: 'not a name', room_id: '!nowhere:a' }
    expect(await server.api.queryServerBannedFromRoom(request)).toEqual({ banned: false })
  })
})

it('lets others have a turn between callers who ask for all users that somebody shares rooms with', async () => {
  const { server } = await started()
  // The clock moves with each look at it: every question takes longer than a turn.
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 10))
  onTestFinished(() => void vi.restoreAllMocks())
  let answered = 0
  const question = { UserID: '@alice:a', OtherUserIDs: [], ExcludeRoomIDs: [], IncludeRoomIDs: [] }
  const search = { user_id: '@alice:a', search_string: 'a', limit: 10 }
  const all = Array.from({ length: 20 }, async (_, index) => {
    if (index % 2 === 0) await server.api.querySharedUsers(question)
    else await server.api.queryKnownUsers(search)
    answered++
  })
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
  expect(answered).toBeLessThan(10)
  await Promise.all(all)
  expect(answered).toBe(20)
})
