import type {
  EventStatus,
  EventSummary,
  ExportRoomRequest,
  ExportRoomResponse,
  InspectEventsRequest,
  InspectEventsResponse,
  InspectGraphRequest,
  InspectGraphResponse,
} from '@roomserver/api'
import {
  type EventId,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  NO_NID,
  type Suspendable,
  type Verdict,
} from '@roomserver/types'
import { missingEvent } from '../event/event-summary.ts'
import { invalidArgument } from '../failures.ts'
import type { EventFilter, InspectionSource } from '../read/inspection-source.ts'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { eventsOf, eventsWithIds } from '../read/records.ts'
import { type RoomView, roomView, summaryOf } from '../read/room-view.ts'
import { pageSize } from './pages.ts'
import { successorsAround } from './successors.ts'

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
  const given = await source.read((reader) => startOf(reader, view, from))
  const known = given.filter((record) => record !== null).filter(({ roomNid }) => roomNid === view.room.nid)
  const start = direction === 'around' ? await successorsAround(source, view, known, limit >> 1) : []
  const near = await nearby(source, view, known, limit)
  const page = await source.read((reader) =>
    walkBack(reader, view, { from: [...start, ...from], near, limit }),
  )
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

/** The events to start from; `null`: not stored. */
function* startOf(
  reader: RecordReader,
  { room }: RoomView,
  from: readonly EventId[],
): Suspendable<RecordNeed, readonly (EventRecord | null)[]> {
  return from.length === 0 ? yield* eventsOf(reader, room.extremities) : yield* eventsWithIds(reader, from)
}

/**
 * The events that arrived before the latest of some: most often those that the way back leads over. Loaded together they take
 * one read, and one after the other as many as there are.
 */
async function nearby(
  { store }: InspectionSource,
  { room }: RoomView,
  from: readonly EventRecord[],
  limit: number,
): Promise<readonly EventNid[]> {
  const latest = from.reduce((nid, record) => (record.nid > nid ? record.nid : nid), NO_NID as EventNid)
  return latest === NO_NID ? [] : await store.eventNidsBefore(room.nid, latest, limit)
}

interface Walk {
  readonly from: readonly EventId[]
  /** Events that it may come by. */
  readonly near: readonly EventNid[]
  readonly limit: number
}

/** Walks back over prev events, the greatest depth first, whatever the verdicts of the events are. */
function* walkBack(
  reader: RecordReader,
  view: RoomView,
  { from, limit, near }: Walk,
): Suspendable<RecordNeed, InspectGraphResponse> {
  const start = yield* startOf(reader, view, from)
  const unloaded = near.filter((nid) => reader.event(nid) === undefined)
  // Such as were purged meanwhile are not there.
  if (unloaded.length > 0) yield { kind: 'events', nids: unloaded }
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
  const { search, sender, status, type } = request
  const statuses = statusesIn(status)
  const view = await roomView(store, request.room_id)
  const filter = await read((reader) => filterOf(reader, type, statuses))
  if (filter === undefined) return { events: [], next: '' }
  const matchesText = ({ event_id, sender: by, type: of }: EventSummary): boolean =>
    (sender === '' || by === sender) &&
    (search === '' || [event_id, by, of].some((text) => text.includes(search)))
  // Where everything matches, there is no more to be looked at than is given.
  const look = search + sender + status + type === '' ? limit : PAGE
  let before = await cursorEvent(read, view, request.cursor)
  const events: EventSummary[] = []
  for (let looked = 0; looked < LOOK; looked += look) {
    const page = await store.findEvents(view.room.nid, filter, { before, look })
    const last = await read(function* (reader): Suspendable<RecordNeed, EventRecord | undefined> {
      for (const record of page.events) {
        const summary = summaryOf(reader, view, record)
        if (matchesText(summary)) events.push(summary)
        if (events.length === limit) return record
        yield undefined
      }
      return undefined
    })
    if (last !== undefined) return { events, next: last.eventId }
    if (page.lookedTo === NO_NID) return { events, next: '' }
    before = page.lookedTo
  }
  const [end] = await store.eventNidsBefore(view.room.nid, before, 1)
  return { events, next: end === undefined ? '' : await eventIdOf(read, before) }
}

/** What each status stands for. Events of a store are evaluated, and none of them is missing. */
const VERDICTS: Readonly<Record<EventStatus, readonly Verdict[]>> = {
  accepted: ['accepted'],
  'soft-failed': ['soft-failed'],
  rejected: ['rejected-by-auth-events', 'rejected-by-state'],
  outlier: ['outlier'],
  missing: [],
  unevaluated: [],
}

/** @throws {RoomserverError} INVALID_ARGUMENT */
function statusesIn(text: string): readonly EventStatus[] {
  const names: readonly string[] = text === '' ? [] : text.split(',')
  const known = Object.keys(VERDICTS) as readonly EventStatus[]
  return names.map((name) => {
    const status = known.find((one) => one === name)
    if (status !== undefined) return status
    throw invalidArgument('status', `one or more of ${known.join(', ')}, with commas between them`)
  })
}

/** What is looked for in the store; `undefined`: nothing there can match. */
function* filterOf(
  reader: RecordReader,
  type: string,
  statuses: readonly EventStatus[],
): Suspendable<RecordNeed, EventFilter | undefined> {
  const verdicts = statuses.flatMap((status) => VERDICTS[status])
  if (verdicts.length === 0 && statuses.length > 0) return undefined
  if (type === '') return { type: NO_NID as EventTypeNid, verdicts }
  if (reader.typeNid(type) === undefined) yield { kind: 'types', names: [type] }
  const nid = reader.typeNid(type) ?? null
  return nid === null ? undefined : { type: nid, verdicts }
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
