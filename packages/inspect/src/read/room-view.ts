import type { EventSummary, StatePoint } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import {
  type EventId,
  type EventNid,
  type EventRecord,
  NO_NID,
  type RoomId,
  type RoomRecord,
  RoomserverError,
  type SnapshotNid,
  type Suspendable,
} from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import { eventSummary, factsOf, missingEvent } from '../event/event-summary.ts'
import { eventNotFound, invalidArgument, roomNotFound } from '../failures.ts'
import type { InspectedStore } from './inspection-source.ts'
import type { RecordNeed, RecordReader } from './record-reader.ts'
import { eventAt, eventsOf, eventsWithIds, eventWithId, type Tuple } from './records.ts'

/** A room as it was read at the beginning of an answer. */
export interface RoomView {
  readonly room: RoomRecord
  readonly rules: RoomVersionRules
  readonly extremities: ReadonlySet<EventNid>
}

/**
 * A room by its ID, or by an alias of this server.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, UNSUPPORTED_ROOM_VERSION
 */
export async function roomView(store: InspectedStore, name: RoomId): Promise<RoomView> {
  const roomId = name.startsWith('#') ? (await store.roomOfAlias(name))?.roomId : name
  const room = roomId === undefined ? undefined : await store.room(roomId)
  if (room === undefined) throw roomNotFound(name)
  return viewOf(room)
}

/** @throws {RoomserverError} UNSUPPORTED_ROOM_VERSION */
export function viewOf(room: RoomRecord): RoomView {
  const { version, extremities } = room
  const rules = roomVersion(version)
  if (rules !== undefined) return { room, rules, extremities: new Set(extremities) }
  throw new RoomserverError(
    'UNSUPPORTED_ROOM_VERSION',
    { version },
    `the room has version ${JSON.stringify(version)}, which this program does not support`,
  )
}

/** A stored event in a few words. */
export function summaryOf(reader: RecordReader, view: RoomView, record: EventRecord): EventSummary {
  return eventSummary(reader.pduOf(record, view.rules), factsOf(record, view.extremities))
}

/** Events in a few words, in the order of their NIDs in the list; 0 is left out. */
export function* summariesOf(
  reader: RecordReader,
  view: RoomView,
  nids: readonly EventNid[],
): Suspendable<RecordNeed, readonly EventSummary[]> {
  const records = yield* eventsOf(
    reader,
    nids.filter((nid) => nid !== NO_NID),
  )
  return records.map((record) => summaryOf(reader, view, record))
}

/** Events in a few words, in the order of their IDs; those that the room does not have are missing. */
export function* summariesWithIds(
  reader: RecordReader,
  view: RoomView,
  ids: readonly EventId[],
): Suspendable<RecordNeed, readonly EventSummary[]> {
  const records = yield* eventsWithIds(reader, ids)
  return records.map((record, at) =>
    record === null || record.roomNid !== view.room.nid
      ? missingEvent(ids[at] ?? '')
      : summaryOf(reader, view, record),
  )
}

/**
 * An event of a room.
 *
 * @throws {RoomserverError} EVENT_NOT_FOUND
 */
export function* eventIn(
  reader: RecordReader,
  { room }: RoomView,
  id: EventId,
): Suspendable<RecordNeed, EventRecord> {
  const record = yield* eventWithId(reader, id)
  if (record === null || record.roomNid !== room.nid) throw eventNotFound(id)
  return record
}

/**
 * The state that a point stands for.
 *
 * @throws {RoomserverError} EVENT_NOT_FOUND; INVALID_ARGUMENT where it is not known
 */
export function* snapshotAt(
  reader: RecordReader,
  view: RoomView,
  { event_id: eventId, side }: StatePoint,
): Suspendable<RecordNeed, SnapshotNid> {
  if (!['', 'before', 'after'].includes(side)) throw invalidArgument('side', 'before or after')
  if (eventId === '') return view.room.current
  const { before, after } = yield* eventIn(reader, view, eventId)
  if (before === NO_NID)
    throw invalidArgument('event_id', `an event whose state is known; ${eventId} is an outlier`)
  return side === 'before' ? before : after
}

/** A stored event as the rules read it. */
export function authPduOf(reader: RecordReader, view: RoomView, record: EventRecord): Pdu {
  return reader.authPduOf(record, view.rules)
}

/** A text in the content of an entry of the current state; empty: there is none. */
export function* textAt(
  reader: RecordReader,
  view: RoomView,
  tuple: Tuple,
  member: string,
): Suspendable<RecordNeed, string> {
  const record = yield* eventAt(reader, view.room.current, tuple)
  const value = record === undefined ? undefined : reader.pduOf(record, view.rules).content[member]
  return typeof value === 'string' ? value : ''
}

/** The name of a room, or else its alias; empty: it has neither. */
export function* roomNameOf(reader: RecordReader, view: RoomView): Suspendable<RecordNeed, string> {
  const name = yield* textAt(reader, view, ['m.room.name', ''], 'name')
  return name === '' ? yield* textAt(reader, view, ['m.room.canonical_alias', ''], 'alias') : name
}
