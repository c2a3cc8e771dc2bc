import { authTypesFor, checkAuth } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { authEventsOf, keyOf, type Room, type State } from './state.ts'

/** Whether an event is allowed by a state, its own auth events standing in for what that lacks. */
export function isAllowed(event: Pdu, state: State, room: Room): boolean {
  const auth = new Map<string, Pdu>()
  for (const referenced of authEventsOf(event, room)) {
    if (referenced.stateKey === undefined || room.isRejected(referenced.eventId)) continue
    auth.set(keyOf(referenced.type, referenced.stateKey), referenced)
  }
  for (const [type, stateKey] of authTypesFor(event, event.rules)) {
    const standing = state.get(keyOf(type, stateKey))
    if (standing !== undefined && !room.isRejected(standing.eventId))
      auth.set(keyOf(type, stateKey), standing)
  }
  const create = createByRoomId(event, room)
  if (create !== undefined) auth.set(keyOf('m.room.create', ''), create)
  return checkAuth(event, { get: (type, stateKey) => auth.get(keyOf(type, stateKey)) }).allowed
}

/** Where the room ID names the create event, it is that one for every event of the room. */
export function createByRoomId(event: Pdu, room: Room): Pdu | undefined {
  return event.rules.roomId === 'create-hash' ? room.event(`$${event.roomId.slice(1)}`) : undefined
}

/** "The iterative auth checks algorithm": each event is checked against the state so far, and enters it when allowed. */
export function iterativeAuthChecks(base: State, events: readonly Pdu[], room: Room): State {
  const state = new Map(base)
  for (const event of events) {
    if (!isAllowed(event, state, room) || room.isRejected(event.eventId)) continue
    state.set(keyOf(event.type, event.stateKey ?? ''), event)
  }
  return state
}
