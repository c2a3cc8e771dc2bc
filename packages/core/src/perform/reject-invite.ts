import type { Asking, RoomRecord, UserId } from '@roomserver/types'
import { NO_NID } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { internStateKey } from '../decide/give-nids.ts'
import { endInvites } from '../decide/memberships.ts'
import type { PerformContext } from './context.ts'
import { command } from './room-command.ts'

/**
 * Rejects an invite that came from another server. Whether or not that server can be told, the invite is over here:
 * otherwise users could never get rid of invites of servers that are gone.
 *
 * @returns whether the other server was told
 */
export async function rejectInvite(
  context: PerformContext,
  room: RoomRecord,
  userId: UserId,
  inviter: string,
): Promise<boolean> {
  const told = await tell(context, room, userId, inviter)
  await command(context, room, 'invite rejected', (draft) => forgetInvite(draft, userId))
  return told
}

async function tell(
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
    log.warn({ room_id: roomId, user_id: userId, error: reason }, 'the inviting server was not told')
    return false
  }
}

function* forgetInvite(draft: Draft, userId: UserId): Asking<DecideNeed, void> {
  yield* endInvites(draft, userId, 'leave', undefined)
  draft.setMembership({
    roomNid: draft.read.nid,
    user: yield* internStateKey(draft, userId),
    membership: 'leave',
    event: NO_NID,
    local: true,
    forgotten: true,
  })
}
