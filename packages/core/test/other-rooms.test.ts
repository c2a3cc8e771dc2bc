import type { HeaderedEvent } from '@roomserver/api'
import { contentHash, type EventDraft, eventRef, parsePdu, type Pdu, signEvent } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { type EventId, type EventNid, type JsonObject, type JsonValue, serverOf } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { describe, expect, it } from 'vitest'
import { createStreamedQueries } from '../src/query/streamed-answers/streamed-queries.ts'
import { Operations } from './operations.ts'

const SECRET = 'Board, confidential'

/**
 * A private room that the server has, and that nobody of `e` was ever in
 *
 * @returns its name event.
 */
async function privateRoom(server: Operations, version: string): Promise<Pdu> {
  const room = await RoomBuilder.create({
    version,
    roomId: '!secret:s',
    creator: '@boss:s',
    joinRule: 'invite',
  })
  const name = await room.state('m.room.name', '', { name: SECRET })
  await server.hs.takeAll(room.events)
  return name
}

/** An event of any members, hashed and signed by its sender's server, also such as the builder does not make. */
async function forged(
  members: JsonObject & { readonly sender: string },
  rules: RoomVersionRules,
): Promise<Pdu> {
  const json = JSON.stringify({ ...members, hashes: { sha256: contentHash(JSON.stringify(members)) } })
  const key = { server: serverOf(members.sender) ?? '', keyId: 'ed25519:test', seed: 'A'.repeat(43) }
  const parsed = parsePdu(await signEvent(json, rules, key), rules)
  if (!parsed.ok) throw new TypeError(parsed.reason)
  return parsed.pdu
}

/** How an event of a version names another one. */
function refTo(event: Pdu): JsonValue {
  const { eventId, sha256 }: EventDraft['prevEvents'][number] = eventRef(event)
  return event.rules.eventRefs === 'id' ? eventId : [eventId, { sha256: sha256 ?? '' }]
}

function leaks(events: readonly HeaderedEvent[]): readonly EventId[] {
  return events
    .filter(({ json }) => json.includes('!secret:s') || json.includes(SECRET))
    .map(({ eventId }) => eventId)
}

/** All answers that have events in them, of a room and some of its events. */
async function allAnswers(
  { api, hs }: Operations,
  roomId: string,
  ids: readonly EventId[],
): Promise<readonly HeaderedEvent[]> {
  const [id = ''] = ids
  const chain = { room_id: roomId, prev_event_ids: [id], auth_event_ids: ids, resolve_state: true }
  const answers = await Promise.all([
    api.queryAuthChain({ EventIDs: ids }).then(({ AuthChain }) => AuthChain),
    api
      .queryStateAndAuthChain({ ...chain, only_fetch_auth_chain: false })
      .then(({ auth_chain_events: events, state_events: state }) => [...events, ...state]),
    api
      .queryStateAndAuthChain({ ...chain, only_fetch_auth_chain: true })
      .then(({ auth_chain_events: events }) => events),
    api
      .queryStateAndAuthChain({ ...chain, auth_event_ids: [], only_fetch_auth_chain: false })
      .then(({ auth_chain_events: events, state_events: state }) => [...events, ...state]),
    api
      .queryLatestEventsAndState({ room_id: roomId, state_to_fetch: [] })
      .then(({ state_events: events }) => events),
    api
      .queryMissingEvents({ earliest_events: [], latest_events: ids, limit: 100, server_name: 'e' })
      .then(({ events }) => events ?? []),
    api
      .performBackfill({
        room_id: roomId,
        backwards_extremities: new Map([[id, ids]]),
        limit: 100,
        server_name: 'e',
      })
      .then(({ events }) => events),
    api
      .performInboundPeek({
        user_id: '',
        room_id: roomId,
        peek_id: 'p',
        server_name: 'e',
        renewal_interval: 1,
      })
      .then(({ state_events: state, auth_chain_events: events }) => [...state, ...events]),
    streamedChain(hs, roomId, id),
  ])
  return answers.flat()
}

/** The chain as it goes out over HTTP, written page by page. */
async function streamedChain(
  hs: Operations['hs'],
  roomId: string,
  id: EventId,
): Promise<readonly HeaderedEvent[]> {
  const queries = createStreamedQueries({
    store: hs.storage,
    cache: hs.cache,
    serverName: 'a' as never,
    compatibility: 'current',
    appservice: undefined,
  })
  const answer = await queries.queryStateAndAuthChain?.({
    room_id: roomId,
    prev_event_ids: [id],
    auth_event_ids: [],
    only_fetch_auth_chain: false,
    resolve_state: false,
  })
  const lists = [answer?.state_events, answer?.auth_chain_events]
  const texts = await Promise.all(lists.map(async (list) => JSON.stringify(list)))
  return texts.map((json) => ({ roomVersion: '', eventId: '', json }))
}

describe('an event that names events of another room', () => {
  it.each(['1', '3', '6', '10', '11'])(
    'gives nothing of it away as create event of version %s',
    async (version) => {
      await using server = await Operations.start()
      const name = await privateRoom(server, version)
      const { rules } = name
      const create = await forged(
        {
          auth_events: [refTo(name)],
          content: {
            ...(version !== '1' && { room_version: version }),
            ...(version !== '11' && { creator: '@eve:e' }),
          },
          depth: 1,
          ...(rules.eventId === 'domain' && { event_id: '$create:e' }),
          origin_server_ts: 1,
          prev_events: [],
          room_id: '!eve:e',
          sender: '@eve:e',
          state_key: '',
          type: 'm.room.create',
        },
        rules,
      )
      const join = await forged(
        {
          auth_events: [refTo(create)],
          content: { membership: 'join' },
          depth: 2,
          ...(rules.eventId === 'domain' && { event_id: '$join:e' }),
          origin_server_ts: 2,
          prev_events: [refTo(create)],
          room_id: '!eve:e',
          sender: '@eve:e',
          state_key: '@eve:e',
          type: 'm.room.member',
        },
        rules,
      )
      // No rule speaks of a create event's auth events, so it makes its room; but they mean nothing.
      expect(await server.hs.take(create)).toMatchObject({ verdict: 'accepted' })
      expect(await server.hs.take(join)).toMatchObject({ verdict: 'accepted' })
      expect((await server.hs.event(create.eventId))?.authNids).toEqual([])
      expect(leaks(await allAnswers(server, '!eve:e', [join.eventId, create.eventId]))).toEqual([])
    },
  )

  it.each(['2', '6', '10', '12'])(
    'is rejected, and neither it nor what names it leads there, version %s',
    async (version) => {
      await using server = await Operations.start()
      const name = await privateRoom(server, version)
      const room = await RoomBuilder.create({ version })
      await room.join('@eve:e')
      await server.hs.takeAll(room.events)
      const [create, , levels] = room.events
      const eve = room.events.at(-1)
      const auth = [create, levels, eve].filter((one) => one !== undefined)
      const own = version === '12' ? auth.slice(1) : auth
      const first = await room.message('first', { sender: '@eve:e', auth: [...own, name] })
      const second = await room.message('second', { sender: '@eve:e', auth: [...own, first] })
      for (const event of [first, second]) {
        expect(await server.hs.take(event)).toMatchObject({ verdict: 'rejected-by-auth-events' })
      }
      const stored = await server.hs.event(first.eventId)
      expect(stored?.authNids).not.toContain((await server.hs.event(name.eventId))?.nid)
      expect(leaks(await allAnswers(server, room.roomId, [first.eventId]))).toEqual([])
      expect(leaks(await allAnswers(server, room.roomId, [second.eventId, first.eventId]))).toEqual([])
    },
  )

  it('does not lead there where links of earlier versions of this program still do', async () => {
    await using server = await Operations.start()
    const name = await privateRoom(server, '10')
    const room = await RoomBuilder.create()
    const eve = await room.join('@eve:e')
    await server.hs.takeAll(room.events)
    const { nid: secret } = (await server.hs.event(name.eventId)) ?? { nid: 0 as EventNid }
    const levels = await server.hs.event(room.events[2]?.eventId ?? '')
    if (levels === undefined) throw new TypeError('no power levels')
    const stored = await server.hs.room(room.roomId)
    const nothing = {
      unmentioned: [],
      eventTypes: [],
      stateKeys: [],
      events: [],
      missingPrevEvents: [],
      remoteStates: [],
    }
    const [committed] = await server.hs.storage.commit([
      {
        ...nothing,
        room: stored,
        next: stored,
        updates: [{ nid: levels.nid, authNids: [...levels.authNids, secret] }],
        blocks: [],
        snapshots: [],
        memberships: [],
        invites: [],
        redactions: [],
        journal: [],
        outputs: [],
        transactions: [],
        inboxDone: [],
      },
    ])
    expect(committed?.kind).toBe('committed')
    server.hs.cache.rooms.onRead(await server.hs.room(room.roomId))
    expect((await server.hs.event(levels.eventId))?.authNids).toContain(secret)
    expect(leaks(await allAnswers(server, room.roomId, [eve.eventId]))).toEqual([])
  })

  it('does not come to build upon it when that arrives later', async () => {
    await using server = await Operations.start()
    const secret = await RoomBuilder.create({ roomId: '!secret:s', creator: '@boss:s' })
    const name = await secret.state('m.room.name', '', { name: SECRET })
    await secret.message('after')
    const room = await RoomBuilder.create()
    await room.join('@eve:e')
    await server.hs.takeAll(room.events)
    const state = room.events.map(({ eventId }) => eventId)
    const auth = [room.events[0], room.events[2], room.events[4]].filter((one) => one !== undefined)
    const bridge = await room.message('bridge', { sender: '@eve:e', prev: [name, ...room.extremities], auth })
    const change = { has_state: true, state_event_ids: state }
    expect(await server.hs.take(bridge, change)).toMatchObject({ verdict: 'accepted' })
    await server.hs.takeAll(secret.events)
    await server.hs.input.settled()
    expect(leaks(await allAnswers(server, room.roomId, [bridge.eventId]))).toEqual([])
    const tip = await room.message('tip', { sender: '@eve:e', auth })
    expect(await server.hs.take(tip)).toMatchObject({ verdict: 'accepted' })
    expect(leaks(await allAnswers(server, room.roomId, [tip.eventId]))).toEqual([])
  })

  it('is refused when it builds upon one, although it was known beside the graph before', async () => {
    await using server = await Operations.start()
    const secret = await RoomBuilder.create({ roomId: '!secret:s', creator: '@boss:s' })
    const room = await RoomBuilder.create()
    await room.join('@eve:e')
    await server.hs.takeAll(room.events)
    const auth = [room.events[0], room.events[2], room.events[4]].filter((one) => one !== undefined)
    const bridge = await room.message('bridge', { sender: '@eve:e', prev: secret.extremities, auth })
    expect(await server.hs.take(bridge, { kind: 1 })).toMatchObject({ verdict: 'outlier' })
    await server.hs.takeAll(secret.events)
    expect(await server.hs.take(bridge)).toMatchObject({
      kind: 'refused',
      error: { code: 'MALFORMED_EVENT', details: { rule: 'prev_events' } },
    })
    expect((await server.hs.event(bridge.eventId))?.verdict).toBe('outlier')
  })
})
