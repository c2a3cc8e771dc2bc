import type { Suspendable, RoomRecord, UserId } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { endInvites, noteOutside } from '../decide/memberships.ts'
import type { PerformContext } from './context.ts'
import { command } from './room-command.ts'

/**
 * Tells the server that an invite came from that it is rejected.
 *
 * @returns whether it was notified
 */
export async function notifyInviter(
  { federation, log }: PerformContext,
  { roomId }: RoomRecord,
  userId: UserId,
  inviter: string,
): Promise<boolean> {
  if (federation === undefined) return false
  try {
    await federation.performLeaveRequest({ room_id: roomId, user_id: userId, server_names: [inviter] })
    return true
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log.warn(
      { room_id: roomId, user_id: userId, error: reason },
      'could not notify the inviting server of the rejected invite',
    )
    return false
  }
}

/** Ends a user's invites here, without an event; so users get rid of invites of servers that are gone. */
export function giveInviteUp(context: PerformContext, room: RoomRecord, userId: UserId): Promise<void> {
  return command(context, room, 'invite rejected', (draft) => forgetInvite(draft, userId))
}

function* forgetInvite(draft: Draft, userId: UserId): Suspendable<DecideNeed, void> {
  yield* endInvites(draft, userId, 'leave', undefined)
  yield* noteOutside(draft, userId, 'leave', { forgotten: true })
}
