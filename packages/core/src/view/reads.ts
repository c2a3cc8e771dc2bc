import {
  type Suspendable,
  type EventId,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  NO_NID,
  type StateKeyNid,
} from '@roomserver/types'
import { damaged } from './damaged.ts'
import type { Need } from './record-kinds.ts'
import type { View } from './view.ts'

/** How many events are looked at and read in one go: as many as do not hold the event loop. */
const CHUNK = 200

/**
 * The events with these NIDs, in their order.
 *
 * @throws {RoomserverError} STORE_DAMAGED when one does not exist
 */
export function* eventsOf(view: View, nids: readonly EventNid[]): Suspendable<Need, readonly EventRecord[]> {
  const records: EventRecord[] = []
  for (let at = 0; at < nids.length; at += CHUNK) {
    const chunk = nids.slice(at, at + CHUNK)
    const missing = chunk.filter((nid) => view.event(nid) === undefined)
    if (missing.length > 0) yield { kind: 'events', nids: missing }
    else if (at > 0) yield undefined
    for (const nid of chunk) {
      records.push(view.event(nid) ?? damaged('a referenced event is not stored'))
    }
  }
  return records
}

/** One of them. @throws {RoomserverError} STORE_DAMAGED when it does not exist */
export function* eventOf(view: View, nid: EventNid): Suspendable<Need, EventRecord> {
  if (view.event(nid) === undefined) yield { kind: 'events', nids: [nid] }
  return view.event(nid) ?? damaged('a referenced event is not stored')
}

/** The event with this ID, or `null` if it is not stored. */
export function* eventWithId(view: View, id: EventId): Suspendable<Need, EventRecord | null> {
  if (view.eventById(id) === undefined) yield { kind: 'events-by-id', ids: [id] }
  return view.eventById(id) ?? null
}

/** The events with these IDs, `null` for each that is not stored, in their order. */
export function* eventsWithIds(
  view: View,
  ids: readonly EventId[],
): Suspendable<Need, readonly (EventRecord | null)[]> {
  const records: (EventRecord | null)[] = []
  for (let at = 0; at < ids.length; at += CHUNK) {
    const chunk = ids.slice(at, at + CHUNK)
    const missing = chunk.filter((id) => view.eventById(id) === undefined)
    if (missing.length > 0) yield { kind: 'events-by-id', ids: missing }
    else if (at > 0) yield undefined
    for (const id of chunk) records.push(view.eventById(id) ?? null)
  }
  return records
}

/**
 * Those of the events with these IDs that are in the graph of the room that the computation is about, in their order. What
 * names an event of another room does not lead there.
 */
export function* eventsInGraph(
  view: View,
  ids: readonly EventId[],
): Suspendable<Need, readonly EventRecord[]> {
  const found = (yield* eventsWithIds(view, ids)).filter((record) => record !== null)
  return found.filter(({ before, roomNid }) => before !== NO_NID && roomNid === view.roomNid)
}

/**
 * Goes over events with these IDs, `null` for each that is not stored, and holds only so many of them at a time.
 *
 * @param see - called with each event, and of its place in the list
 */
export function* passEventsWithIds(
  view: View,
  ids: readonly EventId[],
  see: (record: EventRecord | null, index: number) => void,
): Suspendable<Need, void> {
  for (let at = 0; at < ids.length; at += CHUNK) {
    const { held } = view
    const records = yield* eventsWithIds(view, ids.slice(at, at + CHUNK))
    for (const [index, record] of records.entries()) see(record, at + index)
    view.forget(held)
    yield undefined
  }
}

/**
 * The IDs of the events with these NIDs, in their order.
 *
 * @throws {RoomserverError} STORE_DAMAGED when one does not exist
 */
export function* idsOf(view: View, nids: readonly EventNid[]): Suspendable<Need, readonly EventId[]> {
  const ids: EventId[] = []
  for (let at = 0; at < nids.length; at += CHUNK) {
    const { held } = view
    const chunk = nids.slice(at, at + CHUNK)
    const known = chunk.map((nid) => view.eventId(nid))
    const unknown = yield* eventsOf(
      view,
      chunk.filter((_nid, index) => known[index] === undefined),
    )
    const found = unknown.values()
    for (const id of known) ids.push(id ?? found.next().value?.eventId ?? '')
    view.forget(held)
    if (at > 0) yield undefined
  }
  return ids
}

/** The NID of an event type; `null` if no stored event has it. */
export function* typeNidOf(view: View, name: string): Suspendable<Need, EventTypeNid | null> {
  if (view.typeNid(name) === undefined) yield { kind: 'types', names: [name] }
  return view.typeNid(name) ?? null
}

/** The NID of a state key; `null` if no stored event has it. */
export function* stateKeyNidOf(view: View, text: string): Suspendable<Need, StateKeyNid | null> {
  if (view.stateKeyNid(text) === undefined) yield { kind: 'state-keys', texts: [text] }
  return view.stateKeyNid(text) ?? null
}
