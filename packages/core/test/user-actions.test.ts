import type { FederationApi } from '@roomserver/api'
import { describe, expect, it } from 'vitest'
import type { NewStateEvent } from '../src/index.ts'
import { startMaintained } from './maintained.ts'

const ALICE = '@alice:a'

const state = (type: string, content: NewStateEvent['content'], stateKey = ''): NewStateEvent => ({
  type,
  stateKey,
  content,
})

const publicRoom = [
  state('m.room.member', { membership: 'join' }, ALICE),
  state('m.room.power_levels', { users: { [ALICE]: 100 } }),
  state('m.room.join_rules', { join_rule: 'public' }),
]

/** A server with a room of version 10. */
async function withRoom(federation?: Partial<FederationApi>) {
  const server = await startMaintained(federation)
  const create = state('m.room.create', { creator: ALICE, room_version: '10' })
  const roomId = await server.users.createRoom({
    creator: ALICE,
    version: '10',
    state: () => [create, ...publicRoom],
  })
  return { server, roomId }
}

const text = (body: string) => ({ type: 'm.room.message', content: { msgtype: 'm.text', body } })

describe('createRoom', () => {
  it('makes a room of the default version, whose ID is the hash of its create event', async () => {
    await using server = await startMaintained()
    const roomId = await server.users.createRoom({
      creator: ALICE,
      state: ({ version }) => [
        state('m.room.create', { room_version: version }),
        state('m.room.member', { membership: 'join' }, ALICE),
      ],
    })
    expect(roomId).toMatch(/^![\w-]{43}$/)
    const { room_version: version } = await server.rooms.queryRoomVersionForRoom({ room_id: roomId })
    expect(version).toBe('12')
  })

  it('sends nothing when the rules do not allow one of the events', async () => {
    await using server = await startMaintained()
    const create = state('m.room.create', { creator: ALICE, room_version: '10' })
    const levels = state('m.room.power_levels', { users: { [ALICE]: 0 } })
    const given = [create, ...publicRoom.slice(0, 1), levels, state('m.room.topic', { topic: 'mine' })]
    await expect(
      server.users.createRoom({ creator: ALICE, version: '10', state: () => given }),
    ).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      details: { rule: expect.stringMatching(/^v10 /) as string },
    })
    expect(await server.hs.outputs()).toEqual([])
  })

  it.each([
    ['a version that is not known', { creator: ALICE, version: '99' }, 'UNSUPPORTED_ROOM_VERSION'],
    ['a creator of another server', { creator: '@eve:b' }, 'INVALID_ARGUMENT'],
    ['a creator that is not a user', { creator: 'alice' }, 'INVALID_ARGUMENT'],
  ])('refuses %s', async (_what, template, code) => {
    await using server = await startMaintained()
    await expect(server.users.createRoom({ ...template, state: () => [] })).rejects.toMatchObject({ code })
  })
})

describe('send', () => {
  it('puts an event at the end of the room, one after the other', async () => {
    const { server, roomId } = await withRoom()
    await using _server = server
    const sent = await Promise.all(
      ['1', '2', '3'].map((n) => server.users.send(roomId, { sender: ALICE, ...text(n) })),
    )
    expect(await server.hs.extremities(roomId)).toEqual(sent.slice(-1))
  })

  it('says which rule forbids an event, and stores nothing', async () => {
    const { server, roomId } = await withRoom()
    await using _server = server
    const before = await server.hs.extremities(roomId)
    await expect(server.users.send(roomId, { sender: '@bob:a', ...text('hi') })).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      details: { rule: 'v10 5', reason: expect.stringContaining('@bob:a') as string },
    })
    expect(await server.hs.extremities(roomId)).toEqual(before)
  })

  it.each([
    ['a room that is not known', '!nowhere:a', ALICE, 'ROOM_NOT_FOUND'],
    ['a sender of another server, whose key is not ours', '', '@eve:b', 'INVALID_ARGUMENT'],
  ])('refuses %s', async (_what, given, sender, code) => {
    const { server, roomId } = await withRoom()
    await using _server = server
    const room = given === '' ? roomId : given
    await expect(server.users.send(room, { sender, ...text('x') })).rejects.toMatchObject({ code })
  })

  it('names an event that cannot be made as malformed', async () => {
    const { server, roomId } = await withRoom()
    await using _server = server
    await expect(
      server.users.send(roomId, { sender: ALICE, ...text('x'.repeat(70_000)) }),
    ).rejects.toMatchObject({ code: 'MALFORMED_EVENT', details: { rule: 'format.size' } })
  })
})

describe('redact', () => {
  it.each(['1', '10', '11', '12'])(
    "redacts one's own event, and with the level that of others, in version %s",
    async (version) => {
      await using server = await startMaintained()
      const { users, rooms } = server
      const roomId = await users.createRoom({
        creator: ALICE,
        version,
        state: ({ auth }) => [
          state('m.room.create', {
            room_version: version,
            ...(auth.creator === 'content' && { creator: ALICE }),
          }),
          ...publicRoom.slice(0, 1),
          state('m.room.join_rules', { join_rule: 'public' }),
        ],
      })
      await users.join(joinRequest(roomId))
      const sent: string[] = []
      for (const sender of [ALICE, '@bob:a', '@bob:a'])
        sent.push(await users.send(roomId, { sender, ...text('x') }))
      const [ofAlice = '', ofBob = '', again = ''] = sent
      await expect(users.redact(roomId, { sender: '@bob:a', eventId: ofAlice })).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
        details: { rule: 'redact' },
      })
      await users.redact(roomId, { sender: '@bob:a', eventId: ofBob, reason: 'typo' })
      await users.redact(roomId, { sender: ALICE, eventId: again })
      const { events } = await rooms.queryEventsById({ event_ids: sent })
      const contents = new Map(
        events.map(({ eventId, json }) => [eventId, (JSON.parse(json) as { content: unknown }).content]),
      )
      expect(sent.map((id) => contents.get(id))).toEqual([text('x').content, {}, {}])
    },
  )

  it('refuses an event that is not known, or of another room', async () => {
    const { server, roomId } = await withRoom()
    await using _server = server
    const create = state('m.room.create', { creator: ALICE, room_version: '10' })
    const other = await server.users.createRoom({
      creator: ALICE,
      version: '10',
      state: () => [create, ...publicRoom],
    })
    const elsewhere = await server.users.send(other, { sender: ALICE, ...text('x') })
    for (const eventId of ['$nothing', elsewhere]) {
      await expect(server.users.redact(roomId, { sender: ALICE, eventId })).rejects.toMatchObject({
        code: 'EVENT_NOT_FOUND',
      })
    }
  })
})

const joinRequest = (target: string, user_id = '@bob:a') => ({
  room_id_or_alias: target,
  user_id,
  content: {},
  server_names: [],
})

describe('join', () => {
  it('joins by ID and by alias, and gives the ID', async () => {
    const { server, roomId } = await withRoom()
    await using _server = server
    await server.rooms.setRoomAlias({ user_id: ALICE, alias: '#tea:a', room_id: roomId })
    expect(await server.users.join(joinRequest(roomId))).toBe(roomId)
    expect(await server.users.join(joinRequest('#tea:a', '@carol:a'))).toBe(roomId)
  })

  it('names the component that is missing where another server would be needed', async () => {
    await using server = await startMaintained()
    for (const target of ['!far:b', '#far:b']) {
      await expect(server.users.join(joinRequest(target))).rejects.toMatchObject({
        code: 'COMPONENT_NOT_CONFIGURED',
        details: { component: 'federation' },
      })
    }
  })

  it.each([
    ['an alias that nobody has', '#nothing:a', '@bob:a', 'ROOM_NOT_FOUND'],
    ['an alias that is none', '#nothing', '@bob:a', 'INVALID_ARGUMENT'],
    ['a user of another server', '', '@eve:b', 'INVALID_ARGUMENT'],
    ['a room of this server that is not there', '!nowhere:a', '@bob:a', 'ROOM_NOT_FOUND'],
  ])('refuses %s', async (_what, target, user, code) => {
    const { server, roomId } = await withRoom()
    await using _server = server
    await expect(server.users.join(joinRequest(target || roomId, user))).rejects.toMatchObject({ code })
  })

  it('tells a user who is banned that the rules forbid it', async () => {
    const { server, roomId } = await withRoom()
    await using _server = server
    const ban = { type: 'm.room.member', stateKey: '@bob:a', content: { membership: 'ban' } }
    await server.users.send(roomId, { sender: ALICE, ...ban })
    await expect(server.users.join(joinRequest(roomId))).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
  })

  it.each([
    [403, 'NOT_ALLOWED'],
    [502, 'COMPONENT_FAILED'],
  ])('has another server that answers %i as %s', async (status, code) => {
    const LastError = { Code: status, Message: 'no', WrappedError: '', Contents: null }
    await using server = await startMaintained({
      performJoinRequest: async () => ({ JoinedVia: '', LastError }),
    })
    await expect(server.users.join(joinRequest('!far:b'))).rejects.toMatchObject({ code })
  })
})

describe('invite', () => {
  const bob = { sender: ALICE, target: '@bob:a', content: { reason: 'tea' } }

  it('invites a user of this server, with what the event is to say', async () => {
    const { server, roomId } = await withRoom()
    await using _server = server
    const eventId = await server.users.invite(roomId, bob)
    const [event] = (await server.rooms.queryEventsById({ event_ids: [eventId] })).events
    expect(JSON.parse(event?.json ?? '{}')).toMatchObject({
      state_key: '@bob:a',
      content: { membership: 'invite', reason: 'tea' },
    })
  })

  it('needs the federation component for a user of another server', async () => {
    const { server, roomId } = await withRoom()
    await using _server = server
    const before = await server.hs.extremities(roomId)
    await expect(server.users.invite(roomId, { ...bob, target: '@eve:b' })).rejects.toMatchObject({
      code: 'COMPONENT_NOT_CONFIGURED',
    })
    expect(await server.hs.extremities(roomId)).toEqual(before)
  })

  it.each([
    ['somebody who is in the room', { ...bob, target: ALICE }, 'NOT_ALLOWED'],
    ['an invite of somebody who is not', { ...bob, sender: '@carol:a' }, 'NOT_ALLOWED'],
    ['what is not a user', { ...bob, target: 'bob' }, 'INVALID_ARGUMENT'],
  ])('refuses %s', async (_what, template, code) => {
    const { server, roomId } = await withRoom()
    await using _server = server
    await expect(server.users.invite(roomId, template)).rejects.toMatchObject({ code })
  })
})
