import { checkPdu, type Pdu } from '@roomserver/events'
import { invalidArgument } from '@roomserver/types'
import { type AuthState, entryOf } from '../state.ts'

/** Who may see the events that are sent while this is set. */
export type HistoryVisibility = 'world_readable' | 'shared' | 'invited' | 'joined'

/**
 * What an `m.room.history_visibility` event sets; `shared` without one, and for a value that nobody knows.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is another event, or not a Pdu
 * @see https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
 */
export function historyVisibility(event: Pdu | undefined): HistoryVisibility {
  if (event !== undefined) checkPdu('event', event)
  if (event !== undefined && event.type !== 'm.room.history_visibility')
    throw invalidArgument('event', `an m.room.history_visibility event, not one of type ${event.type}`)
  const value = event?.content['history_visibility']
  return value === 'world_readable' || value === 'invited' || value === 'joined' ? value : 'shared'
}

/** The visibility before an event, and the one after when it is the event that changes it. */
export function visibilitiesAround(event: Pdu, before: AuthState): readonly HistoryVisibility[] {
  const was = historyVisibility(entryOf(before, 'm.room.history_visibility', ''))
  if (event.type !== 'm.room.history_visibility' || event.stateKey !== '') return [was]
  return [was, historyVisibility(event)]
}
