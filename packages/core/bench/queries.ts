import { encode, QueryLatestEventsAndStateResponse } from '@roomserver/api'
import { buildEvent, eventRef, type Pdu } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { parseServerName, silentLogger as log, systemClock as clock } from '@roomserver/types'
import { createInput, createRoomserver, RecordCache } from '../src/index.ts'
import { inputOf } from '../test/homeserver.ts'

// What the questions cost that client components ask all the time:
//   node bench/queries.ts [members]
const members = Number(process.argv[2] ?? 3000)
const key = { server: 'b', keyId: 'ed25519:test', seed: 'A'.repeat(43) }

const store = await openStorage({ dialect: 'sqlite', file: ':memory:' })
const cache = new RecordCache(store, 128 * 1024 * 1024)
const serverName = parseServerName('a')
const signingKey = { ...key, server: serverName }
const input = createInput({ store, cache, clock, log, serverName })
const api = createRoomserver({ store, cache, input, clock, log, serverName, signingKey })
const room = await RoomBuilder.create()
for (const event of room.events) await input.ingest(inputOf(event))
const [create, , levels, joinRules] = room.events as [Pdu, Pdu, Pdu, Pdu]
let last = joinRules
for (let index = 0; index < members; index++) {
  last = await join(`@user${index}:${index % 100 === 0 ? 'a' : 'b'}`)
  await input.ingest(inputOf(last))
}

const room_id = room.roomId
const tuples = [
  { EventType: 'm.room.create', StateKey: '' },
  { EventType: 'm.room.power_levels', StateKey: '' },
  { EventType: 'm.room.member', StateKey: '@user7:b' },
]
await measure('three tuples', 2000, () => api.queryLatestEventsAndState({ room_id, state_to_fetch: tuples }))
await measure('whole state', 20, () => api.queryLatestEventsAndState({ room_id, state_to_fetch: [] }))
await measure('whole state, as text', 20, async () =>
  encode(
    QueryLatestEventsAndStateResponse,
    await api.queryLatestEventsAndState({ room_id, state_to_fetch: [] }),
  ),
)
await measure('one current state entry', 2000, () =>
  api.queryCurrentState({ RoomID: room_id, AllowWildcards: false, StateTuples: tuples.slice(2) }),
)
await measure('members, our own', 50, () =>
  api.queryMembershipsForRoom({ room_id, joined_only: true, local_only: true, sender: '' }),
)
await measure('members, all', 10, () =>
  api.queryMembershipsForRoom({ room_id, joined_only: true, local_only: false, sender: '' }),
)
await measure('membership of a user', 2000, () =>
  api.queryMembershipForUser({ room_id, user_id: '@user7:b' }),
)
await measure('state after an event, three tuples', 1000, () =>
  api.queryStateAfterEvents({ room_id, prev_event_ids: [last.eventId], state_to_fetch: tuples }),
)
const chained = { prev_event_ids: [last.eventId], auth_event_ids: [], resolve_state: false }
await measure('state and auth chain', 20, () =>
  api.queryStateAndAuthChain({ room_id, ...chained, only_fetch_auth_chain: false }),
)
await measure('a hundred missing events', 20, () =>
  api.queryMissingEvents({
    earliest_events: [],
    latest_events: [last.eventId],
    limit: 101,
    server_name: 'b',
  }),
)
await measure('shared users', 20, () =>
  api.querySharedUsers({ UserID: '@alice:a', OtherUserIDs: [], ExcludeRoomIDs: [], IncludeRoomIDs: [] }),
)
await input.close()
await store[Symbol.asyncDispose]()

async function join(user: string): Promise<Pdu> {
  const draft = {
    roomId: room.roomId,
    type: 'm.room.member',
    sender: user,
    stateKey: user,
    content: { membership: 'join', displayname: user },
    prevEvents: [eventRef(last)],
    authEvents: [create, levels, joinRules].map(eventRef),
    depth: last.depth + 1,
    originServerTs: last.originServerTs + 1,
  }
  const built = await buildEvent(draft, room.rules, { ...key, server: user.slice(-1) })
  if (!built.ok) throw new TypeError(built.reason)
  return built.pdu
}

async function measure(what: string, times: number, work: () => Promise<unknown>): Promise<void> {
  await work()
  const before = process.cpuUsage()
  for (let time = 0; time < times; time++) await work()
  const { user, system } = process.cpuUsage(before)
  console.log(`${what}: ${((user + system) / 1000 / times).toFixed(3)} ms CPU`)
}
