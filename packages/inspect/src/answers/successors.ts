import type { EventId, EventNid, EventRecord } from '@roomserver/types'
import type { InspectionSource } from '../read/inspection-source.ts'
import { eventsOf } from '../read/records.ts'
import type { RoomView } from '../read/room-view.ts'

/** How many events that arrived after an event, and before it, are looked at. */
const LOOK_AFTER = 2_000
const LOOK_BEFORE = 500
const PAGE = 250

/** Events that build on another one. */
export interface Successors {
  /** In the order of arrival. */
  readonly successors: readonly EventRecord[]
  /** Whether all events of the room were looked at that can be among them. */
  readonly isWhole: boolean
}

/**
 * Finds the events that have an event as a prev event. No index leads from an event to its successors: they are looked for
 * among those that arrived shortly after it, or before it, where it was fetched as a missing event.
 */
export async function successorsOf(
  { read, store }: InspectionSource,
  { room, rules }: RoomView,
  { eventId, nid }: Pick<EventRecord, 'eventId' | 'nid'>,
): Promise<Successors> {
  const before = await store.eventsNaming(room.nid, eventId, { from: nid, side: 'before', look: LOOK_BEFORE })
  const after = await store.eventsNaming(room.nid, eventId, { from: nid, side: 'after', look: LOOK_AFTER })
  // Some name it elsewhere, as an auth event or what they redact.
  const successors = await read(function* (reader) {
    const naming = yield* eventsOf(reader, [...before.events, ...after.events])
    return naming.filter((record) => reader.pduOf(record, rules).prevEvents.includes(eventId))
  })
  return { successors, isWhole: before.isEnd && after.isEnd }
}

/**
 * Events that build on others, and those that build on them, so many at the most, the nearest first. Those behind the first
 * are looked for among the events that arrived after them, a page at a time, until there are enough.
 *
 * @param from - events of the room
 */
export async function successorsAround(
  source: InspectionSource,
  view: RoomView,
  from: readonly EventRecord[],
  limit: number,
): Promise<readonly EventId[]> {
  const { read, store } = source
  /** The successors of each event as far as they are known. */
  const known = new Map<EventId, readonly EventId[]>()
  let after: EventNid | undefined
  for (const event of from.slice(0, limit)) {
    const { successors } = await successorsOf(source, view, event)
    known.set(
      event.eventId,
      successors.map(({ eventId }) => eventId),
    )
    for (const { nid } of successors) after = Math.min(after ?? nid, nid) as EventNid
  }
  const starts = from.map(({ eventId }) => eventId)
  let found = reached(starts, known, limit)
  for (let looked = 0; looked < LOOK_AFTER && found.length < limit && after !== undefined; looked += PAGE) {
    const page = await store.eventsOfRoom(view.room.nid, after, PAGE)
    const links = await read(function* (reader) {
      const links: (readonly [prev: EventId, by: EventId])[] = []
      for (const record of page) {
        for (const prev of reader.pduOf(record, view.rules).prevEvents) links.push([prev, record.eventId])
        yield undefined
      }
      return links
    })
    for (const [prev, by] of links) known.set(prev, [...(known.get(prev) ?? []), by])
    found = reached(starts, known, limit)
    after = page.length < PAGE ? undefined : page.at(-1)?.nid
  }
  return found
}

/** What can be reached from some events, without these, the nearest first. */
function reached(
  from: readonly EventId[],
  next: ReadonlyMap<EventId, readonly EventId[]>,
  limit: number,
): readonly EventId[] {
  const found = new Set(from)
  for (const id of found) {
    for (const one of next.get(id) ?? []) found.add(one)
    if (found.size >= limit + from.length) break
  }
  return [...found].slice(from.length, from.length + limit)
}
