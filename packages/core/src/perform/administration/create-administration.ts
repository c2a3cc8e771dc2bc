import type { AdministrationApi } from '@roomserver/api'
import { audited } from '../audited.ts'
import type { PerformContext } from '../context.ts'
import type { UserActions } from '../user-actions.ts'
import { blockedRooms, blockRoom, unblockRoom } from './block-room.ts'
import { makeRoomAdmin } from './make-room-admin.ts'
import { historyPurges, purgeHistory } from './purge-history.ts'
import { purgeRoom, purges } from './purge-room.ts'
import { type Repairs, repairRoom } from './repair-room.ts'
import { retryMissingEvents } from './retry-missing-events.ts'
import { sendEventAs } from './send-event-as.ts'

type Request<Name extends keyof AdministrationApi> = Parameters<AdministrationApi[Name]>[0]

/** Binds the operations of operators to what they work with. */
export function createAdministration(
  context: PerformContext,
  users: UserActions,
  repairs: Repairs,
): AdministrationApi {
  return {
    blockedRooms: (request) => blockedRooms(context, request),
    blockRoom: audited(context, 'blockRoom', (request: Request<'blockRoom'>) => blockRoom(context, request)),
    unblockRoom: audited(context, 'unblockRoom', (request: Request<'unblockRoom'>) =>
      unblockRoom(context, request),
    ),
    purges: (request) => purges(context, request),
    purgeRoom: audited(context, 'purgeRoom', (request: Request<'purgeRoom'>) => purgeRoom(context, request)),
    historyPurges: (request) => historyPurges(context, request),
    purgeHistory: audited(context, 'purgeHistory', (request: Request<'purgeHistory'>) =>
      purgeHistory(context, request),
    ),
    makeRoomAdmin: audited(context, 'makeRoomAdmin', (request: Request<'makeRoomAdmin'>) =>
      makeRoomAdmin(context, users, request),
    ),
    sendEventAs: audited(context, 'sendEventAs', (request: Request<'sendEventAs'>) =>
      sendEventAs(context, users, request),
    ),
    repairRoom: audited(context, 'repairRoom', (request: Request<'repairRoom'>) =>
      repairRoom(context, repairs, request),
    ),
    retryMissingEvents: audited(context, 'retryMissingEvents', (request: Request<'retryMissingEvents'>) =>
      retryMissingEvents(context, repairs, request),
    ),
  }
}
