import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import { fetchAuthEvents, fetchEvents } from './fetch-state.ts'
import type { Gap } from './gap.ts'

/** How many auth events are fetched one by one. */
const MAX_SINGLE = 20

/** Does something that the rest can do without. Says in the log where it fails. */
export async function orElse(gap: Gap, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { parts, server, roomId, event } = gap
    const reason = error instanceof Error ? error.message : String(error)
    parts.log.warn({ room_id: roomId, event_id: event.eventId, server, reason }, what)
  }
}

/** Sees to it that the auth events of an event are stored: with all that they reference, or else one by one. */
export async function authEventsOf(gap: Gap, { eventId }: Pdu, missing: readonly EventId[]): Promise<void> {
  const { parts, server } = gap
  await orElse(gap, 'could not fetch the auth chain; fetching auth events one by one', () =>
    fetchAuthEvents(parts, gap, server, eventId),
  )
  const stored = new Set((await parts.store.eventsById(missing)).map((record) => record.eventId))
  const left = missing.filter((id) => !stored.has(id)).slice(0, MAX_SINGLE)
  if (left.length > 0)
    await orElse(gap, 'could not fetch auth events; trying another way', () =>
      fetchEvents(parts, gap, server, left),
    )
}
