import { InputKind, type PerformJoinRequestRequest, type RoomserverApi } from '@roomserver/api'
import { parsePdu, type Pdu } from '@roomserver/events'
import type { RoomVersionRules } from '@roomserver/version'
import { endOf, eventOn, inputOf, isAllowedAt } from './compose.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

type Ask = <Result>(
  work: (api: RoomserverApi, resident: SimulatedServer) => Promise<Result>,
) => Promise<Result>

/**
 * Joins a user through a server that is in the room, as a federation component does: the other server says what the
 * join is to be built upon, takes it in, and answers with the state before it, which goes into our room server with it.
 *
 * @returns whether the user is in
 */
export async function joinThrough(
  world: World,
  self: SimulatedServer,
  { room_id: roomId, user_id: user, content }: PerformJoinRequestRequest,
  ask: Ask,
): Promise<boolean> {
  const join = await ask(async (api) => {
    const end = await endOf(api, roomId)
    const saying = { type: 'm.room.member', sender: user, stateKey: user, content }
    const event = end && (await eventOn(end, saying, world.author(self)))
    return end && event && isAllowedAt(end, event) ? event : undefined
  })
  if (join === undefined) return false
  world.learn(join)
  const answer = await ask((api, resident) => sendJoin(api, resident, self, join))
  if (answer === undefined) return false
  const chain = eventsOf(answer.auth_chain_events, join.rules)
  const state = eventsOf(answer.state_events, join.rules)
  const known = new Map([...chain, ...state].map((event) => [event.eventId, event]))
  const inputs = [
    ...authOrder([...known.values()]).map((event) => inputOf(event, { kind: InputKind.outlier })),
    inputOf(join, { has_state: true, state_event_ids: state.map((event) => event.eventId) }),
  ]
  const result = await self.call((api) => api.inputRoomEvents({ input_room_events: inputs, async: false }))
  return result?.ErrMsg === ''
}

async function sendJoin(api: RoomserverApi, resident: SimulatedServer, self: SimulatedServer, join: Pdu) {
  const before = await api.queryStateAndAuthChain({
    room_id: join.roomId,
    prev_event_ids: join.prevEvents,
    auth_event_ids: join.authEvents,
    only_fetch_auth_chain: false,
    resolve_state: true,
  })
  const input = inputOf(join, { origin: self.name, send_as_server: resident.name })
  const { ErrMsg } = await api.inputRoomEvents({ input_room_events: [input], async: false })
  return ErrMsg === '' && before.prev_events_exist ? before : undefined
}

function eventsOf(headered: readonly { readonly json: string }[], rules: RoomVersionRules): readonly Pdu[] {
  return headered.flatMap(({ json }) => {
    const parsed = parsePdu(json, rules)
    return parsed.ok ? [parsed.pdu] : []
  })
}

/** Puts events so that each stands behind those that it cites. */
function authOrder(events: readonly Pdu[]): readonly Pdu[] {
  const left = new Map(events.map((event) => [event.eventId, event]))
  const ordered: Pdu[] = []
  while (left.size > 0) {
    const ready = [...left.values()].filter((event) => !event.authEvents.some((id) => left.has(id)))
    if (ready.length === 0) return ordered
    for (const event of ready) left.delete(event.eventId)
    ordered.push(...ready)
  }
  return ordered
}
