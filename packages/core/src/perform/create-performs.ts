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

/** How much of an answer stands in the log: the users who were evacuated can be thousands. */
const LONGEST_ANSWER = 500

type Request<Name extends keyof Performs> = Parameters<Performs[Name]>[0]

/**
 * Notes in the log that somebody changed more than a part of their own, with the request, which says who asked for it where
 * the operation has a place for that, and how it ended.
 */
function audited<Request extends object, Answer extends object>(
  { log }: PerformContext,
  operation: string,
  perform: (request: Request) => Promise<Answer>,
): (request: Request) => Promise<Answer> {
  return async (request) => {
    try {
      const answer = await perform(request)
      const text = JSON.stringify(answer).slice(0, LONGEST_ANSWER)
      log.info({ audit: operation, request, answer: text }, `audit: ${operation}`)
      return answer
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error)
      log.info({ audit: operation, request, failure }, `audit: ${operation}`)
      throw error
    }
  }
}

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
