import type { PerformInviteRequestRequest } from '@roomserver/api'
import { type Pdu, signEvent, trustedPdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import type { JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { Operations } from './operations.ts'
import { otherServer } from './other-server.ts'

const SHOWN = ['m.room.create', 'm.room.name', 'm.room.topic', 'm.room.join_rules']

/** A room of server `far`, from which bob of ours gets an invite. */
async function farRoom(version: string) {
  const room = await RoomBuilder.create({ version, creator: '@eve:far', roomId: '!room:far' })
  await room.state('m.room.name', '', { name: 'Far' })
  await room.state('m.room.topic', '', { topic: 'Things' })
  const state = room.events.filter(({ type }) => SHOWN.includes(type))
  const invite = await room.member('@eve:far', '@bob:a', 'invite')
  return { room, state, invite }
}

const headered = ({ json, eventId, rules }: Pdu) => ({ roomVersion: rules.version, eventId, json })

const requestOf = (invite: Pdu, state: readonly Pdu[]) => ({
  room_version: invite.rules.version,
  event: headered(invite),
  invite_room_state: [{ type: 'm.room.name', state_key: '', sender: '@eve:far', content: { name: 'Far' } }],
  invite_room_state_pdus: state.map(headered),
  send_as_server: '',
  transaction_id: null,
})

/** Our server, whose federation component knows the keys of others. */
async function ours(compatibility: 'current' | 'dendrite-2022' = 'current') {
  const keys = await Operations.start()
  const { queryPublicKey } = await otherServer(keys.hs)
  await keys[Symbol.asyncDispose]()
  return await Operations.start({ federation: { queryPublicKey } }, { compatibility })
}

const changed = (event: Pdu, change: JsonObject): Pdu => {
  const json = { ...(JSON.parse(event.json) as JsonObject), ...change }
  return trustedPdu(json, event.eventId, event.rules)
}

async function shownBy(server: Operations): Promise<readonly JsonObject[]> {
  const invite = (await server.hs.outputs()).find(({ new_invite_event: one }) => one !== undefined)
  return (invite?.new_invite_event?.event.unsigned?.['invite_room_state'] ?? []) as readonly JsonObject[]
}

describe('the state that an invite of another server comes with', () => {
  it.each(['9', '11', '12'])('is shown to clients with a few members only: version %s', async (version) => {
    await using server = await ours()
    const { state, invite } = await farRoom(version)
    expect(await server.api.performInvite(requestOf(invite, state))).toEqual({ Error: null })
    const shown = await shownBy(server)
    expect(shown.map(({ type }) => type)).toEqual(state.map(({ type }) => type))
    for (const one of shown)
      expect(Object.keys(one).toSorted()).toEqual(['content', 'sender', 'state_key', 'type'])
  })

  it.each<[string, (state: readonly Pdu[]) => Promise<readonly Pdu[]> | readonly Pdu[]]>([
    ['m.room.create is missing', (state) => state.filter(({ type }) => type !== 'm.room.create')],
    ['m.room.create is missing', () => []],
    [
      'of another room',
      async ([create]) => {
        const other = await RoomBuilder.create({ version: '12', creator: '@other:far' })
        await other.state('m.room.name', '', { name: 'Bank' })
        return [create as Pdu, other.events.at(-1) as Pdu]
      },
    ],
    // Its own ID is the ID of another room.
    [
      'of another room',
      async () => (await RoomBuilder.create({ version: '12', creator: '@other:far' })).events.slice(0, 1),
    ],
    ['malformed', ([create, name]) => [create as Pdu, changed(name as Pdu, { depth: 'deep' })]],
    ['signature', ([create, name]) => [create as Pdu, changed(name as Pdu, { signatures: {} })]],
    [
      'signature',
      ([create, name]) => [
        create as Pdu,
        changed(name as Pdu, { signatures: { far: { 'ed25519:test': 'A'.repeat(86) } } }),
      ],
    ],
    ['not a state event', async (state) => [...state, await messageIn(state)]],
    ['more than 50 events', ([create]) => Array<Pdu>(51).fill(create as Pdu)],
  ])('is refused in version 12 where %s', async (reason, change) => {
    await using server = await ours()
    const { state, invite } = await farRoom('12')
    const answer = await server.api.performInvite(requestOf(invite, await change(state)))
    expect(answer.Error?.Msg).toMatch(/^M_INVALID_PARAM: invite_room_state/)
    expect(answer.Error?.Msg).toContain(reason)
    expect(await server.hs.outputs()).toEqual([])
  })

  it('may have fifty events', async () => {
    await using server = await ours()
    const { state, invite } = await farRoom('12')
    const fifty = Array<Pdu>(50).fill(state[0] as Pdu)
    expect(await server.api.performInvite(requestOf(invite, fifty))).toEqual({ Error: null })
    expect(await shownBy(server)).toHaveLength(50)
  })

  it('has the content that was signed, where somebody changed it on the way', async () => {
    await using server = await ours()
    const { state, invite } = await farRoom('12')
    const lies = state.map((event) =>
      event.type === 'm.room.name' ? changed(event, { content: { name: 'Bank' } }) : event,
    )
    expect(await server.api.performInvite(requestOf(invite, lies))).toEqual({ Error: null })
    const name = (await shownBy(server)).find(({ type }) => type === 'm.room.name')
    expect(name).toMatchObject({ content: {} })
  })

  it('may be as it always was before version 12', async () => {
    await using server = await ours()
    const { invite, state } = await farRoom('11')
    const stripped = changed(state[1] as Pdu, { hashes: 5 })
    expect(await server.api.performInvite(requestOf(invite, [stripped]))).toEqual({ Error: null })
    expect(await shownBy(server)).toMatchObject([{ type: 'm.room.name', content: { name: 'Far' } }])
  })

  it('is not asked for where the other components know nothing of it', async () => {
    await using server = await ours('dendrite-2022')
    const { invite } = await farRoom('12')
    expect(await server.api.performInvite(requestOf(invite, []))).toEqual({ Error: null })
  })
})

async function messageIn(state: readonly Pdu[]): Promise<Pdu> {
  const [create] = state
  if (create === undefined) throw new TypeError('no state')
  const { json, rules } = create
  const event = JSON.parse(json) as JsonObject
  const { state_key: _left, signatures: _, hashes: __, ...others } = event
  const message = {
    ...others,
    type: 'm.room.message',
    content: {},
    room_id: create.roomId,
    prev_events: ['$x'],
    auth_events: [],
  }
  const key = { server: 'far', keyId: 'ed25519:test', seed: 'A'.repeat(43) }
  const text = await signEvent(JSON.stringify(message), rules, key)
  return trustedPdu(text, '$message', rules)
}

describe('an invite of ours', () => {
  async function invited(
    compatibility: 'current' | 'dendrite-2022',
    version: string,
    answer = (event: Pdu) => event,
  ) {
    const sent: PerformInviteRequestRequest[] = []
    const room = await RoomBuilder.create({ version })
    await room.state('m.room.name', '', { name: 'Ours' })
    const server = await Operations.start(
      {
        federation: {
          performInviteRequest: async (request) => {
            sent.push(request)
            return { event: headered(answer(invite)) }
          },
        },
      },
      { compatibility },
    )
    await server.hs.takeAll(room.events)
    const invite = await room.member('@alice:a', '@bob:b', 'invite')
    const request = { ...requestOf(invite, []), invite_room_state: [], send_as_server: 'a' }
    const { Error: error } = await server.api.performInvite(request)
    return { server, sent, error, room }
  }

  it.each(['2', '11', '12'])(
    'goes out with whole events of the room, the create event among them: version %s',
    async (version) => {
      const { server, sent, error, room } = await invited('current', version)
      await using _ = server
      expect(error).toBeNull()
      const texts = (sent[0]?.invite_room_state_pdus ?? []).map(({ json }) => json)
      const state = room.events.filter(({ type }) =>
        ['m.room.create', 'm.room.name', 'm.room.join_rules'].includes(type),
      )
      expect(texts.toSorted()).toEqual(state.map(({ json }) => json).toSorted())
    },
  )

  it('goes out as it always did where the other components know nothing of it', async () => {
    const { server, sent } = await invited('dendrite-2022', '9')
    await using _ = server
    expect(sent[0]?.invite_room_state_pdus).toEqual([])
    expect(sent[0]?.invite_room_state.map(({ type }) => type)).toContain('m.room.create')
  })

  // In versions 1 and 2 the ID says nothing of what an event is: the other server could have signed a ban.
  it.each(['2', '11'])('comes back as it was, or is not sent: version %s', async (version) => {
    const { server, error } = await invited('current', version, (event) =>
      changed(event, { content: { membership: 'ban' } }),
    )
    await using _ = server
    expect(error).toMatchObject({ Msg: 'The server of the invited user returned a different event' })
  })
})

describe('an invite that the other server says is wrong', () => {
  it.each([
    ['M_INVALID_PARAM: create event not among invite state entries', 0],
    ['M_FORBIDDEN: not welcome', 1],
  ])('is our fault only where it speaks of parameters: %s', async (text, Code) => {
    const federation = { performInviteRequest: () => Promise.reject(new Error(text)) }
    await using server = await Operations.start({ federation })
    const room = await RoomBuilder.create()
    await server.hs.takeAll(room.events)
    const invite = await room.member('@alice:a', '@bob:b', 'invite')
    const request = { ...requestOf(invite, []), invite_room_state: [], send_as_server: 'a' }
    expect(await server.api.performInvite(request)).toMatchObject({ Error: { Code, Msg: text } })
  })
})

describe('queries of a federation component', () => {
  it('have the state that knocking users are shown', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create({ version: '12' })
    await server.hs.takeAll(room.events)
    const { room_exists, events } = await server.api.queryInviteRoomState({ room_id: room.roomId })
    expect(room_exists).toBe(true)
    expect(events.map(({ eventId }) => eventId)).toEqual([room.events[0]?.eventId, room.events[3]?.eventId])
    expect(await server.api.queryInviteRoomState({ room_id: '!unknown:a' })).toEqual({
      room_exists: false,
      events: [],
    })
  })

  it.each([
    ['', true],
    ['b', true],
    ['c', false],
    ['evil', false],
    ['not a name', false],
  ])(
    'have the forward extremities for servers in the room that its ACL lets in: %j, %s',
    async (server_name, is_allowed) => {
      await using server = await Operations.start()
      const room = await RoomBuilder.create()
      await room.join('@bob:b')
      await room.join('@mallory:evil')
      await room.state('m.room.server_acl', '', { allow: ['*'], deny: ['evil'] })
      const base = room.extremities
      await room.message('one', { prev: base })
      await room.message('two', { prev: base })
      await server.hs.takeAll(room.events)
      const answer = await server.api.queryForwardExtremities({ room_id: room.roomId, server_name })
      const prev_events = is_allowed ? room.extremities.map(({ eventId }) => eventId).toSorted() : []
      expect({ ...answer, prev_events: [...answer.prev_events].toSorted() }).toEqual({
        room_exists: true,
        is_allowed,
        prev_events,
      })
    },
  )

  it('have no forward extremities of an unknown room, and never more than an event may name', async () => {
    await using server = await Operations.start()
    const request = { room_id: '!unknown:a', server_name: 'b' }
    expect(await server.api.queryForwardExtremities(request)).toEqual({
      room_exists: false,
      is_allowed: false,
      prev_events: [],
    })
    const room = await RoomBuilder.create()
    const base = room.extremities
    for (let i = 0; i < 25; i++) await room.message(`${i}`, { prev: base })
    await server.hs.takeAll(room.events)
    const { prev_events } = await server.api.queryForwardExtremities({
      room_id: room.roomId,
      server_name: '',
    })
    expect(prev_events).toHaveLength(20)
  })
})
