import { type EventNid, type EventRecord, NO_NID, paged, type RoomNid } from '@roomserver/types'
import type { RoomStore } from '../ports.ts'

/** All events of a room in the order of their NIDs, a page at a time. */
export function eventPages(
  source: Pick<RoomStore, 'eventsOfRoom'>,
  room: RoomNid,
  limit: number,
): AsyncGenerator<readonly EventRecord[], void, void> {
  const read = (after: EventNid, atMost: number) => source.eventsOfRoom(room, after, atMost)
  return paged({ read, keyOf: ({ nid }) => nid, first: NO_NID as EventNid, limit })
}
