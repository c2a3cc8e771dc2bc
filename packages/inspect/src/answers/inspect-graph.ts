import type {
  EventSummary,
  ExportRoomRequest,
  ExportRoomResponse,
  InspectEventsRequest,
  InspectEventsResponse,
  InspectGraphRequest,
  InspectGraphResponse,
} from '@roomserver/api'
import { type EventId, type EventNid, type EventRecord, NO_NID, type Suspendable } from '@roomserver/types'
import { missingEvent } from '../event/event-summary.ts'
import { invalidArgument } from '../failures.ts'
import type { InspectionSource } from '../read/inspection-source.ts'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { eventsOf, eventsWithIds } from '../read/records.ts'
import { type RoomView, roomView, summaryOf } from '../read/room-view.ts'
import { pageSize } from './pages.ts'
import { successorsOf } from './successors.ts'

/** How many events a request may start from. */
const MAX_FROM = 10_000

/**
 * A part of the event graph of a room.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT
 */
export async function inspectGraph(
  source: InspectionSource,
  request: InspectGraphRequest,
): Promise<InspectGraphResponse> {
  const { direction, from } = request
  if (!['', 'back', 'around'].includes(direction)) throw invalidArgument('direction', 'back or around')
  if (from.length > MAX_FROM) throw invalidArgument('from', `at most ${MAX_FROM} events`)
  const limit = pageSize(request.limit, { usual: 200, most: 1_000 })
  const view = await roomView(source.store, request.room_id)
  const start = direction === 'around' ? await successorsAround(source, view, from, limit >> 1) : []
  const page = await source.read((reader) => walkBack(reader, view, [...start, ...from], limit))
  return { ...page, events: await withPurged(source, view, page.events) }
}

/** Says of missing events that were purged that they were. */
async function withPurged(
  { store }: InspectionSource,
  { room }: RoomView,
  events: readonly EventSummary[],
): Promise<readonly EventSummary[]> {
  if (room.purgedDepth === 0) return events
  const missing = events.filter(({ status }) => status === 'missing').map(({ event_id: id }) => id)
  const purged = new Set(missing.length === 0 ? [] : await store.purgedEvents(missing))
  const says = 'purged with the history of the room'
  return events.map((event) => (purged.has(event.event_id) ? { ...event, says } : event))
}

/** Events that build on others, and those that build on them, so many at the most. */
async function successorsAround(
  source: InspectionSource,
  view: RoomView,
  from: readonly EventId[],
  limit: number,
): Promise<readonly EventId[]> {
  const found = new Set<EventId>()
  let layer = await source.read((reader) => eventsWithIds(reader, from))
  while (layer.length > 0 && found.size < limit) {
    const nids = new Set<EventNid>()
    for (const record of layer.filter((one) => one !== null).slice(0, limit - found.size)) {
      if (record.roomNid !== view.room.nid) continue
      for (const nid of (await successorsOf(source, view, record)).successors) nids.add(nid)
    }
    const next = await source.read((reader) => eventsOf(reader, [...nids].slice(0, limit - found.size)))
    layer = next.filter(({ eventId }) => !found.has(eventId))
    for (const record of layer) if (record !== null) found.add(record.eventId)
  }
  return [...found]
}

/** Walks back over prev events, the greatest depth first, whatever the verdicts of the events are. */
function* walkBack(
  reader: RecordReader,
  view: RoomView,
  from: readonly EventId[],
  limit: number,
): Suspendable<RecordNeed, InspectGraphResponse> {
  const start =
    from.length === 0 ? yield* eventsOf(reader, view.room.extremities) : yield* eventsWithIds(reader, from)
  const pending = new Map<EventId, EventRecord>()
  const given = new Map<EventId, EventSummary>()
  const add = (id: EventId, record: EventRecord | null): void => {
    if (given.has(id)) return
    if (record === null || record.roomNid !== view.room.nid) given.set(id, missingEvent(id))
    else pending.set(id, record)
  }
  for (const [at, record] of start.entries()) add(from[at] ?? record?.eventId ?? '', record)
  while (given.size < limit && pending.size > 0) {
    const next = latestOf(pending.values())
    pending.delete(next.eventId)
    const summary = summaryOf(reader, view, next)
    given.set(next.eventId, summary)
    const ids = summary.prev_events.filter((id) => !given.has(id))
    const records = yield* eventsWithIds(reader, ids)
    for (const [at, id] of ids.entries()) add(id, records[at] ?? null)
    yield undefined
  }
  return { events: [...given.values()], next: [...pending.keys()] }
}

function latestOf(records: Iterable<EventRecord>): EventRecord {
  let latest: EventRecord | undefined
  for (const record of records) {
    const isLater =
      latest === undefined ||
      record.depth > latest.depth ||
      (record.depth === latest.depth && record.nid > latest.nid)
    if (isLater) latest = record
  }
  if (latest === undefined) throw new TypeError('there are no events')
  return latest
}

/** How many events are looked at for one page of a search, and how many at a time. */
const LOOK = 5_000
const PAGE = 500

/**
 * Events of a room that match.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT
 */
export async function inspectEvents(
  { read, store }: InspectionSource,
  request: InspectEventsRequest,
): Promise<InspectEventsResponse> {
  const limit = pageSize(request.limit, { usual: 100, most: 500 })
  const view = await roomView(store, request.room_id)
  let before = await cursorEvent(read, view, request.cursor)
  const events: EventSummary[] = []
  for (let looked = 0; looked < LOOK; looked += PAGE) {
    const records = await store.eventsBefore(view.room.nid, before, PAGE)
    const last = await read(function* (reader): Suspendable<RecordNeed, EventRecord | undefined> {
      for (const record of records) {
        const summary = summaryOf(reader, view, record)
        if (matches(summary, request)) events.push(summary)
        if (events.length === limit) return record
        yield undefined
      }
      return undefined
    })
    if (last !== undefined) return { events, next: last.eventId }
    const end = records.at(-1)
    if (end === undefined || records.length < PAGE) return { events, next: '' }
    before = end.nid
  }
  const [end] = await store.eventsBefore(view.room.nid, before, 1)
  return { events, next: end === undefined ? '' : await eventIdOf(read, before) }
}

function matches(
  event: EventSummary,
  { search, sender, status, type }: Pick<InspectEventsRequest, 'search' | 'sender' | 'status' | 'type'>,
): boolean {
  return (
    (type === '' || event.type === type) &&
    (sender === '' || event.sender === sender) &&
    (status === '' || event.status === status) &&
    (search === '' || [event.event_id, event.sender, event.type].some((text) => text.includes(search)))
  )
}

async function cursorEvent(
  read: InspectionSource['read'],
  { room }: RoomView,
  cursor: EventId,
): Promise<EventNid> {
  if (cursor === '') return NO_NID
  const [record = null] = await read((reader) => eventsWithIds(reader, [cursor]))
  if (record !== null && record.roomNid === room.nid) return record.nid
  throw invalidArgument('cursor', '`next` of an earlier page')
}

async function eventIdOf(read: InspectionSource['read'], nid: EventNid): Promise<EventId> {
  const [record] = await read((reader) => eventsOf(reader, [nid]))
  return record?.eventId ?? ''
}

/** A page of an export ends after so many bytes. */
const EXPORT_BYTES = 4 * 1024 * 1024

/**
 * Stored events of a room in the order of arrival.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT
 */
export async function exportRoom(
  { read, store }: InspectionSource,
  request: ExportRoomRequest,
): Promise<ExportRoomResponse> {
  const limit = pageSize(request.limit, { usual: 500, most: 1_000 })
  const view = await roomView(store, request.room_id)
  const after = await cursorEvent(read, view, request.cursor)
  const records = await store.eventsOfRoom(view.room.nid, after, limit)
  let bytes = 0
  const page = records.filter(({ json }, at) => (bytes += json.length) <= EXPORT_BYTES || at === 0)
  const isOver = page.length === records.length && records.length < limit
  return {
    room_version: view.room.version,
    events: page.map(({ eventId, json }) => ({ event_id: eventId, pdu: json })),
    next: isOver ? '' : (page.at(-1)?.eventId ?? ''),
  }
}
