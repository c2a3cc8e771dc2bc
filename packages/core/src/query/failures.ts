import { type RoomId, RoomserverError } from '@roomserver/types'

/** The failure for a room that is not known; callers of the wire contract read the text, so each operation has its own. */
export function roomNotFound(roomId: RoomId, message: string): RoomserverError<'ROOM_NOT_FOUND'> {
  return new RoomserverError('ROOM_NOT_FOUND', { roomId }, message)
}

/** The failure for an argument that no answer exists for. */
export function invalidArgument(
  argument: string,
  expected: string,
  message: string,
): RoomserverError<'INVALID_ARGUMENT'> {
  return new RoomserverError('INVALID_ARGUMENT', { argument, expected }, message)
}
