import type { ArrivedEvent, InspectArrivalsRequest, InspectArrivalsResponse } from '@roomserver/api'
import type { EventNid, EventRecord, RoomNid, Suspendable } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import { ruleReference } from '../event/auth-check.ts'
import type { InspectionSource, PlacedJournalRecord } from '../read/inspection-source.ts'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { type RoomView, roomNameOf, summaryOf, viewOf } from '../read/room-view.ts'
import { causeEvent, journalEntries } from './inspect-journal.ts'
import { pageSize } from './pages.ts'
import {
  isUnseen,
  type UnseenEvents,
  unseenCursor,
  unseenFrom,
  unseenIn,
  withoutSeen,
} from './unseen-events.ts'

/** Of how many events it is looked at first whether others may still come between them. */
const LOOK = 5_000
/** How many changes of a room are looked at for one page, and how many at a time. */
const JOURNAL_LOOK = 2_000
const JOURNAL_PAGE = 100
/** How many changes by one event are told. */
const MAX_CHANGES = 100

/**
 * Events of all rooms in the order of their arrival.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export async function inspectArrivals(
  source: InspectionSource,
  request: InspectArrivalsRequest,
): Promise<InspectArrivalsResponse> {
  const limit = pageSize(request.limit, { usual: 100, most: 500 })
  if (request.cursor === '') {
    const { latest, unused } = await source.store.latestEvents(LOOK)
    return { arrivals: [], next: unseenCursor(unseenFrom(latest, unused)), is_latest: true }
  }
  const unseen = unseenIn(request.cursor)
  const events = await unseenEvents(source, unseen, limit)
  const byRoom = Map.groupBy(events, ({ roomNid }) => roomNid)
  const arrived = new Map<EventNid, ArrivedEvent>()
  for (const room of await source.store.roomsByNid([...byRoom.keys()])) {
    if (roomVersion(room.version) === undefined) continue
    const told = await arrivalsIn(source, viewOf(room), byRoom.get(room.nid) ?? [], unseen)
    for (const [nid, one] of told) arrived.set(nid, one)
  }
  return {
    // What a purge has taken out of its room meanwhile is left out.
    arrivals: events.flatMap(({ nid }) => arrived.get(nid) ?? []),
    next: unseenCursor(
      withoutSeen(
        unseen,
        events.map(({ nid }) => nid),
      ),
    ),
    is_latest: events.length < limit,
  }
}

async function unseenEvents(
  { store }: InspectionSource,
  unseen: UnseenEvents,
  limit: number,
): Promise<readonly EventRecord[]> {
  const events: EventRecord[] = []
  for (const span of unseen) {
    if (events.length < limit) events.push(...(await store.eventsBetween(span, limit - events.length)))
  }
  return events
}

async function arrivalsIn(
  source: InspectionSource,
  view: RoomView,
  events: readonly EventRecord[],
  unseen: UnseenEvents,
): Promise<ReadonlyMap<EventNid, ArrivedEvent>> {
  const changes = await changesBy(source, view.room.nid, new Set(events.map(({ nid }) => nid)), unseen)
  return await source.read((reader) => arrivedEvents(reader, view, events, changes))
}

function* arrivedEvents(
  reader: RecordReader,
  view: RoomView,
  events: readonly EventRecord[],
  changes: ReadonlyMap<EventNid, readonly PlacedJournalRecord[]>,
): Suspendable<RecordNeed, ReadonlyMap<EventNid, ArrivedEvent>> {
  const name = yield* roomNameOf(reader, view)
  const arrived = new Map<EventNid, ArrivedEvent>()
  for (const record of events) {
    const { nid, reason = '', rule, verdict } = record
    arrived.set(nid, {
      room_id: view.room.roomId,
      room_name: name,
      event: summaryOf(reader, view, record),
      verdict: { verdict, rule: rule === undefined ? null : ruleReference(rule), reason },
      changes: yield* journalEntries(reader, view, changes.get(nid) ?? []),
    })
    yield undefined
  }
  return arrived
}

/** The changes that events made, by event, each in its order; looks back to what events made that were seen before. */
async function changesBy(
  { store }: InspectionSource,
  roomNid: RoomNid,
  events: ReadonlySet<EventNid>,
  unseen: UnseenEvents,
): Promise<ReadonlyMap<EventNid, readonly PlacedJournalRecord[]>> {
  const found: PlacedJournalRecord[] = []
  let before: PlacedJournalRecord | undefined
  for (let looked = 0; looked < JOURNAL_LOOK; looked += JOURNAL_PAGE) {
    const page = await store.journalBefore(roomNid, { before, limit: JOURNAL_PAGE, resetsOnly: false })
    found.push(...page.filter(({ cause }) => events.has(causeEvent(cause))))
    const hasNew = page.some(({ cause }) => isUnseen(unseen, causeEvent(cause)))
    if (!hasNew || page.length < JOURNAL_PAGE) break
    before = page.at(-1)
  }
  const byEvent = Map.groupBy(found.toReversed(), ({ cause }) => causeEvent(cause))
  return new Map([...byEvent].map(([nid, changes]) => [nid, changes.slice(0, MAX_CHANGES)]))
}
