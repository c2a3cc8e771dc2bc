import { type FederationApi, InputKind, type PerformJoinRequest } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it } from 'vitest'
import { auditRoom } from '../src/audit/audit-room.ts'
import { Homeserver } from './homeserver.ts'
import { Operations, type Others } from './operations.ts'
import { otherServer } from './other-server.ts'

async function started(joinRule = 'public', others: Others = {}) {
  const server = await Operations.start(others)
  const room = await RoomBuilder.create({ joinRule })
  await server.hs.takeAll(room.events)
  return { server, room }
}

const joinRequest = (change: Partial<PerformJoinRequest>): PerformJoinRequest => ({
  room_id_or_alias: '!room:a',
  user_id: '@bob:a',
  content: { displayname: 'Bob' },
  server_names: [],
  ...change,
})

describe('performJoin', () => {
  it('joins a user of ours, with the content of the request', async () => {
    const { server, room } = await started()
    await using _server = server
    expect(await server.api.performJoin(joinRequest({}))).toEqual({
      room_id: room.roomId,
      JoinedVia: 'a',
      Error: null,
    })
    const content = { displayname: 'Bob', membership: 'join' }
    expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toEqual(content)
    expect(await server.lastOutput()).toMatchObject({ new_room_event: { send_as_server: 'a' } })
  })

  it('leaves a joined user as they are', async () => {
    const { server, room } = await started()
    await using _server = server
    const before = await server.hs.outputs()
    expect(await server.api.performJoin(joinRequest({ user_id: '@alice:a' }))).toMatchObject({
      room_id: room.roomId,
      Error: null,
    })
    expect(await server.hs.outputs()).toEqual(before)
  })

  it('follows an alias of ours', async () => {
    const { server, room } = await started()
    await using _server = server
    await server.api.setRoomAlias({ user_id: '@alice:a', alias: '#x:a', room_id: room.roomId })
    const answer = await server.api.performJoin(joinRequest({ room_id_or_alias: '#x:a' }))
    expect(answer).toMatchObject({ room_id: room.roomId, Error: null })
  })

  it('lets users join at the same moment without forking the room', async () => {
    const { server, room } = await started()
    await using _server = server
    const users = Array.from({ length: 8 }, (_, index) => `@user${index}:a`)
    await Promise.all(users.map((user_id) => server.api.performJoin(joinRequest({ user_id }))))
    expect(await server.hs.extremities(room.roomId)).toHaveLength(1)
    const latest = await server.api.queryLatestEventsAndState({ room_id: room.roomId, state_to_fetch: [] })
    expect(latest.depth).toBe(13)
  })

  it('names who vouches in a restricted room', async () => {
    const { server, room } = await started()
    await using _server = server
    const club = await RoomBuilder.create({ roomId: '!club:a' })
    await club.join('@bob:a')
    const allow = [{ type: 'm.room_membership', room_id: '!club:a' }]
    const rule = await room.state('m.room.join_rules', '', { join_rule: 'restricted', allow })
    await server.hs.takeAll([...club.events, rule])
    expect(await server.api.performJoin(joinRequest({}))).toMatchObject({ Error: null })
    expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toMatchObject({
      join_authorised_via_users_server: '@alice:a',
    })
    expect(await server.api.performJoin(joinRequest({ user_id: '@carl:a' }))).toMatchObject({
      Error: { Code: 1, Msg: 'The join to room !room:a was not allowed.' },
    })
  })

  it('asks a server in the room where none of us can vouch', async () => {
    const asked: unknown[] = []
    const federation: Partial<FederationApi> = {
      performJoinRequest: async ({ server_names }) => {
        asked.push(server_names)
        return { JoinedVia: 'x', LastError: null }
      },
    }
    const { server, room } = await started('public', { federation })
    await using _server = server
    const allow = [{ type: 'm.room_membership', room_id: '!club:x' }]
    await room.join('@xena:x')
    await room.state('m.room.join_rules', '', { join_rule: 'restricted', allow })
    await server.hs.takeAll(room.events.slice(4))
    expect(await server.api.performJoin(joinRequest({}))).toMatchObject({ JoinedVia: 'x', Error: null })
    expect(asked).toEqual([['x']])
  })

  it.each<[string, Partial<PerformJoinRequest>, number, string]>([
    ['no user', { user_id: 'bob' }, 2, 'Supplied user ID "bob" in incorrect format'],
    ['a user of another server', { user_id: '@b:b' }, 2, 'User "@b:b" does not belong to this homeserver'],
    ['no room', { room_id_or_alias: 'rubbish' }, 2, 'Room ID or alias "rubbish" is invalid'],
    [
      'a room ID without server',
      { room_id_or_alias: '!x' },
      2,
      'Room ID "!x" is invalid: invalid ID "!x" missing \':\'',
    ],
    ['an unknown alias', { room_id_or_alias: '#no:a' }, 0, 'alias "#no:a" not found'],
    ['an unknown room of ours', { room_id_or_alias: '!no:a' }, 3, 'room ID "!no:a" does not exist'],
    [
      'a room of others, and nobody to ask',
      { room_id_or_alias: '!far:b' },
      0,
      'joining !far:b, a room that this server is not in, needs the federation component, but none is configured',
    ],
  ])('refuses %s', async (_what, change, Code, Msg) => {
    const { server } = await started()
    await using _server = server
    const Error = { Code, Msg, RemoteCode: 0 }
    expect(await server.api.performJoin(joinRequest(change))).toEqual({ room_id: '', JoinedVia: '', Error })
  })

  it.each([
    ['a fraction', { age: 1.5 }],
    ['more than an event can hold', { displayname: 'x'.repeat(70_000) }],
  ])('refuses content with %s', async (_what, content) => {
    const { server } = await started()
    await using _server = server
    const answer = await server.api.performJoin(joinRequest({ content }))
    const Msg = expect.stringMatching(/^Failed to build new "m\.room\.member" event: /)
    expect(answer).toMatchObject({ room_id: '', Error: { Code: 2, Msg } })
  })

  it('refuses what the rules of the room refuse', async () => {
    const { server } = await started('invite')
    await using _server = server
    const { Error } = await server.api.performJoin(joinRequest({}))
    expect(Error).toMatchObject({
      Code: 1,
      Msg: expect.stringMatching(/^InputRoomEvents auth failed: .*invite/),
    })
  })

  it('joins through other servers where we are outside', async () => {
    const asked: unknown[] = []
    const federation: Partial<FederationApi> = {
      performDirectoryLookup: async () => ({ room_id: '!far:b', server_names: ['c'] }),
      performJoinRequest: async (request) => {
        asked.push(request)
        return { JoinedVia: 'c', LastError: null }
      },
    }
    const { server } = await started('public', { federation })
    await using _server = server
    const request = joinRequest({ room_id_or_alias: '#x:b', server_names: ['a', 'd'] })
    expect(await server.api.performJoin(request)).toEqual({ room_id: '!far:b', JoinedVia: 'c', Error: null })
    expect(asked).toEqual([
      {
        room_id: '!far:b',
        user_id: '@bob:a',
        server_names: ['d', 'b', 'c'],
        content: { displayname: 'Bob', membership: 'join' },
      },
    ])
  })

  it('passes on how the other server refused', async () => {
    const LastError = { Contents: null, WrappedError: null, Message: '{"errcode":"M_FORBIDDEN"}', Code: 403 }
    const federation = { performJoinRequest: async () => ({ JoinedVia: '', LastError }) }
    const { server } = await started('public', { federation })
    await using _server = server
    expect(await server.api.performJoin(joinRequest({ room_id_or_alias: '!far:b' }))).toMatchObject({
      Error: { Code: 5, RemoteCode: 403, Msg: '{"errcode":"M_FORBIDDEN"}' },
    })
  })

  // It speaks of what this server sent: a client that gets a 400 would look for a fault in its own request.
  it.each([
    ['M_INVALID_PARAM in its text', 'invalid: M_INVALID_PARAM', null],
    [
      'M_MISSING_PARAM in its body',
      'HTTP 400',
      Buffer.from('{"errcode":"M_MISSING_PARAM"}').toString('base64'),
    ],
  ] as const)('does not pass on that what we sent was wrong: %s', async (_what, Message, Contents) => {
    const LastError = { Contents, WrappedError: null, Message, Code: 400 }
    const federation = { performJoinRequest: async () => ({ JoinedVia: '', LastError }) }
    const { server } = await started('public', { federation })
    await using _server = server
    expect(await server.api.performJoin(joinRequest({ room_id_or_alias: '!far:b' }))).toMatchObject({
      Error: { Code: 0, RemoteCode: 0, Msg: Message },
    })
  })
})

it('looks at so much of the answer of another server, and no more', async () => {
  const answer = (at: number) => Buffer.from(`${' '.repeat(at)}M_MISSING_PARAM`).toString('base64')
  const codes: unknown[] = []
  for (const at of [7_400, 7_500]) {
    const LastError = { Contents: answer(at), WrappedError: null, Message: 'HTTP 400', Code: 400 }
    const federation = { performJoinRequest: async () => ({ JoinedVia: '', LastError }) }
    const { server } = await started('public', { federation })
    await using _server = server
    const { Error } = await server.api.performJoin(joinRequest({ room_id_or_alias: '!far:b' }))
    codes.push([Error?.Code, Error?.RemoteCode])
  }
  expect(codes).toEqual([
    [0, 0],
    [5, 400],
  ])
})

const inviteRequest = (invite: Pdu, change: object = {}) => ({
  room_version: invite.rules.version,
  event: { roomVersion: invite.rules.version, eventId: invite.eventId, json: invite.json },
  invite_room_state: [],
  invite_room_state_pdus: [],
  send_as_server: 'a',
  transaction_id: null,
  ...change,
})

describe('performInvite', () => {
  it('sends an invite to a user of ours, with what they are shown of the room', async () => {
    const { server, room } = await started('invite')
    await using _server = server
    const invite = await room.member('@alice:a', '@bob:a', 'invite')
    expect(await server.api.performInvite(inviteRequest(invite))).toEqual({ Error: null })
    const [announced, sent] = (await server.hs.outputs()).slice(-2)
    const member = {
      content: { membership: 'invite' },
      sender: '@alice:a',
      state_key: '@bob:a',
      type: 'm.room.member',
    }
    const shown = [{ type: 'm.room.create' }, { type: 'm.room.join_rules' }]
    expect(announced).toMatchObject({
      new_invite_event: { event: { unsigned: { invite_room_state: [member, ...shown, member] } } },
    })
    expect(sent).toMatchObject({ new_room_event: { event: { _event_id: invite.eventId } } })
    expect(await server.api.queryRoomsForUser({ UserID: '@bob:a', WantMembership: 'invite' })).toEqual({
      RoomIDs: [room.roomId],
    })
  })

  it('has an invite to another server signed there first', async () => {
    const asked: string[] = []
    const federation: Partial<FederationApi> = {
      performInviteRequest: async ({ event }) => {
        asked.push(event?.eventId ?? '')
        return { event }
      },
    }
    const { server, room } = await started('invite', { federation })
    await using _server = server
    const invite = await room.member('@alice:a', '@bob:b', 'invite')
    expect(await server.api.performInvite(inviteRequest(invite))).toEqual({ Error: null })
    expect(asked).toEqual([invite.eventId])
    expect(await server.content(room.roomId, 'm.room.member', '@bob:b')).toEqual({ membership: 'invite' })
  })

  it('says nothing of an invite to another server that was sent there before, and tells whose transaction it is', async () => {
    const { server, room } = await started('invite', { federation: {} })
    await using _server = server
    const invite = await room.member('@alice:a', '@bob:b', 'invite')
    const transaction_id = { session_id: 7, id: 'm1' }
    const request = inviteRequest(invite, { send_as_server: '', transaction_id })
    expect(await server.api.performInvite(request)).toEqual({ Error: null })
    expect(await server.lastOutput()).toMatchObject({
      new_room_event: { send_as_server: '', transaction_id },
    })
  })

  it.each([
    ['is beside the graph of the room', async (room: RoomBuilder) => [await room.message('beside')], false],
    ['is not here', async (room: RoomBuilder) => [await room.message('elsewhere')], false],
    ['is in the graph', async (room: RoomBuilder) => [await room.join('@bob:b')], true],
    [
      'is there for one of two',
      async (room: RoomBuilder) => [...room.extremities, await room.message('elsewhere')],
      false,
    ],
  ])(
    'takes an invite of another server as an event of the room only where what it builds on %s',
    async (what, build, isOf) => {
      const { server, room } = await started('public', { federation: {} })
      await using _server = server
      await server.hs.take(await room.join('@eve:b'))
      const prev = await build(room)
      const last = prev.at(-1) as Pdu
      if (isOf) await server.hs.take(last)
      if (what.includes('beside')) await server.hs.take(last, { kind: InputKind.outlier })
      const invite = await room.member('@eve:b', '@carl:a', 'invite', { prev })
      expect(await server.api.performInvite(inviteRequest(invite))).toEqual({ Error: null })
      const record = await server.hs.event(invite.eventId)
      expect(record?.before !== 0).toBe(isOf)
      expect(await server.api.queryRoomsForUser({ UserID: '@carl:a', WantMembership: 'invite' })).toEqual({
        RoomIDs: [room.roomId],
      })
    },
  )

  it.each([
    ['does not answer', () => Promise.reject(new Error('nobody is there')), 'nobody is there'],
    [
      'has no answer',
      async () => ({ event: null }),
      'The server of the invited user returned a different event',
    ],
  ])('sends nothing when the other server %s', async (_what, performInviteRequest, Msg) => {
    const { server, room } = await started('invite', { federation: { performInviteRequest } })
    await using _server = server
    const invite = await room.member('@alice:a', '@bob:b', 'invite')
    expect(await server.api.performInvite(inviteRequest(invite))).toMatchObject({ Error: { Code: 1, Msg } })
    expect(await server.content(room.roomId, 'm.room.member', '@bob:b')).toBeUndefined()
  })

  it('takes an invite into a room that nobody here knows', async () => {
    const { server } = await started()
    await using _server = server
    const far = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b', joinRule: 'invite' })
    const invite = await far.member('@bob:b', '@alice:a', 'invite')
    const invite_room_state = [
      { content: { name: 'Far' }, state_key: '', type: 'm.room.name', sender: '@bob:b' },
    ]
    const request = inviteRequest(invite, { invite_room_state })
    expect(await server.api.performInvite(request)).toEqual({ Error: null })
    expect(await server.api.performInvite(request)).toEqual({ Error: null })
    const announced = (await server.hs.outputs()).filter((output) => output.type === 'new_invite_event')
    expect(announced).toMatchObject([{ new_invite_event: { event: { unsigned: { invite_room_state } } } }])
    const rooms = await server.api.queryRoomsForUser({ UserID: '@alice:a', WantMembership: 'invite' })
    expect(rooms).toEqual({ RoomIDs: ['!far:b'] })
  })

  it.each([
    ['by who sent it', '@bob:b', 'leave', []],
    ['by another user of that server, who bans', '@dave:b', 'ban', []],
    ['not by a server that did not send it', '@eve:c', 'leave', ['!far:b']],
    ['not by a message', '@bob:b', undefined, ['!far:b']],
  ])('has an invite into an unknown room withdrawn %s', async (_what, sender, membership, left) => {
    const { server } = await started()
    await using _server = server
    const far = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b', joinRule: 'invite' })
    const invite = await far.member('@bob:b', '@alice:a', 'invite')
    await server.api.performInvite(inviteRequest(invite))
    const end =
      membership === undefined
        ? await far.message('leave', { sender })
        : await far.member(sender, '@alice:a', membership)
    await server.hs.take(end)
    await server.hs.take(end)
    const rooms = await server.api.queryRoomsForUser({ UserID: '@alice:a', WantMembership: 'invite' })
    expect(rooms).toEqual({ RoomIDs: left })
    const announced = (await server.hs.outputs()).filter((output) => output.type === 'retire_invite_event')
    expect(announced).toMatchObject(
      left.length > 0
        ? []
        : [{ retire_invite_event: { EventID: invite.eventId, RetiredByEventID: end.eventId } }],
    )
  })

  it('has no invite withdrawn by one of two servers that sent some, nor by what is said of somebody else', async () => {
    const { server } = await started()
    await using _server = server
    const far = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b', joinRule: 'invite' })
    const invite = await far.member('@bob:b', '@alice:a', 'invite')
    await server.api.performInvite(inviteRequest(invite))
    const listed = () => server.api.queryRoomsForUser({ UserID: '@alice:a', WantMembership: 'invite' })
    const announced = (await server.hs.outputs()).length
    for (const end of [
      await far.member('@bob:b', '@dave:a', 'leave'),
      await far.member('@bob:b', '@bob:b', 'leave'),
      await far.state('m.room.topic', '@alice:a', { membership: 'leave' }, { sender: '@bob:b' }),
      await far.member('@bob:b', '@alice:a', 'invite'),
    ])
      expect(await server.hs.take(end)).not.toMatchObject({ kind: 'stored' })
    expect(await listed()).toEqual({ RoomIDs: ['!far:b'] })

    const other = await far.member('@eve:c', '@alice:a', 'invite')
    await server.api.performInvite(inviteRequest(other))
    for (const sender of ['@bob:b', '@eve:c'])
      expect(await server.hs.take(await far.member(sender, '@alice:a', 'leave'))).not.toMatchObject({
        kind: 'stored',
      })
    expect(await listed()).toEqual({ RoomIDs: ['!far:b'] })
    const kinds = (await server.hs.outputs()).slice(announced).map(({ type }) => type)
    expect(kinds).toEqual(['new_invite_event'])
  })

  // Found by the simulation: a resolution passed over an invite, since what it references was not known when it came.
  it.each([
    ['beside the graph', InputKind.outlier],
    ['as a new event', InputKind.new],
  ])('knows what an invite references once it comes %s with that', async (_what, kind) => {
    const { server } = await started()
    await using _server = server
    const far = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b', joinRule: 'invite' })
    const invite = await far.member('@bob:b', '@alice:a', 'invite')
    const shown = [{ content: { name: 'Far' }, state_key: '', type: 'm.room.name', sender: '@bob:b' }]
    await server.api.performInvite(inviteRequest(invite, { invite_room_state: shown }))
    const earlier = far.events.slice(0, -1)
    for (const event of earlier) await server.hs.take(event, { kind: InputKind.outlier })
    const state_event_ids = earlier.map((event) => event.eventId)
    await server.hs.take(invite, kind === InputKind.new ? { has_state: true, state_event_ids } : { kind })
    const referenced = await server.hs.storage.eventsById(invite.authEvents)
    const record = await server.hs.event(invite.eventId)
    // What the invited user was shown of the room is not part of the room's event.
    if (kind === InputKind.new) expect(record?.json).toBe(invite.json)
    expect(new Set(record?.authNids)).toEqual(new Set(referenced.map((event) => event.nid)))
    expect(record?.authLevel).toBe(1 + Math.max(...referenced.map((event) => event.authLevel)))
  })

  /** Found by the simulation (great trouble): the resolution with another branch passed over the invite for good. */
  it('learns what an invite references when another server tells a state with it', async () => {
    const far = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b' })
    const inviter = await far.join('@eve:b')
    const state = [...far.events]
    const invite = await far.member('@eve:b', '@alice:a', 'invite')
    const join = await far.join('@carol:a', { prev: state.slice(-1) })
    const message = await far.message('heard', { prev: [invite, join] })
    await using b = await Homeserver.start({ serverName: 'b' })
    await b.takeAll(far.events)
    const federation = {
      ...(await otherServer(b)),
      lookupMissingEvents: async () => ({ events: [] }),
      getEvent: () => Promise.reject(new Error('404 not found')),
    }
    const { server } = await started()
    await using _server = server
    const hs = server.hs.beside({ federation: federation as Partial<FederationApi> as FederationApi })

    await server.api.performInvite(inviteRequest(invite))
    for (const event of state) await hs.take(event, { kind: InputKind.outlier })
    await hs.take(join, { has_state: true, state_event_ids: state.map(({ eventId }) => eventId) })
    expect(await hs.take(message, { origin: 'b' })).toMatchObject({ verdict: 'accepted' })
    await hs.input.close()
    const referenced = await server.hs.storage.eventsById(invite.authEvents)
    expect(referenced.map(({ eventId }) => eventId)).toContain(inviter.eventId)
    const record = await server.hs.event(invite.eventId)
    expect(new Set(record?.authNids)).toEqual(new Set(referenced.map((event) => event.nid)))
  })

  /** Found by the simulation: a check of such a room complained of them. */
  it('finds nothing wrong with an invite, and its end, that came before what they reference', async () => {
    const { server } = await started()
    await using _server = server
    const far = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b', joinRule: 'invite' })
    const state = [...far.events]
    const invite = await far.member('@bob:b', '@alice:a', 'invite')
    await server.api.performInvite(inviteRequest(invite))
    await server.hs.take(await far.member('@bob:b', '@alice:a', 'leave'))
    const message = await far.message('seen without what was before')
    for (const event of state.slice(0, -1)) await server.hs.take(event, { kind: InputKind.outlier })
    const given = { has_state: true, state_event_ids: state.slice(0, -1).map(({ eventId }) => eventId) }
    await server.hs.take(message, given)
    const { storage } = server.hs
    const source = { store: storage, eventsOfRoom: storage.eventsOfRoom }
    const wrong: string[] = []
    for await (const one of auditRoom(source, await server.hs.room('!far:b'))) wrong.push(one)
    expect(wrong).toEqual([])
  })

  // Consumers that are slow read the output when the event may have come again, by the room.
  it('announces what the user is shown, whatever becomes of the event', async () => {
    const { server, room } = await started('invite')
    await using _server = server
    const invite = await room.member('@alice:a', '@bob:a', 'invite')
    const far = await RoomBuilder.create({ creator: '@eve:b', roomId: '!far:b', joinRule: 'invite' })
    const sent = await far.member('@eve:b', '@alice:a', 'invite')
    const invite_room_state = [{ content: {}, state_key: '', type: 'm.room.name', sender: '@eve:b' }]
    await server.api.performInvite(inviteRequest(sent, { invite_room_state }))
    await server.hs.takeAll([...far.events, invite])
    const announced = (await server.hs.outputs()).filter((output) => output.type === 'new_invite_event')
    expect(announced).toMatchObject([
      { new_invite_event: { event: { _event_id: sent.eventId, unsigned: { invite_room_state } } } },
      { new_invite_event: { event: { _event_id: invite.eventId } } },
    ])
  })

  it.each<[string, string, string, number, string]>([
    ['from strangers to strangers', '@b:b', '@c:c', 2, 'The invite must be either from or to a local user'],
    ['to a joined user', '@alice:a', '@alice:a', 1, 'User is already joined to room'],
    ['to nobody', '@alice:a', 'bob', 2, 'The user ID "bob" is invalid!'],
    ['by one who is not in the room', '@eve:a', '@bob:a', 1, '@eve:a is not joined (membership: none)'],
  ])('refuses one %s', async (_what, sender, target, Code, Msg) => {
    const { server, room } = await started()
    await using _server = server
    const invite = await room.member(sender, target, 'invite')
    expect(await server.api.performInvite(inviteRequest(invite))).toEqual({
      Error: { Code, Msg, RemoteCode: 0 },
    })
  })

  it.each([
    ['an unknown room version', { room_version: '99' }, 'The room version "99" is not known'],
    [
      'more shown than an event may have',
      {
        invite_room_state: [{ content: { a: 'x'.repeat(65_536) }, state_key: '', type: 't', sender: '@b:b' }],
      },
      'invite_room_state has more than 65536 bytes',
    ],
  ])('refuses one with %s', async (_what, change, Msg) => {
    const { server, room } = await started()
    await using _server = server
    const invite = await room.member('@alice:a', '@bob:a', 'invite')
    expect(await server.api.performInvite(inviteRequest(invite, change))).toEqual({
      Error: { Code: 2, Msg, RemoteCode: 0 },
    })
  })

  it('takes an invite of another server with as much shown of the room as an event may have', async () => {
    const { server } = await started()
    await using _server = server
    const far = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b', joinRule: 'invite' })
    const invite = await far.member('@bob:b', '@alice:a', 'invite')
    const shownWith = (text: string) => [{ content: { a: text }, state_key: '', type: 't', sender: '@b:b' }]
    const rest = 65_536 - JSON.stringify(shownWith('')).length
    const invite_room_state = shownWith('x'.repeat(rest))
    expect(await server.api.performInvite(inviteRequest(invite, { invite_room_state }))).toEqual({
      Error: null,
    })
  })

  it('goes by the version of the event where the request names none', async () => {
    const { server, room } = await started('invite')
    await using _server = server
    const invite = await room.member('@alice:a', '@bob:a', 'invite')
    expect(await server.api.performInvite(inviteRequest(invite, { room_version: '' }))).toEqual({
      Error: null,
    })
  })

  it('refuses what is not an invite', async () => {
    const { server, room } = await started()
    await using _server = server
    const refusal = { Error: { Code: 2, Msg: 'The event is not an invite', RemoteCode: 0 } }
    const ban = await room.member('@alice:a', '@bob:a', 'ban')
    expect(await server.api.performInvite(inviteRequest(ban))).toEqual(refusal)
    const other = await room.state('org.example.invite', '@bob:a', { membership: 'invite' })
    expect(await server.api.performInvite(inviteRequest(other))).toEqual(refusal)
    const message = await room.message('come in')
    await expect(server.api.performInvite(inviteRequest(message))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { argument: 'event.state_key' },
    })
  })

  it.each([
    ['no event', { event: null }, 'INVALID_ARGUMENT'],
    ['rubbish', { event: { roomVersion: '10', eventId: '', json: '{}' } }, 'MALFORMED_EVENT'],
  ])('fails for %s', async (_what, change, code) => {
    const { server, room } = await started()
    await using _server = server
    const invite = await room.member('@alice:a', '@bob:a', 'invite')
    await expect(server.api.performInvite(inviteRequest(invite, change))).rejects.toMatchObject({ code })
  })
})

describe('performLeave', () => {
  const leave = (server: Operations, user_id: string, room_id = '!room:a') =>
    server.api.performLeave({ room_id, user_id })

  it('takes a user out', async () => {
    const { server, room } = await started()
    await using _server = server
    await server.hs.take(await room.join('@bob:a'))
    expect(await leave(server, '@bob:a')).toEqual({ code: 0, message: null })
    expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toEqual({ membership: 'leave' })
  })

  // The reference crashed here, and the invite stayed.
  it('rejects an invite of a user of ours', async () => {
    const { server, room } = await started('invite')
    await using _server = server
    const invite = await room.member('@alice:a', '@bob:a', 'invite')
    await server.hs.take(invite)
    await leave(server, '@bob:a')
    const [retired, left] = (await server.hs.outputs()).slice(-2)
    expect(retired).toMatchObject({ retire_invite_event: { EventID: invite.eventId, Membership: 'leave' } })
    expect(left).toMatchObject({ new_room_event: { event: { content: { membership: 'leave' } } } })
    expect(await server.api.queryRoomsForUser({ UserID: '@bob:a', WantMembership: 'invite' })).toEqual({
      RoomIDs: [],
    })
  })

  it('keeps users in rooms of server notices', async () => {
    const user = {
      queryAccountData: async () => ({
        GlobalAccountData: new Map(),
        RoomAccountData: new Map([['!room:a', new Map([['m.tag', '{"tags":{"m.server_notice":{}}}']])]]),
      }),
    }
    const { server, room } = await started('invite', { user })
    await using _server = server
    await server.hs.take(await room.member('@alice:a', '@bob:a', 'invite'))
    await expect(leave(server, '@bob:a')).rejects.toMatchObject({ message: 'You cannot reject this invite' })
  })

  it.each([
    ['has no tags', undefined],
    ['has other tags', '{"tags":{"u.work":{}}}'],
    ['has tags that cannot be read', '{"tags":["m.server_notice"]}'],
    ['has account data without tags', '{"m.server_notice":{}}'],
    ['has account data that is a list', '["tags"]'],
    ['has account data that is no JSON', 'm.server_notice'],
  ])('lets a user reject an invite into a room that %s', async (_what, tags) => {
    const ofRoom = new Map(tags === undefined ? [] : [['m.tag', tags]])
    const user = {
      queryAccountData: async () => ({
        GlobalAccountData: new Map(),
        RoomAccountData: new Map([['!room:a', ofRoom]]),
      }),
    }
    const { server, room } = await started('invite', { user })
    await using _server = server
    await server.hs.take(await room.member('@alice:a', '@bob:a', 'invite'))
    expect(await leave(server, '@bob:a')).toEqual({ code: 0, message: null })
  })

  it('takes back a knock', async () => {
    const { server, room } = await started('knock')
    await using _server = server
    await server.hs.take(await room.member('@bob:a', '@bob:a', 'knock'))
    await leave(server, '@bob:a')
    expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toEqual({ membership: 'leave' })
  })

  const unheard = {
    room_id: '!far:b',
    user_id: '@alice:a',
    error: 'connection refused',
  }

  it.each([
    ['told', { performLeaveRequest: async () => ({}) }, []],
    [
      'gone',
      { performLeaveRequest: () => Promise.reject(new Error('connection refused')) },
      [['could not notify the inviting server of the rejected invite', unheard]],
    ],
    ['not to be reached for want of a federation component', undefined, []],
  ])('rejects an invite of another server that is %s', async (_what, federation, warned) => {
    const { server } = await started('public', federation === undefined ? {} : { federation })
    await using _server = server
    const far = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b', joinRule: 'invite' })
    const invite = await far.member('@bob:b', '@alice:a', 'invite')
    await server.api.performInvite(inviteRequest(invite))
    await leave(server, '@alice:a', '!far:b')
    expect(server.warned).toEqual(warned)
    expect(await server.lastOutput()).toEqual({
      type: 'retire_invite_event',
      retire_invite_event: {
        EventID: invite.eventId,
        TargetUserID: '@alice:a',
        RetiredByEventID: '',
        Membership: 'leave',
      },
    })
    for (const WantMembership of ['invite', 'leave']) {
      const rooms = await server.api.queryRoomsForUser({ UserID: '@alice:a', WantMembership })
      expect(rooms).toEqual({ RoomIDs: [] })
    }
  })

  it('does not put an invite before a user again that they rejected when its server was gone', async () => {
    const gone = { performLeaveRequest: () => Promise.reject(new Error('connection refused')) }
    const { server } = await started('public', { federation: gone })
    await using _server = server
    const far = await RoomBuilder.create({ creator: '@eve:b', roomId: '!far:b' })
    const invite = await far.member('@eve:b', '@alice:a', 'invite')
    await server.api.performInvite(inviteRequest(invite))
    await leave(server, '@alice:a', '!far:b')
    const state = [...far.events]
    const join = await far.join('@bob:a')
    for (const event of state) await server.hs.take(event, { kind: InputKind.outlier })
    const state_event_ids = state.map((event) => event.eventId)
    await server.hs.take(join, { has_state: true, state_event_ids })
    const announced = (await server.hs.outputs()).filter((output) => output.type === 'new_invite_event')
    expect(announced).toHaveLength(1)
    await leave(server, '@alice:a', '!far:b')
    expect(await server.content('!far:b', 'm.room.member', '@alice:a')).toEqual({ membership: 'leave' })
  })

  it('leaves by an event where we are in the room and the inviting server is gone', async () => {
    const { server, room } = await started()
    await using _server = server
    const invite = await room.member('@eve:b', '@bob:a', 'invite', { prev: [await room.join('@eve:b')] })
    await server.hs.takeAll(room.events.slice(4))
    await server.api.performLeave({ room_id: room.roomId, user_id: '@bob:a' })
    expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toEqual({ membership: 'leave' })
    const retired = (await server.hs.outputs()).filter((output) => output.type === 'retire_invite_event')
    expect(retired).toMatchObject([{ retire_invite_event: { EventID: invite.eventId } }])
  })

  it.each([
    ['no user', 'bob', '!room:a', 'supplied user ID "bob" in incorrect format'],
    ['a user of another server', '@b:b', '!room:a', 'user "@b:b" does not belong to this homeserver'],
    ['no room', '@bob:a', 'room', 'room ID "room" is invalid'],
    ['an unknown room', '@bob:a', '!no:a', 'room "!no:a" does not exist'],
    ['a stranger', '@bob:a', '!room:a', 'user "@bob:a" is not a member of room "!room:a"'],
    [
      'one who left',
      '@carl:a',
      '!room:a',
      'user "@carl:a" is not joined to the room (membership is "leave")',
    ],
    [
      'one who is banned',
      '@dave:a',
      '!room:a',
      'user "@dave:a" is not joined to the room (membership is "ban")',
    ],
  ])('fails for %s, in the words of the reference', async (_what, user_id, room_id, message) => {
    const { server, room } = await started()
    await using _server = server
    await server.hs.takeAll([await room.join('@carl:a'), await room.member('@carl:a', '@carl:a', 'leave')])
    await server.hs.take(await room.member('@alice:a', '@dave:a', 'ban'))
    await expect(leave(server, user_id, room_id)).rejects.toMatchObject({ message })
  })
})

describe('performForget', () => {
  it('forgets until the user comes back', async () => {
    const { server, room } = await started()
    await using _server = server
    await server.hs.takeAll([await room.join('@bob:a'), await room.member('@bob:a', '@bob:a', 'leave')])
    const forgotten = async () =>
      (await server.api.queryMembershipForUser({ room_id: room.roomId, user_id: '@bob:a' })).is_room_forgotten
    await server.api.performForget({ room_id: room.roomId, user_id: '@bob:a' })
    expect(await forgotten()).toBe(true)
    await server.api.performJoin(joinRequest({}))
    expect(await forgotten()).toBe(false)
  })

  it('fails for an unknown room', async () => {
    const { server } = await started()
    await using _server = server
    const request = { room_id: '!no:a', user_id: '@bob:a' }
    await expect(server.api.performForget(request)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' })
  })
})

describe('evacuation', () => {
  it('takes all users of ours out of a room, with their profiles', async () => {
    const { server, room } = await started()
    await using _server = server
    await server.api.performJoin(joinRequest({}))
    await server.hs.take(await room.join('@far:b', { prev: room.extremities }))
    const answer = await server.api.performAdminEvacuateRoom({ room_id: room.roomId })
    expect({ ...answer, affected: answer.affected.toSorted() }).toEqual({
      affected: ['@alice:a', '@bob:a'],
      Error: null,
    })
    const content = { displayname: 'Bob', membership: 'leave' }
    expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toEqual(content)
    expect(await server.content(room.roomId, 'm.room.member', '@far:b')).toEqual({ membership: 'join' })
    expect(await server.api.performAdminEvacuateRoom({ room_id: '!no:a' })).toEqual({
      affected: [],
      Error: { Code: 3, Msg: 'Room !no:a not found', RemoteCode: 0 },
    })
  })

  it('passes over those who cannot leave, and says so', async () => {
    let isLost = true
    await using server = await Operations.start({}, {}, (input) => ({
      ...input,
      ingest: async (event) =>
        isLost && event.event?.json.includes('"sender":"@alice:a"') === true
          ? { kind: 'missing', auth: [], prev: ['$lost'], state: [] }
          : await input.ingest(event),
    }))
    const room = await RoomBuilder.create()
    await room.join('@bob:a')
    await server.hs.takeAll(room.events)
    const answer = await server.api.performAdminEvacuateRoom({ room_id: room.roomId })
    expect(answer).toEqual({ affected: ['@bob:a'], Error: null })
    const fields = { room_id: room.roomId, user_id: '@alice:a', reason: 'prev events are missing' }
    expect(server.warned).toEqual([['could not evacuate user', fields]])
    isLost = false
    const again = await server.api.performAdminEvacuateUser({ user_id: '@alice:a' })
    expect(again).toEqual({ affected: [room.roomId], Error: null })
  })

  it('takes a user out of no room that they are not in', async () => {
    const { server, room } = await started('knock')
    await using _server = server
    await server.hs.take(await room.member('@bob:a', '@bob:a', 'knock'))
    await server.hs.take(await room.member('@alice:a', '@carl:a', 'ban'))
    for (const user_id of ['@bob:a', '@carl:a']) {
      expect(await server.api.performAdminEvacuateUser({ user_id })).toEqual({ affected: [], Error: null })
    }
    expect(server.warned).toEqual([])
    expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toEqual({ membership: 'knock' })
  })

  // The reference named no rooms, though the user had left them.
  it('takes a user of ours out of rooms and invites', async () => {
    const { server, room } = await started()
    await using _server = server
    const other = await RoomBuilder.create({ roomId: '!other:a', joinRule: 'invite' })
    await other.member('@alice:a', '@bob:a', 'invite')
    await server.hs.takeAll([...other.events, await room.join('@bob:a')])
    const answer = await server.api.performAdminEvacuateUser({ user_id: '@bob:a' })
    expect(answer.affected.toSorted()).toEqual(['!other:a', '!room:a'])
    for (const WantMembership of ['join', 'invite']) {
      expect((await server.api.queryRoomsForUser({ UserID: '@bob:a', WantMembership })).RoomIDs).toEqual([])
    }
  })

  it.each([
    ['', "Malformed user ID: gomatrixserverlib: invalid ID \"\" doesn't start with '@'"],
    ['@b:b', 'Can only evacuate local users using this endpoint'],
  ])('refuses the user %j', async (user_id, Msg) => {
    const { server } = await started()
    await using _server = server
    const answer = await server.api.performAdminEvacuateUser({ user_id })
    expect(answer).toEqual({ affected: [], Error: { Code: 2, Msg, RemoteCode: 0 } })
  })
})
