import type { RoomserverApi } from '@roomserver/api'
import { removeRoomAlias, setRoomAlias } from './aliases.ts'
import { performBackfill } from './backfill/backfill.ts'
import type { PerformContext } from './context.ts'
import { performAdminEvacuateRoom, performAdminEvacuateUser } from './evacuate.ts'
import { performForget } from './forget.ts'
import { performInboundPeek } from './inbound-peek.ts'
import { performInvite } from './invite.ts'
import { performJoin } from './join.ts'
import { performLeave } from './leave.ts'
import { performPeek, performUnpeek } from './peek.ts'
import { performPublish } from './publish.ts'
import { performRoomUpgrade } from './upgrade/upgrade.ts'

/** The operations that change rooms and the directory. */
export type Performs = Pick<
  RoomserverApi,
  Extract<keyof RoomserverApi, `perform${string}` | `setRoom${string}` | `removeRoom${string}`>
>

/** Binds the operations to what they work with. */
export function createPerforms(context: PerformContext): Performs {
  return {
    performAdminEvacuateRoom: (request) => performAdminEvacuateRoom(context, request),
    performAdminEvacuateUser: (request) => performAdminEvacuateUser(context, request),
    performBackfill: (request) => performBackfill(context, request),
    performForget: (request) => performForget(context, request),
    performInboundPeek: (request) => performInboundPeek(context, request),
    performInvite: (request) => performInvite(context, request),
    performJoin: (request) => performJoin(context, request),
    performLeave: (request) => performLeave(context, request),
    performPeek: (request) => performPeek(context, request),
    performPublish: (request) => performPublish(context, request),
    performRoomUpgrade: (request) => performRoomUpgrade(context, request),
    performUnpeek: (request) => performUnpeek(context, request),
    removeRoomAlias: (request) => removeRoomAlias(context, request),
    setRoomAlias: (request) => setRoomAlias(context, request),
  }
}
