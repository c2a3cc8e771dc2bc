import { type RoomId, type RoomRecord, RoomserverError } from '@roomserver/types'
import type { RoomStore } from '../ports.ts'

/** @throws {RoomserverError} ROOM_NOT_FOUND also for a room that has no state here */
export async function knownRoom(store: Pick<RoomStore, 'room'>, roomId: RoomId): Promise<RoomRecord> {
  const room = await store.room(roomId)
  if (room !== undefined && room.extremities.length > 0) return room
  throw new RoomserverError('ROOM_NOT_FOUND', { roomId }, `room ${roomId} is not known here`)
}
