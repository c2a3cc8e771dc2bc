import type { Asking, EventId, EventNid, EventRecord } from '@roomserver/types'
import { eventsOf, eventsWithIds } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import type { View } from '../view/view.ts'

/**
 * The auth chain of events, they themselves included: everything that they cite as auth events, and so on. Events that
 * are not stored are left out. O(chain), one read for each generation.
 */
export function* authChain(view: View, start: Iterable<EventRecord>): Asking<Need, readonly EventRecord[]> {
  const chain = new Map<EventNid, EventRecord>()
  let generation: readonly EventRecord[] = [...start]
  while (generation.length > 0) {
    const cited = new Set<EventNid>()
    for (const record of generation) chain.set(record.nid, record)
    for (const record of generation) {
      for (const nid of record.authNids) if (!chain.has(nid)) cited.add(nid)
    }
    generation = yield* eventsOf(view, [...cited])
    yield
  }
  return [...chain.values()]
}

/** Those of the events that are stored, each once. */
export function* storedEvents(view: View, ids: readonly EventId[]): Asking<Need, readonly EventRecord[]> {
  const records = yield* eventsWithIds(view, [...new Set(ids)])
  return records.filter((record) => record !== null)
}
