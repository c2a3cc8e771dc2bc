import type { EventId } from '@roomserver/types'

/**
 * Puts events so that none stands before an event that it refers to; otherwise in the given order. Each event once.
 * O(events + references). Events that refer to each other in a circle come out in some order.
 *
 * @param events - in the order to keep where nothing speaks against it
 * @param refersTo - the events that one builds on
 */
export function oldestFirst<Event extends { readonly eventId: EventId }>(
  events: readonly Event[],
  refersTo: (event: Event) => readonly EventId[],
): readonly Event[] {
  const byId = new Map(events.map((event) => [event.eventId, event]))
  const placed = new Set<Event>()
  const opened = new Set<Event>()
  for (const first of byId.values()) {
    // A stack and no recursion: histories are long. An event is placed when it is met again, behind what it builds on.
    const stack = [first]
    for (let event = stack.at(-1); event !== undefined; event = stack.at(-1)) {
      if (opened.has(event)) {
        placed.add(event)
        stack.pop()
        continue
      }
      opened.add(event)
      for (const id of refersTo(event)) {
        const older = byId.get(id)
        if (older !== undefined && !opened.has(older)) stack.push(older)
      }
    }
  }
  return [...placed]
}
