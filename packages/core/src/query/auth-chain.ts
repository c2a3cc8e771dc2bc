import type { Asking, EventId, EventNid, EventRecord, RoomNid } from '@roomserver/types'
import { eventsOf, eventsWithIds } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import type { View } from '../view/view.ts'

/**
 * The auth chain of events of a room, they themselves included: everything that they cite as auth events, and so on.
 * Whatever is of another room is left out, and not walked through. O(chain), one read for each generation.
 */
export function* authChain(
  view: View,
  roomNid: RoomNid,
  start: Iterable<EventRecord>,
): Asking<Need, readonly EventRecord[]> {
  const chain = new Map<EventNid, EventRecord>()
  let generation = [...start].filter((record) => record.roomNid === roomNid)
  while (generation.length > 0) {
    const cited = new Set<EventNid>()
    for (const record of generation) chain.set(record.nid, record)
    for (const record of generation) {
      for (const nid of record.authNids) if (!chain.has(nid)) cited.add(nid)
    }
    generation = (yield* eventsOf(view, [...cited])).filter((record) => record.roomNid === roomNid)
    yield
  }
  return [...chain.values()]
}

/** Those of the events that are stored, each once. */
export function* storedEvents(view: View, ids: readonly EventId[]): Asking<Need, readonly EventRecord[]> {
  const records = yield* eventsWithIds(view, [...new Set(ids)])
  return records.filter((record) => record !== null)
}
