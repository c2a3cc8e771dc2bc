import type { QueryServerJoinedToRoomRequest, QueryServerJoinedToRoomResponse } from '@roomserver/api'
import type { RoomRecord } from '@roomserver/types'
import { type QueryContext, roomWithState } from './context.ts'

/** Whether a server (none named: ours) has a joined user in a room. */
export async function queryServerJoinedToRoom(
  context: QueryContext,
  { room_id: roomId, server_name: server }: QueryServerJoinedToRoomRequest,
): Promise<QueryServerJoinedToRoomResponse> {
  const room = await roomWithState(context, roomId)
  if (room === undefined) return { room_exists: false, is_in_room: false }
  return { room_exists: true, is_in_room: await isServerInRoom(context, room, server) }
}

/** The same for a room that is known. */
export function isServerInRoom(
  { store, serverName }: Pick<QueryContext, 'store' | 'serverName'>,
  room: RoomRecord,
  server: string,
): Promise<boolean> {
  return store.serverInRoom(room.nid, server === '' ? serverName : server)
}
