import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import { type AuthState, entryOf } from './state.ts'

/**
 * The ID of the create event that the room ID of an event names; `undefined` in versions whose room IDs name none.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v12/#room-ids
 */
export function createIdOf({ roomId, rules }: Pick<Pdu, 'roomId' | 'rules'>): EventId | undefined {
  return rules.roomId === 'create-hash' ? `$${roomId.slice(1)}` : undefined
}

/** The create event of the room of an event: where the room ID names it, what else a state holds is none. */
export function createEventIn(state: AuthState, event: Pdu): Pdu | undefined {
  const create = entryOf(state, 'm.room.create', '')
  const named = createIdOf(event)
  return named === undefined || create?.eventId === named ? create : undefined
}
