import type { FederationApi } from '@roomserver/api'
import { ed25519, encodeBase64, type Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { RoomserverError } from '@roomserver/types'
import { describe, expect, it, vi } from 'vitest'
import { Operations, type Others } from './operations.ts'

async function started(options: Parameters<typeof RoomBuilder.create>[0] = {}, others: Others = {}) {
  const server = await Operations.start(others)
  const room = await RoomBuilder.create(options)
  await server.hs.takeAll(room.events)
  return { server, room }
}

describe('peeks', () => {
  const peek = (server: Operations, change: object = {}) =>
    server.api.performPeek({
      room_id_or_alias: '!room:a',
      user_id: '@bob:a',
      device_id: 'PHONE',
      server_names: [],
      ...change,
    })
  const open = (room: RoomBuilder) =>
    room.state('m.room.history_visibility', '', { history_visibility: 'world_readable' })

  it('begin and end in a room that is open to the world', async () => {
    const { server, room } = await started()
    await using _server = server
    await server.hs.take(await open(room))
    expect(await peek(server)).toEqual({ room_id: '!room:a', Error: null })
    const device = { RoomID: '!room:a', UserID: '@bob:a', DeviceID: 'PHONE' }
    expect(await server.lastOutput()).toEqual({ type: 'new_peek', new_peek: device })
    const request = { room_id: '!room:a', user_id: '@bob:a', device_id: 'PHONE' }
    expect(await server.api.performUnpeek(request)).toEqual({ Error: null })
    expect(await server.lastOutput()).toEqual({ type: 'retire_peek', retire_peek: device })
  })

  it('need nobody else where we are in the room', async () => {
    const { server, room } = await started({ creator: '@bob:b', roomId: '!far:b' })
    await using _server = server
    await server.hs.takeAll([await room.join('@alice:a'), await open(room)])
    expect(await peek(server, { room_id_or_alias: '!far:b' })).toEqual({ room_id: '!far:b', Error: null })
  })

  it('do not end where there is no room', async () => {
    const { server } = await started()
    await using _server = server
    const before = await server.hs.outputs()
    const request = { room_id: '!no:a', user_id: '@bob:a', device_id: 'PHONE' }
    expect(await server.api.performUnpeek(request)).toEqual({ Error: null })
    expect(await server.hs.outputs()).toEqual(before)
  })

  it('are refused elsewhere', async () => {
    const { server, room } = await started()
    await using _server = server
    const Error = (Code: number, Msg: string) => ({ room_id: '', Error: { Code, Msg, RemoteCode: 0 } })
    expect(await peek(server)).toEqual(Error(1, 'Room is not world-readable'))
    await server.hs.takeAll([await open(room), await room.state('m.room.encryption', '', {})])
    expect(await peek(server)).toEqual(Error(1, 'Cannot peek into an encrypted room'))
    expect(await peek(server, { room_id_or_alias: '' })).toEqual(Error(2, 'Room ID or alias "" is invalid'))
    expect(await peek(server, { room_id_or_alias: '!far:b' })).toMatchObject({
      Error: { Code: 0, Msg: expect.stringContaining('none is configured') },
    })
    const unpeek = { room_id: 'x', user_id: '@bob:a', device_id: '' }
    expect(await server.api.performUnpeek(unpeek)).toEqual({
      Error: { Code: 2, Msg: 'Room ID "x" is invalid', RemoteCode: 0 },
    })
  })

  it('ask the servers that may know a room which we are not in', async () => {
    const asked: unknown[] = []
    const far = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b' })
    await open(far)
    const federation: Partial<FederationApi> = {
      performOutboundPeekRequest: async (request) => {
        asked.push(request)
        for (const event of far.events.slice(0, -1)) await server.hs.take(event, { kind: 1 })
        const state_event_ids = far.events.slice(0, -1).map(({ eventId }) => eventId)
        await server.hs.take(far.events.at(-1) as Pdu, { has_state: true, state_event_ids })
        return { LastError: null }
      },
    }
    await using server = await Operations.start({ federation })
    const answer = await peek(server, { room_id_or_alias: '!far:b', server_names: ['c'] })
    expect(answer).toEqual({ room_id: '!far:b', Error: null })
    expect(asked).toEqual([{ room_id: '!far:b', server_names: ['c', 'b'] }])
  })

  it('are refused as another server refuses them, and without an answer by what is known here', async () => {
    const LastError = { Contents: null, WrappedError: null, Message: 'M_FORBIDDEN', Code: 403 }
    const down = new RoomserverError(
      'COMPONENT_FAILED',
      { component: 'federation', operation: 'peek', reason: 'down' },
      'down',
    )
    const answers = [
      async () => ({ LastError }),
      () => Promise.reject(down),
      () => Promise.reject(new TypeError('a bug')),
    ]
    const federation: Partial<FederationApi> = {
      performOutboundPeekRequest: () =>
        answers.shift()?.() ?? Promise.reject(new TypeError('asked too often')),
    }
    const { server, room } = await started({ creator: '@bob:b', roomId: '!far:b' }, { federation })
    await using _server = server
    const ask = () => peek(server, { room_id_or_alias: '!far:b' })
    expect(await ask()).toEqual({ room_id: '', Error: { Code: 5, Msg: 'M_FORBIDDEN', RemoteCode: 403 } })
    await server.hs.take(await open(room))
    expect(await ask()).toEqual({ room_id: '!far:b', Error: null })
    expect(server.warned).toEqual([
      ['could not peek through another server', { room_id: '!far:b', error: 'down' }],
    ])
    await expect(ask()).rejects.toThrow('a bug')
  })

  it('of other servers begin behind the deepest of several forward extremities', async () => {
    const { server, room } = await started()
    await using _server = server
    const fork = room.extremities
    const deep = await room.message('deep', { prev: fork, depth: 70 })
    await room.message('flat', { prev: fork, depth: 7 })
    await server.hs.takeAll(room.events.slice(-2))
    const request = { user_id: '', room_id: '!room:a', peek_id: 'p', server_name: 'b', renewal_interval: 1 }
    const { latest_event: latest } = await server.api.performInboundPeek(request)
    expect(latest?.eventId).toBe(deep.eventId)
    expect(await server.lastOutput()).toMatchObject({ new_inbound_peek: { LatestEventID: deep.eventId } })
  })

  it('of other servers get the room as it is, and are announced', async () => {
    const { server, room } = await started()
    await using _server = server
    const request = {
      user_id: '',
      room_id: '!room:a',
      peek_id: 'p1',
      server_name: 'b',
      renewal_interval: 1000,
    }
    const answer = await server.api.performInboundPeek(request)
    const last = room.events.at(-1)?.eventId
    expect(answer).toMatchObject({ room_exists: true, room_version: '10', latest_event: { eventId: last } })
    expect(answer.state_events).toHaveLength(4)
    expect(answer.auth_chain_events).toHaveLength(3)
    expect(await server.lastOutput()).toEqual({
      type: 'new_inbound_peek',
      new_inbound_peek: {
        RoomID: '!room:a',
        PeekID: 'p1',
        LatestEventID: last,
        ServerName: 'b',
        RenewalInterval: 1000,
      },
    })
    expect(await server.api.performInboundPeek({ ...request, room_id: '!no:a' })).toEqual({
      room_exists: false,
      room_version: '',
      state_events: [],
      auth_chain_events: [],
      latest_event: null,
    })
  })
})

describe('removeRoomAlias', () => {
  async function aliased() {
    const { server, room } = await started()
    await server.hs.takeAll([
      await room.join('@bob:a'),
      await room.state('m.room.canonical_alias', '', { alias: '#x:a', alt_aliases: ['#y:a'] }),
    ])
    await server.api.setRoomAlias({ user_id: '@carl:a', alias: '#x:a', room_id: '!room:a' })
    return { server, room }
  }

  it('takes the alias out of the canonical ones, for a user who may', async () => {
    const { server } = await aliased()
    await using _server = server
    const remove = (user_id: string) => server.api.removeRoomAlias({ user_id, alias: '#x:a' })
    expect(await remove('@bob:a')).toEqual({ found: true, removed: false })
    expect(await remove('@alice:a')).toEqual({ found: true, removed: true })
    expect(await remove('@alice:a')).toEqual({ found: false, removed: false })
    expect(await server.content('!room:a', 'm.room.canonical_alias')).toEqual({ alt_aliases: ['#y:a'] })
  })

  it.each(['alias', 'room_id', 'user_id'])('is given with a %s of 255 bytes at the most', async (name) => {
    const { server } = await started()
    await using _server = server
    const set = { user_id: '@alice:a', alias: '#x:a', room_id: '!room:a' }
    const [sigil] = set[name as keyof typeof set]
    const named = (bytes: number) => ({ ...set, [name]: `${sigil}${'ü'.repeat((bytes - 3) / 2)}:a` })
    await expect(server.api.setRoomAlias(named(257))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { argument: name, expected: 'at most 255 bytes' },
    })
    expect(await server.api.setRoomAlias(named(255))).toEqual({ alias_exists: false })
  })

  it('says nothing in the room where the alias is not one of its canonical ones, nor in the name of a user elsewhere', async () => {
    const { server, room } = await aliased()
    await using _server = server
    await server.hs.takeAll([
      await room.join('@carol:c'),
      await room.state('m.room.power_levels', '', { users: { '@alice:a': 100, '@carol:c': 100 } }),
    ])
    await server.api.setRoomAlias({ user_id: '@alice:a', alias: '#z:a', room_id: '!room:a' })
    const before = await server.hs.outputs()
    const remove = async (user_id: string, alias: string) =>
      await server.api.removeRoomAlias({ user_id, alias })
    expect(await remove('@alice:a', '#z:a')).toEqual({ found: true, removed: true })
    expect(await remove('@carol:c', '#x:a')).toEqual({ found: true, removed: true })
    expect(await server.hs.outputs()).toEqual(before)
  })

  it('takes it out of the alternative ones', async () => {
    const { server } = await aliased()
    await using _server = server
    await server.api.setRoomAlias({ user_id: '@carl:a', alias: '#y:a', room_id: '!room:a' })
    await server.api.removeRoomAlias({ user_id: '@alice:a', alias: '#y:a' })
    expect(await server.content('!room:a', 'm.room.canonical_alias')).toEqual({
      alias: '#x:a',
      alt_aliases: [],
    })
  })

  /** A user of another server set the canonical alias, and its event was changed in that user's name, with our key. */
  it.each([
    ['a user of another server', '@carol:c', undefined],
    ['a user of ours who has left since', '@bob:a', 'left'],
    ['a user of ours who lost their level since', '@bob:a', 'demoted'],
  ])('says nothing in the name of %s who set the canonical alias', async (_who, setter, since) => {
    const { server, room } = await started()
    await using _server = server
    await room.join(setter)
    await room.state('m.room.power_levels', '', { users: { '@alice:a': 100, [setter]: 50 } })
    await room.state('m.room.canonical_alias', '', { alias: '#x:a' }, { sender: setter })
    if (since === 'left') await room.member(setter, setter, 'leave')
    if (since === 'demoted') await room.state('m.room.power_levels', '', { users: { '@alice:a': 100 } })
    await server.hs.takeAll(room.events)
    await server.api.setRoomAlias({ user_id: '@alice:a', alias: '#x:a', room_id: '!room:a' })
    const remove = server.api.removeRoomAlias({ user_id: '@alice:a', alias: '#x:a' })
    expect(await remove).toEqual({ found: true, removed: true })
    expect(await server.content('!room:a', 'm.room.canonical_alias')).toEqual({})
    const { new_room_event: said } = (await server.lastOutput()) ?? {}
    expect(said?.event).toMatchObject({ type: 'm.room.canonical_alias', sender: '@alice:a' })
  })

  it('takes it away for its maker who may not change the room, and leaves the room as it is', async () => {
    const { server } = await aliased()
    await using _server = server
    const before = await server.hs.outputs()
    const remove = server.api.removeRoomAlias({ user_id: '@carl:a', alias: '#x:a' })
    expect(await remove).toEqual({ found: true, removed: true })
    expect(await server.content('!room:a', 'm.room.canonical_alias')).toMatchObject({ alias: '#x:a' })
    expect(await server.hs.outputs()).toEqual(before)
    const asked = { alias: '#x:a', include_appservices: false }
    expect(await server.api.getRoomIdForAlias(asked)).toMatchObject({ room_id: '' })
  })

  it('does not take it away for a user who has left, whatever level they have', async () => {
    const { server, room } = await aliased()
    await using _server = server
    await server.hs.takeAll([
      await room.state('m.room.power_levels', '', { users: { '@alice:a': 100, '@bob:a': 50 } }),
      await room.member('@bob:a', '@bob:a', 'leave'),
    ])
    const remove = server.api.removeRoomAlias({ user_id: '@bob:a', alias: '#x:a' })
    expect(await remove).toEqual({ found: true, removed: false })
  })

  it.each([
    ['@alice:a', "room !no:a doesn't exist"],
    ['@bob:a', "r.DB.GetStateEvent: room !no:a doesn't exist"],
  ])('fails for a room that is not there: %s', async (user_id, message) => {
    const { server } = await aliased()
    await using _server = server
    await server.api.setRoomAlias({ user_id: '@alice:a', alias: '#no:a', room_id: '!no:a' })
    const remove = server.api.removeRoomAlias({ user_id, alias: '#no:a' })
    await expect(remove).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND', message })
  })
})

describe('performRoomUpgrade', () => {
  async function furnished(version: string) {
    const { server, room } = await started({ version })
    await room.join('@bob:a')
    await room.join('@far:b')
    await room.member('@alice:a', '@troll:b', 'ban')
    await room.member('@alice:a', '@guest:a', 'invite')
    await room.state('m.room.name', '', { name: 'Kitchen' })
    await room.state('m.room.canonical_alias', '', { alias: '#x:a' })
    await server.hs.takeAll(room.events)
    await server.api.setRoomAlias({ user_id: '@alice:a', alias: '#x:a', room_id: room.roomId })
    await server.api.performPublish({ RoomID: room.roomId, Visibility: 'public' })
    return { server, room }
  }
  const upgrade = (server: Operations, room_version: string, user_id = '@alice:a', room_id = '!room:a') =>
    server.api.performRoomUpgrade({ room_id, user_id, room_version })

  it.each(['9', '11', '12'])('replaces a room by one of version %s', async (version) => {
    const { server } = await furnished('6')
    await using _server = server
    const { NewRoomID: newRoom, Error } = await upgrade(server, version)
    expect(Error).toBeNull()
    const tombstone = await server.content('!room:a', 'm.room.tombstone')
    expect(tombstone).toEqual({ body: 'This room has been replaced', replacement_room: newRoom })
    expect(await server.content(newRoom, 'm.room.create')).toMatchObject({
      room_version: version,
      predecessor: { room_id: '!room:a' },
    })
    expect(await server.content(newRoom, 'm.room.name')).toEqual({ name: 'Kitchen' })
    expect(await server.content(newRoom, 'm.room.join_rules')).toEqual({ join_rule: 'public' })
    expect(await server.content(newRoom, 'm.room.guest_access')).toEqual({ guest_access: 'forbidden' })
    expect(await server.content(newRoom, 'm.room.member', '@troll:b')).toEqual({ membership: 'ban' })
    expect(await server.content(newRoom, 'm.room.member', '@guest:a')).toEqual({ membership: 'invite' })
    expect(await server.content(newRoom, 'm.room.member', '@bob:a')).toBeUndefined()
    expect(await server.content(newRoom, 'm.room.tombstone')).toBeUndefined()
    const latest = await server.api.queryLatestEventsAndState({ room_id: newRoom, state_to_fetch: [] })
    expect(latest).toMatchObject({ room_version: version })
  })

  it('moves aliases and the place in the directory, and closes the old room', async () => {
    const { server } = await furnished('6')
    await using _server = server
    const { NewRoomID: newRoom } = await upgrade(server, '9')
    expect((await server.api.getAliasesForRoomId({ room_id: newRoom })).aliases).toEqual(['#x:a'])
    expect((await server.api.queryPublishedRooms({ RoomID: '' })).RoomIDs).toEqual([newRoom])
    expect(await server.content(newRoom, 'm.room.canonical_alias')).toEqual({ alias: '#x:a' })
    expect(await server.content('!room:a', 'm.room.canonical_alias')).toEqual({})
    expect(await server.content('!room:a', 'm.room.power_levels')).toEqual({
      users: { '@alice:a': 100 },
      events_default: 50,
      invite: 50,
    })
    expect(await server.content(newRoom, 'm.room.power_levels')).toEqual({ users: { '@alice:a': 100 } })
    const create = await server.content(newRoom, 'm.room.create')
    const [tombstone] = (
      await server.api.queryCurrentState({
        RoomID: '!room:a',
        AllowWildcards: false,
        StateTuples: [{ EventType: 'm.room.tombstone', StateKey: '' }],
      })
    ).StateEvents
    const predecessor = { room_id: '!room:a', event_id: tombstone?.event?.eventId }
    expect(create).toMatchObject({ creator: '@alice:a', predecessor })
  })

  it('leaves creators of a version 12 room out of its levels', async () => {
    const { server } = await furnished('10')
    await using _server = server
    const { NewRoomID: newRoom } = await upgrade(server, '12')
    expect(newRoom).toMatch(/^![\w-]{43}$/)
    expect(await server.content(newRoom, 'm.room.power_levels')).toEqual({ users: {} })
    expect(await server.content(newRoom, 'm.room.create')).toEqual({
      room_version: '12',
      predecessor: { room_id: '!room:a' },
    })
  })

  it('makes levels integers where the new version wants that', async () => {
    const { server, room } = await furnished('6')
    await using _server = server
    const levels = { users: { '@alice:a': '100' }, events: { 'm.room.name': '60' }, ban: '50' }
    await server.hs.take(await room.state('m.room.power_levels', '', levels))
    const { NewRoomID: newRoom } = await upgrade(server, '10')
    expect(await server.content(newRoom, 'm.room.power_levels')).toEqual({
      users: { '@alice:a': 100 },
      events: { 'm.room.name': 60 },
      ban: 50,
    })
  })

  it('does not carry the tombstone of an earlier upgrade over', async () => {
    const { server } = await furnished('9')
    await using _server = server
    await upgrade(server, '10')
    const { NewRoomID: newRoom, Error } = await upgrade(server, '11')
    expect(Error).toBeNull()
    expect(await server.content(newRoom, 'm.room.tombstone')).toBeUndefined()
    expect(await server.content(newRoom, 'm.room.name')).toEqual({ name: 'Kitchen' })
  })

  it('raises the level of the user until all is carried over', async () => {
    const { server, room } = await furnished('9')
    await using _server = server
    const levels = {
      users: { '@alice:a': 100, '@bob:a': 55 },
      events: { 'm.room.tombstone': 50, 'm.room.name': 90, 'm.room.power_levels': 100 },
    }
    await server.hs.take(await room.state('m.room.power_levels', '', levels))
    const { NewRoomID: newRoom, Error } = await upgrade(server, '10', '@bob:a')
    expect(Error).toBeNull()
    expect(await server.content(newRoom, 'm.room.name')).toEqual({ name: 'Kitchen' })
    expect(await server.content(newRoom, 'm.room.power_levels')).toEqual(levels)
    // They may not change the power levels of the old room: those stay.
    expect(await server.content('!room:a', 'm.room.power_levels')).toEqual(levels)
  })

  it.each([
    [
      'who may not',
      '@bob:a',
      '!room:a',
      '9',
      1,
      "You don't have permission to upgrade the room, power level too low.",
    ],
    ['of an unknown room', '@alice:a', '!no:a', '9', 3, 'Error validating that the room exists'],
    ['to a version that is not known', '@alice:a', '!room:a', '99', 2, 'Room version "99" is not known'],
  ])('refuses one %s', async (_what, user_id, room_id, version, Code, Msg) => {
    const { server } = await furnished('6')
    await using _server = server
    const answer = await upgrade(server, version, user_id, room_id)
    expect(answer).toEqual({ NewRoomID: '', Error: { Code, Msg, RemoteCode: 0 } })
    expect(await server.content('!room:a', 'm.room.tombstone')).toBeUndefined()
  })
})

describe('performBackfill for ourselves', () => {
  /** A room of server `b` that alice of `a` joined when it had a past. */
  async function joined(
    others: (room: RoomBuilder, past: readonly Pdu[]) => Partial<FederationApi>,
    count = 3,
  ) {
    const room = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b' })
    const state = [...room.events]
    const past: Pdu[] = []
    while (past.length < count) past.push(await room.message(`${past.length + 1}`))
    const join = await room.join('@alice:a')
    const server = await Operations.start({ federation: others(room, past) })
    for (const event of state) await server.hs.take(event, { kind: 1 })
    const ids = state.map((event) => event.eventId)
    await server.hs.take(join, { has_state: true, state_event_ids: ids })
    const backfill = () =>
      server.api.performBackfill({
        room_id: '!far:b',
        backwards_extremities: new Map([[join.eventId, [past.at(-1)?.eventId ?? '']]]),
        limit: 10,
        server_name: 'a',
      })
    return { server, room, past, backfill }
  }

  const seed = new Uint8Array(32)
  const keysOf = async () => ({
    results: new Map([
      [
        'b/ed25519:test',
        {
          key: encodeBase64(await ed25519.publicKey(seed)),
          expired_ts: 0,
          valid_until_ts: 2_000_000_000_000,
        },
      ],
    ]),
  })
  const transaction = (events: readonly Pdu[]) => ({
    transaction_id: '',
    origin: 'b',
    destination: '',
    origin_server_ts: 0,
    previous_ids: [],
    pdus: events.map((event) => event.json),
    edus: [],
  })

  // It asked other servers only, and gave nothing where there were none.
  it('gives what is here, and asks nobody for it', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    await room.state('m.room.history_visibility', '', { history_visibility: 'joined' })
    for (const text of ['1', '2', '3']) await room.message(text)
    await server.hs.takeAll(room.events)
    await server.hs.take(await room.join('@bob:a'))
    const ids = room.events.map(({ eventId }) => eventId)
    const ask = async (limit: number) => {
      const backwards_extremities = new Map([[ids.at(-1) ?? '', [ids.at(-2) ?? '']]])
      const request = { room_id: room.roomId, backwards_extremities, limit, server_name: 'a' }
      return (await server.api.performBackfill(request)).events.map(({ eventId }) => eventId)
    }
    expect(await ask(2)).toEqual(ids.slice(-3, -1))
    expect(await ask(100)).toEqual(ids.slice(0, -1))
  })

  it('asks the next server where one has only a part of the past', async () => {
    const asked: string[] = []
    const { server, room, past, backfill } = await joined((builder, events) => ({
      backfill: async ({ S }) => {
        asked.push(S)
        const all = [...events.toReversed(), ...builder.events.slice(0, -4).toReversed()]
        return transaction(asked.length === 1 ? all.slice(0, 1) : all)
      },
      queryPublicKey: keysOf,
    }))
    await using _server = server
    await server.hs.take(await room.join('@carol:c'))
    const { events } = await backfill()
    expect(asked.toSorted()).toEqual(['b', 'c'])
    expect(events.map((event) => event.eventId).slice(-3)).toEqual(past.map((event) => event.eventId))
  })

  it('asks five servers at most, each once, and for no state where none gave an event', async () => {
    const asked: string[] = []
    const { server, room, backfill } = await joined(() => ({
      backfill: async ({ S, Limit }) => {
        asked.push(`${S} ${Limit}`)
        throw new Error('gone')
      },
    }))
    await using _server = server
    for (const name of ['c', 'd', 'e', 'f', 'g']) await server.hs.take(await room.join(`@user:${name}`))
    expect(await backfill()).toEqual({ events: [] })
    expect(new Set(asked).size).toBe(5)
    expect(asked).toHaveLength(5)
    for (const call of asked) expect(call).toMatch(/^[b-g] 100$/)
  })

  it('asks one server only where that one gives all that leads back to what is known', async () => {
    const asked: string[] = []
    const { server, room, past, backfill } = await joined((builder, events) => ({
      backfill: async ({ S }) => {
        asked.push(S)
        return transaction([...events.toReversed(), ...builder.events.slice(0, 4).toReversed()])
      },
      queryPublicKey: keysOf,
    }))
    await using _server = server
    for (const name of ['c', 'd']) await server.hs.take(await room.join(`@user:${name}`))
    const { events } = await backfill()
    expect(events.map((event) => event.eventId).slice(-3)).toEqual(past.map((event) => event.eventId))
    expect(asked).toHaveLength(1)
  })

  it.each([
    [99, 3],
    [100, 1],
  ])(
    'asks no further server where one gave as many events as are wanted, and for the state whoever gave them first: %i',
    async (count, servers) => {
      const asked: string[] = []
      const states: string[] = []
      const { server, room, backfill } = await joined(
        (_room, events) => ({
          backfill: async ({ S }) => {
            asked.push(S)
            return transaction(events.slice(-count).toReversed())
          },
          lookupStateIds: async ({ S }) => {
            states.push(S)
            throw new Error('404 not found')
          },
          queryPublicKey: keysOf,
        }),
        count + 1,
      )
      await using _server = server
      for (const name of ['c', 'd']) await server.hs.take(await room.join(`@user:${name}`))
      expect(await backfill()).toEqual({ events: [] })
      expect(asked).toHaveLength(servers)
      expect(new Set(states)).toEqual(new Set(asked.slice(0, 1)))
    },
  )

  it('asks for no auth events and no state where nothing of them is missing', async () => {
    const asked: string[] = []
    const note = async (what: string): Promise<never> => {
      asked.push(what)
      throw new Error('404 not found')
    }
    const { server, backfill } = await joined((room, events) => ({
      backfill: async () => transaction([...room.events.slice(0, 4), ...events]),
      getEventAuth: async () => note('auth'),
      lookupStateIds: async () => note('state'),
      getEvent: async () => note('event'),
      queryPublicKey: keysOf,
    }))
    await using _server = server
    expect((await backfill()).events).toHaveLength(7)
    expect(asked).toEqual([])
  })

  it('fetches and checks the past, and says it to nobody else', async () => {
    const { server, past, backfill } = await joined((room, events) => ({
      backfill: async () => transaction([...events.toReversed(), ...room.events.slice(0, 4).toReversed()]),
      queryPublicKey: keysOf,
    }))
    await using _server = server
    const before = await server.hs.outputs()
    const { events } = await backfill()
    expect(events.map((event) => event.eventId).slice(-3)).toEqual(past.map((event) => event.eventId))
    expect(events).toHaveLength(7)
    expect(await server.hs.outputs()).toEqual(before)
    const at = { room_id: '!far:b', prev_event_ids: [past[0]?.eventId ?? ''], state_to_fetch: [] }
    const state = await server.api.queryStateAfterEvents(at)
    expect(state).toMatchObject({ prev_events_exist: true })
    expect(state.state_events).toHaveLength(4)
  })

  it('asks for the state where the past does not reach the beginning', async () => {
    const { server, room, past, backfill } = await joined((builder, events) => ({
      backfill: async () => transaction(events.slice(1)),
      queryPublicKey: keysOf,
      lookupStateIds: async () => ({
        pdu_ids: builder.events.slice(0, 4).map((event) => event.eventId),
        auth_chain_ids: builder.events.slice(0, 3).map((event) => event.eventId),
      }),
    }))
    await using _server = server
    const { events } = await backfill()
    expect(events.map((event) => event.eventId)).toEqual(past.slice(1).map((event) => event.eventId))
    const at = { room_id: '!far:b', prev_event_ids: [past[2]?.eventId ?? ''], state_to_fetch: [] }
    expect((await server.api.queryStateAfterEvents(at)).state_events).toHaveLength(4)
    expect(room.events).toHaveLength(8)
  })

  /**
   * Found by simulation: a liar added to the past that it was asked for a branch that nobody had heard of. Taken in with
   * the past, what was on it would have been nothing new when it came by itself: told to nobody, and no forward extremity.
   */
  it('takes nothing that was not asked for, so that it is news when it comes', async () => {
    const unasked: Pdu[] = []
    const { server, room, past, backfill } = await joined((_room, events) => ({
      backfill: async () => transaction([...events, ...unasked]),
      lookupStateIds: async () => ({
        pdu_ids: room.events.slice(0, 4).map((event) => event.eventId),
        auth_chain_ids: [],
      }),
      queryPublicKey: keysOf,
    }))
    await using _server = server
    const branch = await room.message('on a branch', { prev: past.slice(2) })
    unasked.push(branch)
    const { events } = await backfill()
    expect(events.map((event) => event.eventId)).toEqual(past.map((event) => event.eventId))
    expect(await server.hs.take(branch)).toMatchObject({ verdict: 'accepted', known: false })
    expect(await server.hs.extremities('!far:b')).toContain(branch.eventId)
  })

  // The reference did not always check signatures of fetched events.
  it.each([
    ['are not signed with a known key', async () => ({ results: new Map() })],
    [
      'are signed with another key',
      async () => {
        const { results } = await keysOf()
        const key = encodeBase64(await ed25519.publicKey(seed.with(0, 1)))
        return { results: new Map([...results].map(([name, found]) => [name, { ...found, key }])) }
      },
    ],
  ])('takes no events that %s', async (_what, queryPublicKey) => {
    const { server, backfill } = await joined((_room, events) => ({
      backfill: async () => transaction(events),
      queryPublicKey,
    }))
    await using _server = server
    expect(await backfill()).toEqual({ events: [] })
  })

  // The clock goes on by a second each time that it is looked at: so each event takes one.
  it('asks for the state before no further event when its time is over', async () => {
    let asked = 0
    const { server, room, backfill } = await joined(
      (_room, events) => ({
        backfill: async ({ S }) => transaction(S === 'b' ? events.slice(-99) : events.slice(1, -99)),
        lookupStateIds: async () => {
          asked++
          throw new Error('404 not found')
        },
        queryPublicKey: keysOf,
      }),
      199,
    )
    await using _server = server
    await server.hs.take(await room.join('@user:c'))
    expect(await backfill()).toEqual({ events: [] })
    expect(asked).toBeGreaterThan(100)
    expect(asked).toBeLessThan(120)
  })

  it('waits thirty seconds for one server, and then asks the next', async () => {
    const { promise: isWaiting, resolve: waits } = Promise.withResolvers<void>()
    const asked: string[] = []
    const { server, room, backfill } = await joined((builder, events) => ({
      backfill: async ({ S }) => {
        asked.push(S)
        if (S === 'c') return transaction([...builder.events.slice(0, 4), ...events])
        waits()
        return await new Promise(() => undefined)
      },
      queryPublicKey: keysOf,
    }))
    await using _server = server
    await server.hs.take(await room.join('@user:c'))
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const done = backfill()
      await isWaiting
      await vi.advanceTimersByTimeAsync(29_999)
      expect(asked).toEqual(['b'])
      await vi.advanceTimersByTimeAsync(1)
      expect((await done).events).toHaveLength(7)
      expect(asked).toEqual(['b', 'c'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('gives nothing when nobody answers', async () => {
    const { server, backfill } = await joined(() => ({ backfill: () => Promise.reject(new Error('gone')) }))
    await using _server = server
    expect(await backfill()).toEqual({ events: [] })
  })
})

it('notes who changed aliases, the directory or a whole room, with the answer, and nothing of what users do for themselves', async () => {
  const { server, room } = await started()
  await using _server = server
  const { api } = server
  await server.hs.takeAll([await room.join('@bob:a')])
  const set = { user_id: '@alice:a', alias: '#x:a', room_id: '!room:a' }
  const remove = { user_id: '@alice:a', alias: '#nobody:a' }
  await api.setRoomAlias(set)
  await api.removeRoomAlias(remove)
  await api.performPublish({ RoomID: '!room:a', Visibility: 'public' })
  await api.performLeave({ room_id: '!room:a', user_id: '@bob:a' })
  await api
    .performRoomUpgrade({ room_id: '!no:a', user_id: '@alice:a', room_version: '10' })
    .catch(() => undefined)
  await api.performAdminEvacuateRoom({ room_id: '!room:a' })
  const audit = server.noted.filter(([message]) => message.startsWith('audit: '))
  expect(audit.map(([, fields]) => fields)).toMatchObject([
    { audit: 'setRoomAlias', request: set, answer: '{"alias_exists":false}' },
    { audit: 'removeRoomAlias', request: remove, answer: '{"found":false,"removed":false}' },
    { audit: 'performPublish' },
    { audit: 'performRoomUpgrade' },
    { audit: 'performAdminEvacuateRoom', request: { room_id: '!room:a' } },
  ])
})
