import type { EventId } from '@roomserver/types'

/**
 * Those of some events that lie before a place in the graph, as far as they lead back from it without a gap. Whatever
 * else another server gives was not asked for; ingested as part of the past, it would not be heard any more when it comes
 * by itself.
 *
 * @param ids - the place: the newest events that may belong to its past
 * @param prevEventsOf - the events that one builds on
 */
export function eventsBefore<Event>(
  ids: readonly EventId[],
  given: ReadonlyMap<EventId, Event>,
  prevEventsOf: (event: Event) => readonly EventId[],
): ReadonlyMap<EventId, Event> {
  const before = new Map<EventId, Event>()
  const walk = new Set(ids)
  for (const id of walk) {
    const event = given.get(id)
    if (event === undefined) continue
    before.set(id, event)
    for (const prev of prevEventsOf(event)) walk.add(prev)
  }
  return before
}
