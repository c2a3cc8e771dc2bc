import type { AdministrationApi, PerformAdminEvacuateRoomResponse } from '@roomserver/api'
import { askServer } from './ask-server.ts'

/** What the page changes of rooms. */
export interface RoomChanges extends AdministrationApi {
  /** Takes all users of the server out of a room. */
  leaveRoom(request: { readonly room_id: string }): Promise<PerformAdminEvacuateRoomResponse>
}

/** The changing operations of the server that the page comes from; `undefined`: it does not allow any. */
export async function serverChanges(base: URL, token: string | undefined): Promise<RoomChanges | undefined> {
  const ask = askServer(base, 'admin/v1', token)
  const askRoomserver = askServer(base, 'roomserver', token)
  const changes: RoomChanges = {
    blockedRooms: (request) => ask('blockedRooms', request),
    blockRoom: (request) => ask('blockRoom', request),
    unblockRoom: (request) => ask('unblockRoom', request),
    purgeRoom: (request) => ask('purgeRoom', request),
    purges: (request) => ask('purges', request),
    purgeHistory: (request) => ask('purgeHistory', request),
    historyPurges: (request) => ask('historyPurges', request),
    makeRoomAdmin: (request) => ask('makeRoomAdmin', request),
    sendEventAs: (request) => ask('sendEventAs', request),
    repairRoom: (request) => ask('repairRoom', request),
    retryMissingEvents: (request) => ask('retryMissingEvents', request),
    leaveRoom: (request) => askRoomserver('performAdminEvacuateRoom', request),
  }
  try {
    await changes.purges({ cursor: '', limit: 1 })
    return changes
  } catch {
    return undefined
  }
}
