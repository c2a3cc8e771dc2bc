import { InputKind } from '@roomserver/api'
import { referenceHash } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import type { EventRecord } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { textOf } from '../src/query/bulk-state-content.ts'
import { eventReference } from '../src/query/event-references.ts'
import { Operations } from './operations.ts'

const idsOf = (events: readonly { readonly eventId: string }[]) =>
  events.map((event) => event.eventId).toSorted()
const tuple = (EventType: string, StateKey = '') => ({ EventType, StateKey })

describe('queryLatestEventsAndState', () => {
  it.each(['1', '3', '4', '12'])(
    'gives what the next event of a version %s room builds on',
    async (version) => {
      await using server = await Operations.start()
      const room = await RoomBuilder.create({ version })
      await server.hs.takeAll(room.events)
      const answer = await server.api.queryLatestEventsAndState({ room_id: room.roomId, state_to_fetch: [] })
      const last = room.events.at(-1)
      expect(answer).toMatchObject({ room_exists: true, room_version: version, depth: 5 })
      expect(answer.latest_events.map(({ eventId }) => eventId)).toEqual([last?.eventId])
      expect(answer.latest_events[0]?.sha256).toMatch(/^[A-Za-z0-9+/]{43}$/)
      expect(idsOf(answer.state_events)).toEqual(idsOf(room.events))
      expect(answer.state_events.every((event) => event.roomVersion === version)).toBe(true)
    },
  )

  it('gives the wanted entries, and nothing for those that are not there', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    await server.hs.takeAll(room.events)
    const ask = async (...tuples: ReturnType<typeof tuple>[]) => {
      const answer = await server.api.queryLatestEventsAndState({
        room_id: room.roomId,
        state_to_fetch: tuples,
      })
      return idsOf(answer.state_events)
    }
    const [create] = room.events
    expect(await ask(tuple('m.room.create'), tuple('m.room.create'))).toEqual([create?.eventId])
    expect(await ask(tuple('m.room.topic'))).toEqual([])
    expect(await ask(tuple('m.room.member', '@nobody:a'))).toEqual([])
    // What callers misspell reads as a tuple without a type.
    expect(await ask(tuple(''))).toEqual(idsOf(room.events))
    expect(await ask(tuple(''), tuple('m.room.create'))).toEqual([create?.eventId])
  })

  it.each(['1', '2', '3', '4', '12'])('names events by their hashes in version %s', async (version) => {
    const room = await RoomBuilder.create({ version })
    for (let n = 0; n < 40; n++) await room.message(`${n}`)
    const references = room.events.map((event) => eventReference(event as unknown as EventRecord, room.rules))
    expect(references).toEqual(
      room.events.map(({ eventId, json }) => ({
        eventId,
        sha256: referenceHash(json, room.rules).replaceAll('-', '+').replaceAll('_', '/'),
      })),
    )
    expect(references.some(({ sha256 }) => sha256.includes('+'))).toBe(true)
    expect(references.some(({ sha256 }) => sha256.includes('/'))).toBe(true)
  })

  it('takes a room that is only known from an invite as unknown', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b', joinRule: 'invite' })
    const invite = await room.member('@bob:b', '@alice:a', 'invite')
    const event = { roomVersion: '10', eventId: invite.eventId, json: invite.json }
    await server.api.performInvite({
      room_version: '10',
      event,
      invite_room_state: [],
      invite_room_state_pdus: [],
      send_as_server: '',
      transaction_id: null,
    })
    expect(await server.api.queryLatestEventsAndState({ room_id: '!far:b', state_to_fetch: [] })).toEqual({
      room_exists: false,
      room_version: '',
      latest_events: [],
      state_events: [],
      depth: 0,
    })
    expect(await server.api.queryRoomVersionForRoom({ room_id: '!far:b' })).toEqual({ room_version: '10' })
  })
})

/** A room whose topic was set on two branches. */
async function forked() {
  const room = await RoomBuilder.create()
  const base = room.events.slice(-1)
  const left = await room.state('m.room.topic', '', { topic: 'left' }, { prev: base, depth: 5 })
  const right = await room.state('m.room.topic', '', { topic: 'right' }, { prev: base, depth: 5 })
  return { room, left, right }
}

describe('queryStateAfterEvents', () => {
  // The reference gave the states of both branches, one after the other.
  it('resolves the states after several events', async () => {
    await using server = await Operations.start()
    const { room, left, right } = await forked()
    await server.hs.takeAll(room.events)
    const ask = async (state_to_fetch: ReturnType<typeof tuple>[]) =>
      await server.api.queryStateAfterEvents({
        room_id: room.roomId,
        prev_event_ids: [left.eventId, right.eventId],
        state_to_fetch,
      })
    const whole = await ask([])
    expect(whole.prev_events_exist).toBe(true)
    expect(idsOf(whole.state_events)).toEqual(idsOf([...room.events.slice(0, 4), right]))
    expect(idsOf((await ask([tuple('m.room.topic')])).state_events)).toEqual([right.eventId])
    expect(idsOf((await ask([tuple('m.room.create')])).state_events)).toEqual([room.events[0]?.eventId])
  })

  it.each([
    ['is not stored', (): string => '$nothing'],
    ['belongs to another room', (other: RoomBuilder): string => other.events.at(-1)?.eventId ?? ''],
  ])('says so when an event %s', async (_why, prev) => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    const other = await RoomBuilder.create({ roomId: '!other:a' })
    await server.hs.takeAll([...room.events, ...other.events])
    const request = { room_id: room.roomId, prev_event_ids: [prev(other)], state_to_fetch: [] }
    expect(await server.api.queryStateAfterEvents(request)).toEqual({
      room_exists: true,
      room_version: '10',
      prev_events_exist: false,
      state_events: [],
    })
  })
})

it('takes an event beside the graph of the room for one that is not there: its state is not known', async () => {
  await using server = await Operations.start()
  const room = await RoomBuilder.create()
  await server.hs.takeAll(room.events)
  const [last] = room.extremities
  const beside = await room.message('beside')
  await server.hs.take(beside, { kind: InputKind.outlier })
  const prev_event_ids = [last?.eventId ?? '', beside.eventId]
  const request = { room_id: room.roomId, prev_event_ids, state_to_fetch: [] }
  const unknown = { room_exists: true, room_version: '10', prev_events_exist: false, state_events: [] }
  expect(await server.api.queryStateAfterEvents(request)).toEqual(unknown)
  const chained = { ...request, auth_event_ids: [], only_fetch_auth_chain: false, resolve_state: true }
  expect(await server.api.queryStateAndAuthChain(chained)).toEqual({
    ...unknown,
    is_rejected: false,
    auth_chain_events: [],
  })
})

describe('queryStateAndAuthChain', () => {
  const ask = (server: Operations, room: RoomBuilder, change: object) =>
    server.api.queryStateAndAuthChain({
      room_id: room.roomId,
      prev_event_ids: [],
      auth_event_ids: [],
      only_fetch_auth_chain: false,
      resolve_state: false,
      ...change,
    })

  it('gives the state, resolved or joined, and the auth chain that backs it', async () => {
    await using server = await Operations.start()
    const { room, left, right } = await forked()
    await server.hs.takeAll(room.events)
    const prev_event_ids = [left.eventId, right.eventId]
    const resolved = await ask(server, room, { prev_event_ids, resolve_state: true })
    expect(idsOf(resolved.state_events)).toEqual(idsOf([...room.events.slice(0, 4), right]))
    const joined = await ask(server, room, { prev_event_ids })
    expect(idsOf(joined.state_events)).toEqual(idsOf(room.events))
    expect(idsOf(joined.auth_chain_events)).toEqual(idsOf(room.events.slice(0, 3)))
  })

  it('gives the auth chain alone', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    const message = await room.message('hello')
    await server.hs.takeAll(room.events)
    const answer = await ask(server, room, { auth_event_ids: [message.eventId], only_fetch_auth_chain: true })
    expect(idsOf(answer.auth_chain_events)).toEqual(idsOf([...room.events.slice(0, 3), message]))
    expect(answer).toMatchObject({ prev_events_exist: false, state_events: [] })
  })

  it.each([
    ['is stored', (room: RoomBuilder) => room.events.at(-1), true],
    ['is not stored', () => undefined, false],
    ['belongs to another room', (_room: RoomBuilder, other: RoomBuilder) => other.events.at(-1), false],
  ])('tells whether every prev event is there, where one %s', async (_why, find, exists) => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    const other = await RoomBuilder.create({ roomId: '!other:a' })
    await server.hs.takeAll([...room.events, ...other.events])
    const known = room.events[2]?.eventId ?? ''
    const prev_event_ids = [known, find(room, other)?.eventId ?? '$nothing']
    const { state_events, auth_chain_events, ...answer } = await ask(server, room, { prev_event_ids })
    expect(answer).toEqual({
      room_exists: true,
      room_version: '10',
      prev_events_exist: exists,
      is_rejected: false,
    })
    expect(idsOf(state_events)).toEqual(exists ? idsOf(room.events) : [])
    expect(idsOf(auth_chain_events)).toEqual(exists ? idsOf(room.events.slice(0, 3)) : [])
  })

  it('tells that a room is not known', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    const { eventId } = room.events[0] ?? {}
    expect(await ask(server, room, { prev_event_ids: [eventId], auth_event_ids: [eventId] })).toEqual({
      room_exists: false,
      room_version: '',
      prev_events_exist: false,
      is_rejected: false,
      state_events: [],
      auth_chain_events: [],
    })
  })

  it('gives with the state what the event itself references and the state does not have', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    const before = room.events.at(-1)
    const bob = await room.join('@bob:b')
    await server.hs.takeAll(room.events)
    const referenced = { prev_event_ids: [before?.eventId], auth_event_ids: [bob.eventId, '$nothing'] }
    const answer = await ask(server, room, referenced)
    expect(answer.prev_events_exist).toBe(true)
    expect(idsOf(answer.state_events)).toEqual(idsOf(room.events.slice(0, 4)))
    expect(idsOf(answer.auth_chain_events)).toEqual(idsOf(room.events))
  })

  it('tells that a prev event was rejected', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    const refused = await room.message('let me', { sender: '@stranger:a' })
    await server.hs.takeAll(room.events)
    const [first] = room.events
    for (const prev_event_ids of [[refused.eventId], [first?.eventId, refused.eventId]]) {
      expect(await ask(server, room, { prev_event_ids })).toMatchObject({ is_rejected: true })
    }
    expect(await ask(server, room, { prev_event_ids: [first?.eventId] })).toMatchObject({
      is_rejected: false,
    })
  })

  it('has nothing for an event that builds on none', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    await server.hs.takeAll(room.events)
    const none = { room_exists: true, room_version: '10', prev_events_exist: true, is_rejected: false }
    expect(await ask(server, room, {})).toEqual({ ...none, state_events: [], auth_chain_events: [] })
  })
})

describe('queryCurrentState and queryBulkStateContent', () => {
  async function furnished() {
    const server = await Operations.start()
    const room = await RoomBuilder.create()
    await room.join('@bob:b')
    await room.state('m.room.name', '', { name: 'Kitchen' })
    await room.state('m.room.topic', '', { topic: 7 })
    await server.hs.takeAll(room.events)
    return { server, room }
  }

  it.each([
    ['a single entry', true, [tuple('m.room.name')], ['m.room.name|']],
    ['a wildcard', true, [tuple('m.room.member', '*')], ['m.room.member|@alice:a', 'm.room.member|@bob:b']],
    ['a star that is not a wildcard', false, [tuple('m.room.member', '*')], []],
    ['a key of the wrong type', true, [tuple('m.room.name', '@bob:b')], []],
    ['no tuples', true, [], []],
  ])('finds %s', async (_what, AllowWildcards, StateTuples, expected) => {
    const { server, room } = await furnished()
    await using _server = server
    const { StateEvents } = await server.api.queryCurrentState({
      RoomID: room.roomId,
      AllowWildcards,
      StateTuples,
    })
    expect(StateEvents.map(({ EventType, StateKey }) => `${EventType}|${StateKey}`).toSorted()).toEqual(
      expected,
    )
    const { Rooms } = await server.api.queryBulkStateContent({
      RoomIDs: [room.roomId, '!nowhere:a'],
      AllowWildcards,
      StateTuples,
    })
    expect(Rooms.map(({ EventType, StateKey }) => `${EventType}|${StateKey}`).toSorted()).toEqual(expected)
  })

  // The reference took types and keys apart, so that each type was looked up with each key.
  it('does not mix the types and keys of different tuples', async () => {
    const { server, room } = await furnished()
    await using _server = server
    const StateTuples = [tuple('m.room.name', '@bob:b'), tuple('m.room.member', '')]
    const request = { RoomIDs: [room.roomId], AllowWildcards: true, StateTuples }
    expect((await server.api.queryBulkStateContent(request)).Rooms).toEqual([])
  })

  it('gives the telling text of each event', async () => {
    const { server, room } = await furnished()
    await using _server = server
    const types = ['m.room.name', 'm.room.topic', 'm.room.create', 'm.room.join_rules', 'm.room.power_levels']
    const { Rooms } = await server.api.queryBulkStateContent({
      RoomIDs: [room.roomId],
      AllowWildcards: true,
      StateTuples: types.map((type) => tuple(type)),
    })
    expect(Object.fromEntries(Rooms.map(({ EventType, value }) => [EventType, value]))).toEqual({
      'm.room.name': 'Kitchen',
      'm.room.topic': '',
      'm.room.create': '@alice:a',
      'm.room.join_rules': 'public',
      'm.room.power_levels': '',
    })
  })

  it.each([
    ['m.room.create', { creator: '@alice:a' }, '@alice:a'],
    ['m.room.canonical_alias', { alias: '#tea:a', alt_aliases: ['#pot:a'] }, '#tea:a'],
    ['m.room.history_visibility', { history_visibility: 'joined' }, 'joined'],
    ['m.room.join_rules', { join_rule: 'invite' }, 'invite'],
    ['m.room.member', { membership: 'ban', displayname: 'Eve' }, 'ban'],
    ['m.room.name', { name: 'Kitchen' }, 'Kitchen'],
    ['m.room.avatar', { url: 'mxc://a/b' }, 'mxc://a/b'],
    ['m.room.topic', { topic: 'Tea' }, 'Tea'],
    ['m.room.guest_access', { guest_access: 'forbidden' }, 'forbidden'],
    ['m.room.topic', { name: 'Kitchen' }, ''],
    ['m.room.topic', { topic: ['Tea'] }, ''],
    ['org.example.thing', { undefined: 'thing', '': 'thing', name: 'thing' }, ''],
  ])('tells of an event of type %s with content %j: %j', (type, content, text) => {
    expect(textOf({ type, content })).toBe(text)
  })

  it('tells of a room once, however often it is asked about', async () => {
    const { server, room } = await furnished()
    await using _server = server
    const request = { AllowWildcards: true, StateTuples: [tuple('m.room.name')] }
    const RoomIDs = [room.roomId, '!nowhere:a', room.roomId]
    const entry = { RoomID: room.roomId, EventType: 'm.room.name', StateKey: '', value: 'Kitchen' }
    expect(await server.api.queryBulkStateContent({ ...request, RoomIDs })).toEqual({ Rooms: [entry] })
  })

  it('has nothing to say of an unknown room about which nothing is asked', async () => {
    const { server } = await furnished()
    await using _server = server
    const request = { RoomID: '!nowhere:a', AllowWildcards: true, StateTuples: [] }
    expect(await server.api.queryCurrentState(request)).toEqual({ StateEvents: [] })
  })

  it('fails for an unknown room that something is asked about', async () => {
    const { server } = await furnished()
    await using _server = server
    const ask = server.api.queryCurrentState({
      RoomID: '!nowhere:a',
      AllowWildcards: false,
      StateTuples: [tuple('m.room.name')],
    })
    await expect(ask).rejects.toMatchObject({
      code: 'ROOM_NOT_FOUND',
      message: "room !nowhere:a doesn't exist",
    })
  })
})
