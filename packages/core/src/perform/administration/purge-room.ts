import type { PurgeRoomRequest, PurgeRoomResponse, PurgesRequest, PurgesResponse } from '@roomserver/api'
import { NO_NID, type RoomId, type RoomRecord, RoomserverError, type UserId } from '@roomserver/types'
import { isBeingPurged } from '../../input/blocked-rooms.ts'
import { isStub } from '../../query/context.ts'
import { invalidArgument, roomNotFound } from '../../query/failures.ts'
import type { PerformContext } from '../context.ts'
import { performAdminEvacuateRoom } from '../evacuate.ts'
import { performLeave } from '../leave.ts'
import { pageSize } from './page-size.ts'

/** The rooms that are being purged, or were lately. */
export async function purges(
  { store }: PerformContext,
  { cursor, limit }: PurgesRequest,
): Promise<PurgesResponse> {
  const wanted = pageSize(limit)
  const from = cursor === '' ? 0 : Number(cursor)
  if (!Number.isSafeInteger(from) || from < 0) {
    const expected = '`next` of the page before'
    throw invalidArgument('cursor', expected, `cursor: expected ${expected}`)
  }
  const all = await store.purges()
  const page = all.slice(from, from + wanted)
  return {
    purges: page.map((purge) => ({
      room_id: purge.roomId,
      requester: purge.by,
      step: purge.step,
      reason: purge.reason,
      events: purge.events,
      deleted_events: purge.deletedEvents,
      since_ts: purge.sinceTs,
      step_ts: purge.stepTs,
    })),
    next: from + page.length < all.length ? String(from + page.length) : '',
  }
}

/**
 * Has everything that is stored of a room deleted, which goes on beside, and after a restart. From here on the room takes no
 * events.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, NOT_ALLOWED where users of this server are in the room
 */
export async function purgeRoom(
  context: PerformContext,
  request: PurgeRoomRequest,
): Promise<PurgeRoomResponse> {
  const { store, input } = context
  const { room_id: roomId, requester, dry_run: isDryRun, leave_first: leavesFirst, force: isForced } = request
  const room = await store.room(roomId)
  if (room === undefined) throw roomNotFound(roomId, `room ${JSON.stringify(roomId)} is not known here`)
  const estimate = await store.purgeEstimate(room.nid)
  // What a purge leaves of a room is its ID and the number of its last output.
  if (isStub(room) && estimate.events === 0)
    throw roomNotFound(roomId, `nothing is stored of ${JSON.stringify(roomId)}`)
  const ours = await localUsers(context, room)
  const answer = {
    events: estimate.events,
    states: estimate.snapshots,
    blocks: estimate.blocks,
    outputs: estimate.outputs,
    bytes: estimate.bytes,
    local_users: ours.length,
  }
  const isUnderWay = (await store.purges()).some((purge) => purge.roomId === roomId && isBeingPurged(purge))
  if (isDryRun || isUnderWay) return { ...answer, is_under_way: isUnderWay }
  // Before the purge begins: it is refused where it finds users of ours in the room.
  if (leavesFirst) await takeOut(context, room, ours)
  const left = leavesFirst ? await localUsers(context, room) : ours
  if (left.length > 0 && !isForced) throw usersAreIn(roomId, left)
  const isNew = await store.beginPurge({
    roomId,
    roomNid: NO_NID,
    by: requester,
    isForced,
    step: 'waiting',
    reason: '',
    events: estimate.events,
    deletedEvents: 0,
  })
  if (!isNew) return { ...answer, is_under_way: true }
  await input.blockedRooms.refresh()
  return { ...answer, is_under_way: false }
}

/** Users of this server who are in a room, or are asked or ask to be. */
async function localUsers({ store }: PerformContext, { nid }: RoomRecord): Promise<readonly UserId[]> {
  const members = await store.membershipsOfRoom(nid, { localOnly: true })
  return members
    .filter(({ membership }) => membership !== 'leave' && membership !== 'ban')
    .map(({ userId }) => userId)
}

/** Those who cannot leave are counted afterwards. */
async function takeOut(
  context: PerformContext,
  { roomId }: RoomRecord,
  users: readonly UserId[],
): Promise<void> {
  const { affected } = await performAdminEvacuateRoom(context, { room_id: roomId })
  const joined = new Set(affected)
  for (const userId of users) {
    if (joined.has(userId)) continue
    try {
      await performLeave(context, { room_id: roomId, user_id: userId })
    } catch (error) {
      context.log.warn(
        { room_id: roomId, user_id: userId, error: String(error) },
        'could not take a user out',
      )
    }
  }
}

function usersAreIn(roomId: RoomId, users: readonly UserId[]): RoomserverError<'NOT_ALLOWED'> {
  const reason = `${users.length} users of this server are joined to ${roomId}, invited or knocking, such as ${users[0] ?? ''}; have them leave first (leave_first), or purge it all the same (force)`
  return new RoomserverError('NOT_ALLOWED', { rule: 'purgeRoom', reason }, reason)
}
