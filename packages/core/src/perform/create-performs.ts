import type { RoomserverApi } from '@roomserver/api'
import { removeRoomAlias, setRoomAlias } from './aliases.ts'
import { audited } from './audited.ts'
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

type Request<Name extends keyof Performs> = Parameters<Performs[Name]>[0]

/** Binds the operations to what they work with. */
export function createPerforms(context: PerformContext): Performs {
  return {
    performAdminEvacuateRoom: audited(
      context,
      'performAdminEvacuateRoom',
      (request: Request<'performAdminEvacuateRoom'>) => performAdminEvacuateRoom(context, request),
    ),
    performAdminEvacuateUser: audited(
      context,
      'performAdminEvacuateUser',
      (request: Request<'performAdminEvacuateUser'>) => performAdminEvacuateUser(context, request),
    ),
    performBackfill: (request) => performBackfill(context, request),
    performForget: (request) => performForget(context, request),
    performInboundPeek: (request) => performInboundPeek(context, request),
    performInvite: (request) => performInvite(context, request),
    performJoin: (request) => performJoin(context, request),
    performLeave: (request) => performLeave(context, request),
    performPeek: (request) => performPeek(context, request),
    performPublish: audited(context, 'performPublish', (request: Request<'performPublish'>) =>
      performPublish(context, request),
    ),
    performRoomUpgrade: audited(context, 'performRoomUpgrade', (request: Request<'performRoomUpgrade'>) =>
      performRoomUpgrade(context, request),
    ),
    performUnpeek: (request) => performUnpeek(context, request),
    removeRoomAlias: audited(context, 'removeRoomAlias', (request: Request<'removeRoomAlias'>) =>
      removeRoomAlias(context, request),
    ),
    setRoomAlias: audited(context, 'setRoomAlias', (request: Request<'setRoomAlias'>) =>
      setRoomAlias(context, request),
    ),
  }
}
