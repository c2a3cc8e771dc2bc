import { type Suspendable, type EventId, type EventRecord, NO_NID, type RoomNid } from '@roomserver/types'
import { oldestFirst } from '../graph/oldest-first.ts'
import { eventsWithIds } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import type { View } from '../view/view.ts'
import type { ServerVisibility } from './server-visibility.ts'

/** How a walk through the past of a room goes. */
export interface Walk {
  /** The room that it does not leave, whatever its events name. */
  readonly roomNid: RoomNid
  readonly from: readonly EventRecord[]
  /** Events to stop at; they are not part of the answer. */
  readonly stopAt: ReadonlySet<EventId>
  /** How many events to meet at the most, those it starts from included. */
  readonly limit: number
}

/**
 * Walks back from events over their prev events, generation by generation. Past an event that the requester may not see,
 * or that is not in the room's graph, it does not go.
 *
 * @param prevEventsOf - the prev events of a stored event
 * @returns the events met, those it started from included, in no order that matters; see {@link oldestEventsFirst}
 */
export function* walkBack(
  view: View,
  { roomNid, from, stopAt, limit }: Walk,
  visibility: Pick<ServerVisibility, 'maySee'>,
  prevEventsOf: (record: EventRecord) => readonly EventId[],
): Suspendable<Need, readonly EventRecord[]> {
  const met: EventRecord[] = []
  const visited = new Set([...stopAt, ...from.map(({ eventId }) => eventId)])
  let generation = byNid(from)
  while (generation.length > 0) {
    const next = new Set<EventId>()
    for (const record of generation) {
      if (met.length >= limit) return met
      met.push(record)
      for (const id of prevEventsOf(record)) if (!visited.has(id)) next.add(id)
    }
    for (const id of next) visited.add(id)
    const stored = (yield* eventsWithIds(view, [...next])).filter((record) => record !== null)
    const seen: EventRecord[] = []
    for (const record of stored) {
      if (record.before === NO_NID || record.roomNid !== roomNid) continue
      if (yield* visibility.maySee(record)) seen.push(record)
    }
    generation = byNid(seen)
    yield
  }
  return met
}

/** The events so that none stands before one of its prev events, otherwise in the order in which they came in. */
export function oldestEventsFirst(
  records: readonly EventRecord[],
  prevEventsOf: (record: EventRecord) => readonly EventId[],
): readonly EventRecord[] {
  return oldestFirst(byNid(records), prevEventsOf)
}

function byNid(records: readonly EventRecord[]): readonly EventRecord[] {
  return records.toSorted((a, b) => a.nid - b.nid)
}
