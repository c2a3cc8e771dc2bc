import type { Pdu } from '@roomserver/events'
import { EVENT_GRAPH_RULE } from './rules/other-rules.ts'
import { type AuthRefused, refusedBy } from './verdict.ts'

/**
 * Why an event has no place in the graph of a room, whatever the authorization rules say; `undefined`: it has one. An event
 * without prev events, other than the room's create event, would begin a second history, with a state of its own in which
 * there is no room.
 *
 * @see https://spec.matrix.org/v1.19/#event-graphs
 */
export function checkEventGraph({ eventId, prevEvents, stateKey, type }: Pdu): AuthRefused | undefined {
  if (prevEvents.length > 0 || (type === 'm.room.create' && stateKey === '')) return undefined
  return refusedBy(
    EVENT_GRAPH_RULE,
    () => `${eventId} has no prev events and is not the room's create event`,
    [],
  )
}
