import type { PerformForgetRequest, PerformForgetResponse } from '@roomserver/api'
import { roomNotFound } from '../query/failures.ts'
import type { PerformContext } from './context.ts'
import { quoted } from './identifiers.ts'

/**
 * Forgets a room for a user: it no longer counts among the user's rooms until the membership changes again.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND
 */
export async function performForget(
  { store }: Pick<PerformContext, 'store'>,
  { room_id: roomId, user_id: userId }: PerformForgetRequest,
): Promise<PerformForgetResponse> {
  const room = await store.room(roomId)
  if (room === undefined) throw roomNotFound(roomId, `room ${quoted(roomId)} does not exist`)
  await store.setForgotten(room.nid, userId, true)
  return {}
}
