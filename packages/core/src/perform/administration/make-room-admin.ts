import type { MakeRoomAdminRequest, MakeRoomAdminResponse } from '@roomserver/api'
import { authStateOf, powersIn, type Powers } from '@roomserver/auth'
import { isJsonObject, type JsonObject, RoomserverError, serverOf, type UserId } from '@roomserver/types'
import { rulesOf } from '../../output/headered.ts'
import { readRoom, roomWithState } from '../../query/context.ts'
import { currentAuthPdus } from '../../query/current-pdus.ts'
import { invalidArgument, roomNotFound } from '../../query/failures.ts'
import type { PerformContext } from '../context.ts'
import type { UserActions } from '../user-actions.ts'

/** A change of levels that a user of ours may make. */
interface Grant {
  readonly by: UserId
  readonly level: number
}

/**
 * Gives a user of ours the highest power level that a user of ours may give them.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT, NOT_ALLOWED when no user of this server may change levels
 */
export async function makeRoomAdmin(
  context: PerformContext,
  users: Pick<UserActions, 'send'>,
  { room_id: roomId, user_id: userId, dry_run: isDryRun }: MakeRoomAdminRequest,
): Promise<MakeRoomAdminResponse> {
  const room = await roomWithState(context, roomId)
  if (room === undefined) throw roomNotFound(roomId, `room ${JSON.stringify(roomId)} is not known here`)
  const members = await context.store.membershipsOfRoom(room.nid, { membership: 'join', localOnly: true })
  const ours = members.map((member) => member.userId)
  checkMember(context, ours, userId)
  const wanted = ['m.room.create', 'm.room.power_levels'].map((type) => ({ type, stateKey: '' }))
  const state = await readRoom(context, (view) => currentAuthPdus(view, room, wanted))
  const content = state.find(({ type }) => type === 'm.room.power_levels')?.content
  const powers = powersIn(authStateOf(state), rulesOf(room))
  const before = powers.levelOf(userId)
  const grant = powers.isCreator(userId) ? undefined : highestGrant(powers, ours, userId)
  if (grant === undefined || grant.level <= before) {
    if (powers.canSend(userId, 'm.room.power_levels', 'state'))
      return { granted_by: '', level_before: before, level: before, event_id: '' }
    throw nobodyMay(roomId, userId)
  }
  const answer = { granted_by: grant.by, level_before: before, level: grant.level }
  if (isDryRun) return { ...answer, event_id: '' }
  const template = {
    type: 'm.room.power_levels',
    stateKey: '',
    sender: grant.by,
    content: withLevel(content ?? {}, userId, grant.level),
  }
  return { ...answer, event_id: await users.send(roomId, template) }
}

function checkMember({ serverName }: PerformContext, ours: readonly UserId[], userId: UserId): void {
  if (serverOf(userId) === serverName && ours.includes(userId)) return
  const expected = `a user of ${serverName} who is joined to the room`
  throw invalidArgument('user_id', expected, `user_id: expected ${expected}; have the user join first`)
}

function highestGrant(powers: Powers, ours: readonly UserId[], userId: UserId): Grant | undefined {
  const grants = ours.flatMap((by): readonly Grant[] => {
    const level = powers.isCreator(by) ? CREATORS_GRANT : powers.highestGrant(by)
    return level !== undefined && powers.canGrant(by, userId, level) ? [{ by, level }] : []
  })
  return grants.toSorted((a, b) => b.level - a.level)[0]
}

/** What creators give who stand above all levels: enough for everything that a room does not reserve for them. */
const CREATORS_GRANT = 100

function withLevel(content: JsonObject, userId: UserId, level: number): JsonObject {
  const { users } = content
  return { ...content, users: { ...(isJsonObject(users) ? users : {}), [userId]: level } }
}

function nobodyMay(roomId: string, userId: UserId): RoomserverError<'NOT_ALLOWED'> {
  const reason = `no user of this server in ${roomId} has the power level to make ${userId} an admin; ask an admin of the room on another server`
  return new RoomserverError('NOT_ALLOWED', { rule: 'makeRoomAdmin', reason }, reason)
}
