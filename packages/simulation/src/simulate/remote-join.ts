import type { PerformJoinRequestRequest, RoomserverApi } from '@roomserver/api'
import { type Pdu, signEvent } from '@roomserver/events'
import type { JsonObject } from '@roomserver/types'
import { endOf, eventOn, inputOf, isAllowedAt, parsedEvent } from './compose.ts'
import type { Ask } from './remote-membership.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { inputsWithState } from './state-input.ts'
import type { World } from './world.ts'

/**
 * Joins a user through a server that is in the room, as a federation component does: the other server says what the
 * join is to be built upon, and who of its users vouches for it if the room is restricted; then it signs that, takes the
 * join in, and answers with the state before it, which goes into our room server with it.
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
    const authorisingUser = end && (await authorisingUserFor(api, roomId, user))
    if (authorisingUser === undefined) return undefined
    const template = {
      type: 'm.room.member',
      sender: user,
      stateKey: user,
      content: { ...content, ...authorisingUser },
    }
    const event = end && (await eventOn(end, template, world.author(self)))
    return end && event && isAllowedAt(end, event) ? event : undefined
  })
  if (join === undefined) return false
  world.learn(join)
  const answer = await ask((api, resident) => sendJoin(world, api, resident, self, join))
  if (answer === undefined) return false
  const inputs = inputsWithState(answer.join, answer.state_events, answer.auth_chain_events)
  const result = await self.call((api) => api.inputRoomEvents({ input_room_events: inputs, async: false }))
  return result?.ErrMsg === ''
}

/** What the join has to say of who lets the user in; `undefined`: nobody here can. */
async function authorisingUserFor(
  api: RoomserverApi,
  roomId: string,
  user: string,
): Promise<JsonObject | undefined> {
  const answer = await api.queryRestrictedJoinAllowed({ room_id: roomId, user_id: user })
  if (answer.restricted && !answer.allowed) return undefined
  return answer.authorised_via === '' ? {} : { join_authorised_via_users_server: answer.authorised_via }
}

async function sendJoin(
  world: World,
  api: RoomserverApi,
  resident: SimulatedServer,
  self: SimulatedServer,
  join: Pdu,
) {
  const before = await api.queryStateAndAuthChain({
    room_id: join.roomId,
    prev_event_ids: join.prevEvents,
    auth_event_ids: join.authEvents,
    only_fetch_auth_chain: false,
    resolve_state: true,
  })
  const signed = isVouchedFor(join) ? await vouched(join, resident) : join
  if (signed === undefined) return undefined
  world.learn(signed)
  const input = inputOf(signed, { origin: self.name, send_as_server: resident.name })
  const { ErrMsg } = await api.inputRoomEvents({ input_room_events: [input], async: false })
  return ErrMsg === '' && before.prev_events_exist ? { ...before, join: signed } : undefined
}

async function vouched(join: Pdu, { key }: SimulatedServer): Promise<Pdu | undefined> {
  return parsedEvent(await signEvent(join.json, join.rules, key), join.rules.version)
}

/** Whether a join says who lets the user into a restricted room. */
export function isVouchedFor({ content }: Pdu): boolean {
  return content['join_authorised_via_users_server'] !== undefined
}
