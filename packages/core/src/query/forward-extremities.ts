import type { QueryForwardExtremitiesRequest, QueryForwardExtremitiesResponse } from '@roomserver/api'
import { readRoom, type QueryContext, roomWithState } from './context.ts'
import { ROLES } from './latest-events-and-state.ts'
import { prevEventsFor } from './prev-events.ts'
import { queryServerBannedFromRoom } from './server-banned.ts'
import { isServerInRoom } from './servers.ts'

/**
 * The forward extremities of a room, as MSC4370 has servers answer for them: what they would put into `prev_events` now, for
 * servers that are in the room and that its ACL lets in. Our own components, which name none, may always know.
 */
export async function queryForwardExtremities(
  context: QueryContext,
  { room_id: roomId, server_name: server }: QueryForwardExtremitiesRequest,
): Promise<QueryForwardExtremitiesResponse> {
  const room = await roomWithState(context, roomId)
  if (room === undefined) return { room_exists: false, is_allowed: false, prev_events: [] }
  if (server !== '') {
    const { banned } = await queryServerBannedFromRoom(context, { room_id: roomId, server_name: server })
    if (banned || !(await isServerInRoom(context, room, server))) {
      return { room_exists: true, is_allowed: false, prev_events: [] }
    }
  }
  const events = await readRoom(context, (view) => prevEventsFor(view, room, { tuples: ROLES }))
  return { room_exists: true, is_allowed: true, prev_events: events.map(({ eventId }) => eventId) }
}
