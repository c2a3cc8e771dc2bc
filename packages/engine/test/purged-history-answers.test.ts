import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HeaderedEvent } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Engine, openEngine } from '../src/index.ts'
import { newDatabase } from './new-database.ts'
import { expectWhole, take } from './purged-rooms.ts'

const [CAROL, DAVE, ERIN] = ['@carol:c.example', '@dave:d.example', '@erin:e.example']
/** In the room all the time; in it again; not any more; never. */
const SERVERS = ['c.example', 'd.example', 'e.example', 'z.example']

const keyOfPrev = ({ prevEvents }: Pdu): string => prevEvents.toSorted().join(' ')

type Operations = Engine['operations']

const idsOf = (events: readonly Pick<HeaderedEvent, 'eventId'>[] | null): readonly string[] | null =>
  events?.map(({ eventId }) => eventId).toSorted() ?? null

/** A room that forks where its history will be cut: one branch lies before that place, the other one goes on behind it. */
async function forkedRoom(): Promise<{ readonly room: RoomBuilder; readonly cut: Pdu }> {
  const room = await RoomBuilder.create({ creator: CAROL, roomId: '!room:c.example' })
  await room.join('@bob:example.org')
  await room.join(DAVE)
  await room.join(ERIN)
  const secret = await room.message('a secret')
  for (let at = 0; at < 4; at++) {
    await room.state('m.room.topic', '', { topic: `topic ${at}` })
    await room.message(`message ${at}`, { sender: ERIN })
  }
  await room.member(ERIN, ERIN, 'leave')
  await room.member(DAVE, DAVE, 'leave')
  const base = await room.join(DAVE)
  const early = await room.message('one branch', { prev: [base] })
  const other = await room.state('m.room.topic', '', { topic: 'other branch' }, { prev: [base] })
  const late = await room.message('still the other branch', { prev: [other] })
  const cut = await room.message('and still', { prev: [late] })
  const merge = await room.message('both', { prev: [early, cut] })
  await room.redact(secret, { prev: [merge] })
  for (let at = 0; at < 3; at++) await room.state('m.room.topic', '', { topic: `late topic ${at}` })
  return { room, cut }
}

/** What a server gets that asks for what is around an event. */
async function toldTo(server: string, operations: Operations, room_id: string, { eventId, depth }: Pdu) {
  const missing = async (earliest_events: readonly string[]) => {
    const latest_events = [eventId]
    const request = { earliest_events, latest_events, limit: 1_000, server_name: server }
    return idsOf((await operations.queryMissingEvents(request)).events)
  }
  const backwards_extremities = new Map([['$newest', [eventId]]])
  const backfill = { room_id, backwards_extremities, limit: 100, server_name: server }
  return {
    depth,
    missing: await missing([]),
    missingSince: await missing(['$unknown']),
    backfill: idsOf((await operations.performBackfill(backfill)).events),
  }
}

/** The state after events with its auth chain, in both ways of asking for it. */
async function stateAfter(operations: Operations, room_id: string, prev_event_ids: readonly string[]) {
  const at = { room_id, auth_event_ids: [], only_fetch_auth_chain: false, resolve_state: true }
  const after = await operations.queryStateAndAuthChain({ ...at, prev_event_ids })
  const plain = await operations.queryStateAfterEvents({ room_id, prev_event_ids, state_to_fetch: [] })
  return {
    isKnown: [after.prev_events_exist, plain.prev_events_exist],
    state: [idsOf(after.state_events), idsOf(plain.state_events)],
    chain: idsOf(after.auth_chain_events),
  }
}

const UNKNOWN = { isKnown: [false, false], state: [[], []], chain: [] }

/** What anybody gets that asks for an event, for the states before and after it, and for its auth chain. */
async function toldOf(operations: Operations, room_id: string, { authEvents, eventId, prevEvents }: Pdu) {
  const chain = await operations.queryStateAndAuthChain({
    room_id,
    prev_event_ids: [eventId],
    auth_event_ids: authEvents,
    only_fetch_auth_chain: true,
    resolve_state: true,
  })
  const { events } = await operations.queryEventsById({ event_ids: [eventId] })
  return {
    event: events.map(({ json }) => json),
    before: await stateAfter(operations, room_id, prevEvents),
    after: await stateAfter(operations, room_id, [eventId]),
    eventAuth: idsOf(chain.auth_chain_events),
    authChain: idsOf((await operations.queryAuthChain({ EventIDs: [eventId] })).AuthChain),
  }
}

/** Everything that other servers can ask about the events of a room. */
async function toldAll({ operations }: Engine, { events, roomId }: RoomBuilder) {
  const told = new Map<string, Awaited<ReturnType<typeof toldOf>>>()
  const toServers = new Map<string, Awaited<ReturnType<typeof toldTo>>>()
  for (const event of events) {
    told.set(event.eventId, await toldOf(operations, roomId, event))
    for (const server of SERVERS)
      toServers.set(`${server} ${event.eventId}`, await toldTo(server, operations, roomId, event))
  }
  return { told, toServers }
}

describe.each(['sqlite', 'postgres'] as const)('what other servers get of a purged room on %s', (dialect) => {
  let parts: AsyncDisposableStack
  let rooms: Engine
  let store: string

  beforeEach(async () => {
    parts = new AsyncDisposableStack()
    const folder = mkdtempSync(join(tmpdir(), 'purged-answers-'))
    store = dialect === 'sqlite' ? join(folder, 'rooms.db') : parts.use(await newDatabase()).url
    const signingKey = join(folder, 'key.pem')
    rooms = parts.use(await openEngine({ serverName: 'example.org', store, signingKey }))
  })

  afterEach(() => parts.disposeAsync())

  /** Deletes what lies before an event, and waits until that is done. */
  async function purgeBefore(room_id: string, before_event: string): Promise<void> {
    const { administration } = rooms.parts
    await administration.purgeHistory({
      room_id,
      before_event,
      older_than_ms: 0,
      requester: '@admin:example.org',
      dry_run: false,
    })
    const step = async () => (await administration.historyPurges({ cursor: '', limit: 0 })).purges[0]?.step
    await expect.poll(step, { timeout: 20_000 }).toBe('done')
  }

  it('gives no purged event, and of the others what it gave before', async () => {
    const { cut, room } = await forkedRoom()
    expect(await take(rooms, room.events)).toMatchObject({ ErrMsg: '' })
    const before = await toldAll(rooms, room)
    await purgeBefore(room.roomId, cut.eventId)
    const after = await toldAll(rooms, room)
    const purged = new Set(room.events.filter(({ depth }) => depth < cut.depth).map(({ eventId }) => eventId))
    const left = (ids: readonly string[] | null) => ids?.filter((id) => !purged.has(id)) ?? null
    const stored = await rooms.parts.storage.eventsById(room.events.map(({ eventId }) => eventId))
    const isStored = new Set(stored.map(({ eventId }) => eventId))

    // The states at the cut are known still, and so an event that was received can be verified with those before it.
    const staying = room.events.filter(({ eventId }) => !purged.has(eventId))
    const known = new Set(['', ...staying.map(keyOfPrev)])
    for (const event of room.events) {
      const { authEvents, eventId, json } = event
      const [was, is] = [before.told.get(eventId)!, after.told.get(eventId)!]
      if (!purged.has(eventId)) {
        expect(is, json).toEqual(was)
        continue
      }
      expect(is.before, json).toEqual(known.has(keyOfPrev(event)) ? was.before : UNKNOWN)
      expect(is.after, json).toEqual(known.has(eventId) ? was.after : UNKNOWN)
      // What is needed of it elsewhere is given with its auth chain as ever; the rest was never heard of.
      const isKept = isStored.has(eventId)
      expect(is.event, json).toEqual(isKept ? was.event : [])
      expect(is.authChain, json).toEqual(isKept ? was.authChain : [])
      const kept = authEvents.filter((id) => isStored.has(id))
      const chains = kept.flatMap((id) => before.told.get(id)!.authChain ?? [])
      expect(is.eventAuth, json).toEqual([...new Set(chains)].toSorted())
    }

    for (const [question, was] of before.toServers) {
      const eventId = question.split(' ').at(-1) ?? ''
      const is = after.toServers.get(question)!
      expect(is.backfill, question).toEqual(left(was.backfill))
      // `null`: the event that it asks for the past of is not known.
      const missing = (ids: readonly string[] | null) => (isStored.has(eventId) ? left(ids) : null)
      expect(is.missing, question).toEqual(missing(was.missing))
      expect(is.missingSince, question).toEqual(missing(was.missingSince))
    }
    // Some are kept, some are not, and both servers in the room get a past that ends at the cut.
    expect(purged.size).toBeGreaterThan(15)
    expect([...purged].filter((id) => isStored.has(id)).length).toBeGreaterThan(5)
    const whole = after.toServers.get(`c.example ${room.events.at(-1)?.eventId}`)
    expect(whole?.missing).toHaveLength(5)
    expect(whole?.backfill).toHaveLength(6)
    await expectWhole(dialect, store)
  })
})
