import type { RoomId, UserId } from '@roomserver/types'
import { roomWithState } from '../../query/context.ts'
import type { PerformContext } from '../context.ts'
import { performForget } from '../forget.ts'
import { performLeave } from '../leave.ts'
import { sendIfAllowed } from '../send.ts'

/**
 * Takes everybody out of the new room of an upgrade that failed: withdraws its invites, and has the user who made it
 * leave and forget it. What fails on the way is logged, since the upgrade's own failure is what the caller has to know.
 */
export async function abandonNewRoom(context: PerformContext, roomId: RoomId, userId: UserId): Promise<void> {
  try {
    const room = await roomWithState(context, roomId)
    if (room === undefined) return
    for (const invited of await context.store.membershipsOfRoom(room.nid, { membership: 'invite' })) {
      const content = { membership: 'leave' }
      const withdrawal = { type: 'm.room.member', sender: userId, stateKey: invited.userId, content }
      await sendIfAllowed(context, roomId, async () => withdrawal)
    }
    await performLeave(context, { room_id: roomId, user_id: userId })
    await performForget(context, { room_id: roomId, user_id: userId })
  } catch (error) {
    const fields = { room_id: roomId, user_id: userId, err: error }
    context.log.warn(fields, 'could not leave the new room after a failed upgrade')
  }
}
