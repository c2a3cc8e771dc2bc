import { type EventNid, type EventRecord, NO_NID } from '@roomserver/types'
import type { InspectionSource } from '../read/inspection-source.ts'
import type { RoomView } from '../read/room-view.ts'

/** How many events that arrived after an event, and before it, are looked at. */
const LOOK_AFTER = 2_000
const LOOK_BEFORE = 500
const PAGE = 250

/** Events that build on another one. */
export interface Successors {
  readonly successors: readonly EventNid[]
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
  event: EventRecord,
): Promise<Successors> {
  const found: EventNid[] = []
  const name = JSON.stringify(event.eventId)
  const look = async (records: readonly EventRecord[]) => {
    const naming = records.filter(({ json }) => json.includes(name))
    await read(function* (reader) {
      for (const record of naming) {
        if (reader.pduOf(record, rules).prevEvents.includes(event.eventId)) found.push(record.nid)
        yield undefined
      }
    })
  }
  const isWhole = await lookAfter(store, room.nid, event.nid, look)
  const before = await store.eventsBefore(room.nid, event.nid, LOOK_BEFORE)
  await look(before)
  return { successors: found.toSorted((a, b) => a - b), isWhole: isWhole && before.length < LOOK_BEFORE }
}

/** @returns whether the last event of the room was among them */
async function lookAfter(
  store: InspectionSource['store'],
  roomNid: EventRecord['roomNid'],
  from: EventNid,
  look: (records: readonly EventRecord[]) => Promise<void>,
): Promise<boolean> {
  let after = from
  for (let looked = 0; looked < LOOK_AFTER; looked += PAGE) {
    const page = await store.eventsOfRoom(roomNid, after, PAGE)
    await look(page)
    if (page.length < PAGE) return true
    after = page.at(-1)?.nid ?? NO_NID
  }
  return false
}
