import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'

/**
 * Puts events so that none stands before an event that it refers to; otherwise by depth. O(n log n).
 *
 * @param refersTo - the events that one builds on
 */
export function oldestFirst(
  events: readonly Pdu[],
  refersTo: (event: Pdu) => readonly EventId[],
): readonly Pdu[] {
  const byId = new Map(events.map((event) => [event.eventId, event]))
  const placed = new Set<Pdu>()
  const opened = new Set<Pdu>()
  for (const first of [...byId.values()].toSorted((a, b) => a.depth - b.depth)) {
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
