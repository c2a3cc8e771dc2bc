import type {
  PerformAdminEvacuateRoomRequest,
  PerformAdminEvacuateRoomResponse,
  PerformAdminEvacuateUserRequest,
  PerformAdminEvacuateUserResponse,
} from '@roomserver/api'
import { type MembershipRecord, type RoomRecord, serverOf } from '@roomserver/types'
import { readRoom, roomWithState } from '../query/context.ts'
import { currentPdus } from '../query/current-pdus.ts'
import type { PerformContext } from './context.ts'
import { faultOfId } from './identifiers.ts'
import { performLeave } from './leave.ts'
import { Refusal, unlessRefused } from './refusal.ts'
import { sendEvent } from './send.ts'

/** Takes all users of ours out of a room, one after the other; those who cannot leave are passed over. */
export function performAdminEvacuateRoom(
  context: PerformContext,
  { room_id: roomId }: PerformAdminEvacuateRoomRequest,
): Promise<PerformAdminEvacuateRoomResponse> {
  return unlessRefused<PerformAdminEvacuateRoomResponse>(
    async () => {
      const room = await roomWithState(context, roomId)
      if (room === undefined) throw new Refusal('noRoom', `Room ${roomId} not found`)
      const members = await context.store.membershipsOfRoom(room.nid, { membership: 'join', localOnly: true })
      const affected: string[] = []
      for (const member of members) {
        if (await leaveKeepingProfile(context, room, member)) affected.push(member.userId)
      }
      return { affected, Error: null }
    },
    (error) => ({ affected: [], Error: error }),
  )
}

async function leaveKeepingProfile(
  context: PerformContext,
  { roomId }: RoomRecord,
  { userId }: MembershipRecord & { readonly userId: string },
): Promise<boolean> {
  const failure = await sendEvent(context, roomId, async (room) => {
    const wanted = [{ type: 'm.room.member', stateKey: userId }]
    const [member] = await readRoom(context, (view) => currentPdus(view, room, wanted))
    const { join_authorised_via_users_server: _authorisingUser, ...profile } = member?.content ?? {}
    const content = { ...profile, membership: 'leave' }
    return { type: 'm.room.member', sender: userId, stateKey: userId, content }
  })
  if (failure !== '')
    context.log.warn({ room_id: roomId, user_id: userId, reason: failure }, 'could not evacuate user')
  return failure === ''
}

/** Takes a user of ours out of all rooms, and out of invites; rooms that cannot be left are passed over. */
export function performAdminEvacuateUser(
  context: PerformContext,
  { user_id: userId }: PerformAdminEvacuateUserRequest,
): Promise<PerformAdminEvacuateUserResponse> {
  return unlessRefused<PerformAdminEvacuateUserResponse>(
    async () => {
      checkLocal(context, userId)
      const rooms = await context.store.roomsOfUser(userId)
      const affected: string[] = []
      for (const { roomId, membership, forgotten } of rooms) {
        if (forgotten || (membership !== 'join' && membership !== 'invite')) continue
        if (await leftRoom(context, roomId, userId)) affected.push(roomId)
      }
      return { affected, Error: null }
    },
    (error) => ({ affected: [], Error: error }),
  )
}

function checkLocal({ serverName }: PerformContext, userId: string): void {
  const fault = faultOfId('@', userId)
  if (fault !== undefined) {
    throw new Refusal('badRequest', `Malformed user ID: gomatrixserverlib: ${fault}`)
  }
  if (serverOf(userId) === serverName) return
  throw new Refusal('badRequest', 'Can only evacuate local users using this endpoint')
}

async function leftRoom(context: PerformContext, roomId: string, userId: string): Promise<boolean> {
  try {
    await performLeave(context, { room_id: roomId, user_id: userId })
    return true
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    context.log.warn({ room_id: roomId, user_id: userId, reason }, 'could not evacuate user')
    return false
  }
}
