import type { QueryServerBannedFromRoomRequest, QueryServerBannedFromRoomResponse } from '@roomserver/api'
import { compileServerAcl, type ServerAcl } from '@roomserver/acls'
import { isServerName } from '@roomserver/types'
import type { Pdu } from '@roomserver/events'
import { readRoom, type QueryContext, roomWithState } from './context.ts'
import { currentPdus } from './current-pdus.ts'

const SERVER_ACL = { type: 'm.room.server_acl', stateKey: '' }

/** Compiled ACLs, for as long as their events are cached. */
const compiled = new WeakMap<Pdu, ServerAcl>()

/** Whether a room's server ACL keeps a server out. Rooms without one, and unknown rooms, keep nobody out. */
export async function queryServerBannedFromRoom(
  context: QueryContext,
  { room_id: roomId, server_name: server }: QueryServerBannedFromRoomRequest,
): Promise<QueryServerBannedFromRoomResponse> {
  const room = await roomWithState(context, roomId)
  if (room === undefined) return { banned: false }
  const [event] = await readRoom(context, (view) => currentPdus(view, room, [SERVER_ACL]))
  if (event === undefined) return { banned: false }
  // A text that is not a server name is not allowed by any pattern.
  return { banned: !isServerName(server) || !aclOf(event)(server).allowed }
}

function aclOf(event: Pdu): ServerAcl {
  const known = compiled.get(event)
  // What else it holds, other members of the room have chosen.
  const { allow, deny, allow_ip_literals } = event.content
  const acl = known ?? compileServerAcl({ allow, deny, allow_ip_literals })
  compiled.set(event, acl)
  return acl
}
