import type { QueryRestrictedJoinAllowedRequest, QueryRestrictedJoinAllowedResponse } from '@roomserver/api'
import { authStateOf, type Powers, powersIn } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import {
  isJsonObject,
  type JsonValue,
  NO_NID,
  type RoomId,
  type RoomRecord,
  type UserId,
} from '@roomserver/types'
import type { AuthRules } from '@roomserver/version'
import { readRoom, type QueryContext, roomWithState } from './context.ts'
import { currentAuthPdus, currentPdus } from './current-pdus.ts'
import { rulesOf } from '../output/headered.ts'
import { isServerInRoom } from './servers.ts'

const CREATE = { type: 'm.room.create', stateKey: '' }
const POWER_LEVELS = { type: 'm.room.power_levels', stateKey: '' }
const JOIN_RULES = { type: 'm.room.join_rules', stateKey: '' }

const UNRESTRICTED: QueryRestrictedJoinAllowedResponse = {
  restricted: false,
  resident: false,
  allowed: false,
  authorised_via: '',
}

/**
 * Whether a user may join a room whose join rule lets in by membership of other rooms, and who of us vouches for that.
 * `resident` says that our answer is complete: we are in all rooms that count, and one of us may vouch.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#restricted-rooms
 */
export async function queryRestrictedJoinAllowed(
  context: QueryContext,
  { room_id: roomId, user_id: userId }: QueryRestrictedJoinAllowedRequest,
): Promise<QueryRestrictedJoinAllowedResponse> {
  const room = await roomWithState(context, roomId)
  if (room === undefined || !rulesOf(room).auth.restrictedJoins) return UNRESTRICTED
  const [joinRules] = await readRoom(context, (view) => currentPdus(view, room, [JOIN_RULES]))
  if (joinRules === undefined || !isRestricted(joinRules, rulesOf(room).auth)) {
    return { ...UNRESTRICTED, resident: true }
  }
  const member = await context.store.membership(room.nid, userId)
  const isInvited = member?.membership === 'invite'
  if (isInvited && member.event !== NO_NID) return INVITED
  const vouched = await vouchFor(context, room, joinRules, userId)
  // Who is in may stay so. It may be that they left and we did not hear of it, for which a authorising user is good, as it is for
  // an invite that the room's state does not have.
  const needsNobody = isInvited || member?.membership === 'join'
  return needsNobody && !vouched.allowed ? INVITED : vouched
}

/** Whoever is invited comes in without anybody vouching. */
const INVITED: QueryRestrictedJoinAllowedResponse = {
  restricted: true,
  resident: true,
  allowed: true,
  authorised_via: '',
}

async function vouchFor(
  context: QueryContext,
  room: RoomRecord,
  joinRules: Pdu,
  userId: UserId,
): Promise<QueryRestrictedJoinAllowedResponse> {
  const refused = { restricted: true, allowed: false, authorised_via: '' }
  const { isMember, isComplete } = await membershipOfAny(context, allowedRooms(joinRules), userId)
  if (!isMember) return { ...refused, resident: isComplete }
  const authorisingUser = await findAuthorisingUser(context, room)
  if (authorisingUser === undefined) return { ...refused, resident: false }
  return { restricted: true, resident: true, allowed: true, authorised_via: authorisingUser }
}

function isRestricted({ content }: Pdu, rules: AuthRules): boolean {
  const rule = content['join_rule']
  return rule === 'restricted' || (rule === 'knock_restricted' && rules.knockRestrictedJoins)
}

/** The rooms whose members may join. Conditions of unknown types allow nobody. */
function allowedRooms({ content }: Pdu): ReadonlySet<RoomId> {
  const conditions: JsonValue = Array.isArray(content['allow']) ? content['allow'] : []
  const rooms = conditions.map((condition) =>
    isJsonObject(condition) && condition['type'] === 'm.room_membership' ? condition['room_id'] : undefined,
  )
  return new Set(rooms.filter((room) => typeof room === 'string'))
}

async function membershipOfAny(
  context: QueryContext,
  rooms: ReadonlySet<RoomId>,
  userId: UserId,
): Promise<{ readonly isMember: boolean; readonly isComplete: boolean }> {
  let isComplete = true
  for (const roomId of rooms) {
    const room = await roomWithState(context, roomId)
    if (room === undefined || !(await isServerInRoom(context, room, ''))) {
      // Nobody tells us any more who is in that room.
      isComplete = false
      continue
    }
    const member = await context.store.membership(room.nid, userId)
    if (member?.membership === 'join') return { isMember: true, isComplete }
  }
  return { isMember: false, isComplete }
}

/** One of our users in the room who may invite. */
async function findAuthorisingUser(context: QueryContext, room: RoomRecord): Promise<UserId | undefined> {
  const state = await readRoom(context, (view) => currentAuthPdus(view, room, [CREATE, POWER_LEVELS]))
  const powers: Powers = powersIn(authStateOf(state), rulesOf(room))
  const members = await context.store.membershipsOfRoom(room.nid, { membership: 'join', localOnly: true })
  return members.find(({ userId }) => powers.can(userId, 'invite'))?.userId
}
