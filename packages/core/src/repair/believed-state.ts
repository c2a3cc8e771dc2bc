import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import { fetchStateBefore } from './fetch-state.ts'
import type { Gap } from './fill-gap.ts'

/**
 * The state before an event as the server of a gap tells it. Where it lacks what its own events show to have been there,
 * it takes two servers to be believed: one may have left that out.
 *
 * @returns none: it is not believed
 * @throws {RoomserverError} COMPONENT_FAILED when the server does not answer
 */
export async function believedState(gap: Gap, event: Pdu): Promise<readonly EventId[]> {
  const { parts, server, told } = gap
  const { eventIds, isClosed } = await fetchStateBefore(parts, gap, server, event)
  if (isClosed || eventIds.length === 0) return eventIds
  const text = JSON.stringify([event.eventId, ...eventIds.toSorted()])
  const tellers = (told.get(text) ?? new Set()).add(server)
  told.set(text, tellers)
  return tellers.size > 1 ? eventIds : []
}
