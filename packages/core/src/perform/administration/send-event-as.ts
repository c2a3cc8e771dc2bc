import type { SendEventAsRequest, SendEventAsResponse } from '@roomserver/api'
import type { PerformContext } from '../context.ts'
import type { UserActions } from '../user-actions.ts'

/**
 * Sends an event in the name of a user of ours, where the rules allow it.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT, MALFORMED_EVENT, NOT_ALLOWED, ROOM_BLOCKED
 */
export async function sendEventAs(
  { input }: PerformContext,
  users: Pick<UserActions, 'send' | 'refuse'>,
  request: SendEventAsRequest,
): Promise<SendEventAsResponse> {
  const { room_id: roomId, sender, type, is_state: isState, state_key: stateKey, content } = request
  const template = { type, sender, content, ...(isState && { stateKey }) }
  if (!request.dry_run) return { event_id: await users.send(roomId, template) }
  input.blockedRooms.refuse(roomId)
  await users.refuse(roomId, template)
  return { event_id: '' }
}
