import { type EventId, type RoomId, RoomserverError } from '@roomserver/types'

/** Refuses a request that names something which cannot be answered. */
export function invalidArgument(argument: string, expected: string): RoomserverError {
  return new RoomserverError('INVALID_ARGUMENT', { argument, expected }, `${argument}: expected ${expected}`)
}

/** Says that a room is not stored. */
export function roomNotFound(roomId: RoomId): RoomserverError {
  return new RoomserverError('ROOM_NOT_FOUND', { roomId }, `room ${JSON.stringify(roomId)} is not known here`)
}

/** Says that an event is not stored. */
export function eventNotFound(eventId: EventId): RoomserverError {
  return new RoomserverError(
    'EVENT_NOT_FOUND',
    { eventId },
    `event ${JSON.stringify(eventId)} is not known here`,
  )
}

/** Says that records refer to something that is not there. */
export function damaged(what: string): never {
  throw new RoomserverError('STORE_DAMAGED', { what, repair: 'roomserver check --repair' }, what)
}
