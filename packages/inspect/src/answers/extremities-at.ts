import { type EventId, type EventRecord, NO_NID, type Suspendable } from '@roomserver/types'
import type { InspectionSource } from '../read/inspection-source.ts'
import type { RecordNeed } from '../read/record-reader.ts'
import { eventsOf } from '../read/records.ts'
import type { RoomView } from '../read/room-view.ts'

/** How many events that arrived before are looked at. */
const LOOK = 1_000

/**
 * The forward extremities of a room when an event had just arrived, found from the events that arrived before: nobody keeps
 * them. An extremity that was older than what is looked at and is none any more is not found.
 */
export async function extremitiesAt(
  { read, store }: InspectionSource,
  view: RoomView,
  event: EventRecord,
): Promise<readonly EventRecord[]> {
  const nids = await store.eventNidsBefore(view.room.nid, event.nid, LOOK)
  const oldest = nids.at(-1) ?? event.nid
  return await read(function* (reader): Suspendable<RecordNeed, readonly EventRecord[]> {
    const earlier = yield* eventsOf(reader, nids)
    const old = view.room.extremities.filter((nid) => nid < oldest)
    const known = [event, ...earlier, ...(yield* eventsOf(reader, old))]
    const inGraph = known.filter(({ before }) => before !== NO_NID)
    const prevOf = (record: EventRecord) => reader.pduOf(record, view.rules).prevEvents
    const byId = new Map(inGraph.map((record) => [record.eventId, record]))
    const covered = new Set<EventId>()
    const open = inGraph.filter(({ verdict }) => verdict === 'accepted').flatMap(prevOf)
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (covered.has(id)) continue
      covered.add(id)
      const record = byId.get(id)
      // What was not accepted is passed through.
      if (record !== undefined && record.verdict !== 'accepted') open.push(...prevOf(record))
      yield undefined
    }
    return inGraph.filter(({ eventId, verdict }) => verdict === 'accepted' && !covered.has(eventId))
  })
}
