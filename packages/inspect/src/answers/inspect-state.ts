import type {
  InspectDiffRequest,
  InspectDiffResponse,
  InspectStateRequest,
  InspectStateResponse,
} from '@roomserver/api'
import {
  allEntries,
  difference,
  type Entries,
  entryCount,
  eventAt,
  findEvent,
  stateKeyAt,
  typeAt,
} from '@roomserver/state'
import { type EventNid, NO_NID, type Suspendable } from '@roomserver/types'
import { invalidArgument } from '../failures.ts'
import type { InspectionSource } from '../read/inspection-source.ts'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { snapshotOf } from '../read/records.ts'
import { eventIn, type RoomView, roomView, snapshotAt, summariesOf } from '../read/room-view.ts'
import { pageSize } from './pages.ts'
import { stateChanges } from './state-changes.ts'

/**
 * A page of a state.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, EVENT_NOT_FOUND, INVALID_ARGUMENT
 */
export async function inspectState(
  { read, store }: InspectionSource,
  request: InspectStateRequest,
): Promise<InspectStateResponse> {
  const limit = pageSize(request.limit, { usual: 200, most: 1_000 })
  const view = await roomView(store, request.room_id)
  return await read((reader) => statePage(reader, view, request, limit))
}

function* statePage(
  reader: RecordReader,
  view: RoomView,
  { at, cursor, type }: InspectStateRequest,
  limit: number,
): Suspendable<RecordNeed, InspectStateResponse> {
  const snapshot = yield* snapshotOf(reader, yield* snapshotAt(reader, view, at))
  const entries = yield* allEntries(snapshot, reader)
  const last = cursor === '' ? undefined : yield* placeOf(reader, view, entries, cursor)
  if (type !== '' && reader.typeNid(type) === undefined) yield { kind: 'types', names: [type] }
  const typeNid = type === '' ? undefined : (reader.typeNid(type) ?? NO_NID)
  const page: EventNid[] = []
  let index = last === undefined ? 0 : last + 1
  for (; index < entryCount(entries) && page.length < limit; index++) {
    if (typeNid === undefined || typeAt(entries, index) === typeNid) page.push(eventAt(entries, index))
  }
  const summaries = yield* summariesOf(reader, view, page)
  const isOver = page.length < limit || !hasMore(entries, index, typeNid)
  return {
    entries: summaries,
    total: entryCount(entries),
    next: isOver ? '' : (summaries.at(-1)?.event_id ?? ''),
  }
}

function hasMore(entries: Entries, from: number, type: number | undefined): boolean {
  for (let index = from; index < entryCount(entries); index++)
    if (type === undefined || typeAt(entries, index) === type) return true
  return false
}

/** Where a state has the entry of an event, whichever event the state has for it. */
function* placeOf(
  reader: RecordReader,
  view: RoomView,
  entries: Entries,
  cursor: string,
): Suspendable<RecordNeed, number> {
  const { stateKeyNid, typeNid } = yield* eventIn(reader, view, cursor)
  if (stateKeyNid === NO_NID) throw invalidArgument('cursor', '`next` of an earlier page')
  let low = 0
  let high = entryCount(entries)
  while (low < high) {
    const middle = (low + high) >>> 1
    const type = typeAt(entries, middle)
    if (type < typeNid || (type === typeNid && stateKeyAt(entries, middle) < stateKeyNid)) low = middle + 1
    else high = middle
  }
  return findEvent(entries, typeNid, stateKeyNid) === undefined ? low - 1 : low
}

/**
 * The difference between two states of a room.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, EVENT_NOT_FOUND, INVALID_ARGUMENT
 */
export async function inspectDiff(
  { read, store }: InspectionSource,
  request: InspectDiffRequest,
): Promise<InspectDiffResponse> {
  const limit = pageSize(request.limit, { usual: 200, most: 1_000 })
  const view = await roomView(store, request.room_id)
  return await read(function* (reader): Suspendable<RecordNeed, InspectDiffResponse> {
    const from = yield* snapshotOf(reader, yield* snapshotAt(reader, view, request.from))
    const to = yield* snapshotOf(reader, yield* snapshotAt(reader, view, request.to))
    const changes = yield* difference(from, to, reader)
    return {
      changes: yield* stateChanges(reader, view, changes.slice(0, limit)),
      total: changes.length,
    }
  })
}
