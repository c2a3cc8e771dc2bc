import type { EventSummary } from '@roomserver/api'

type Linked = Pick<EventSummary, 'event_id' | 'prev_events' | 'depth' | 'origin_server_ts'>

/**
 * Orders events for the graph: successors before predecessors, the newest extremity first, and a branch is followed as far
 * as it goes before the next one begins, so that lines of events stay together. Events in a circle, which only a broken
 * file has, come last. Linear in events and references.
 */
export function newestFirst<E extends Linked>(events: readonly E[]): readonly E[] {
  const byId = new Map(events.map((event) => [event.event_id, event]))
  const open = new Map<string, number>()
  for (const event of events) {
    for (const id of new Set(event.prev_events)) if (byId.has(id)) open.set(id, (open.get(id) ?? 0) + 1)
  }
  const ready = events.filter(({ event_id }) => !open.has(event_id)).sort(oldestFirst)
  const ordered: E[] = []
  for (let event = ready.pop(); event !== undefined; event = ready.pop()) {
    ordered.push(event)
    const freed = predecessors(event, byId).filter(({ event_id }) => {
      const left = (open.get(event_id) ?? 0) - 1
      open.set(event_id, left)
      return left === 0
    })
    ready.push(...freed.sort(oldestFirst))
  }
  if (ordered.length === events.length) return ordered
  const placed = new Set(ordered)
  return [...ordered, ...events.filter((event) => !placed.has(event))]
}

function predecessors<E extends Linked>(event: E, byId: ReadonlyMap<string, E>): E[] {
  return [...new Set(event.prev_events)].map((id) => byId.get(id)).filter((prev) => prev !== undefined)
}

function oldestFirst(a: Linked, b: Linked): number {
  return a.depth - b.depth || a.origin_server_ts - b.origin_server_ts || (a.event_id < b.event_id ? -1 : 1)
}
