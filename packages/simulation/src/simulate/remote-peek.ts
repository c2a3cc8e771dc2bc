import { endOf, parsedEvent, type RoomEnd } from './compose.ts'
import type { Ask } from './remote-membership.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { inputsWithState } from './state-input.ts'
import type { World } from './world.ts'

const RENEWAL_MS = 3_600_000

/**
 * Begins a peek through a server that is in the room, as a federation component does: that one answers with its current
 * state and the latest of its events, which go into our room server, and sends what follows.
 *
 * @returns whether it did
 */
export async function peekThrough(
  world: World,
  self: SimulatedServer,
  roomId: string,
  ask: Ask,
): Promise<boolean> {
  const peeked = await ask(async (api) => {
    const end = await endOf(api, roomId)
    if (end === undefined || !isOpen(end)) return undefined
    const who = { server_name: self.name, user_id: '', peek_id: `${self.name} ${roomId}` }
    return await api.performInboundPeek({ ...who, room_id: roomId, renewal_interval: RENEWAL_MS })
  })
  const latest = peeked?.latest_event
  const event = latest ? parsedEvent(latest.json, latest.roomVersion) : undefined
  if (peeked === undefined || event === undefined) return false
  // What is told is the state at all forward extremities of the room, which need not be the one before that event.
  world.figures.peeks++
  self.deceivedAbout.add(event.eventId)
  const inputs = inputsWithState(event, peeked.state_events, peeked.auth_chain_events)
  const result = await self.call((api) => api.inputRoomEvents({ input_room_events: inputs, async: false }))
  return result?.ErrMsg === ''
}

function isOpen({ state }: RoomEnd): boolean {
  const event = state.find(({ type, stateKey }) => type === 'm.room.history_visibility' && stateKey === '')
  return event?.content['history_visibility'] === 'world_readable'
}
