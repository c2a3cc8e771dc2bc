import type { PerformLeaveRequest, PerformLeaveResponse } from '@roomserver/api'
import {
  isJsonObject,
  type JsonValue,
  type MembershipRecord,
  NO_NID,
  type RoomRecord,
  RoomserverError,
  serverOf,
} from '@roomserver/types'
import { isStub } from '../query/context.ts'
import { invalidArgument, roomNotFound } from '../query/failures.ts'
import { isServerInRoom } from '../query/servers.ts'
import type { PerformContext } from './context.ts'
import { faultOfId, quoted } from './identifiers.ts'
import { giveInviteUp, notifyInviter } from './reject-invite.ts'
import { sendEvent } from './send.ts'

/** All went well. */
const LEFT: PerformLeaveResponse = { code: 0, message: null }

/**
 * Takes a user of ours out of a room, or rejects an invite into it.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT, ROOM_NOT_FOUND, NOT_ALLOWED; callers show the text
 */
export async function performLeave(
  context: PerformContext,
  { room_id: roomId, user_id: userId }: PerformLeaveRequest,
): Promise<PerformLeaveResponse> {
  checkUser(context, userId)
  if (!roomId.startsWith('!')) {
    throw invalidArgument('room_id', 'a room ID', `room ID ${quoted(roomId)} is invalid`)
  }
  const room = await context.store.room(roomId)
  if (room === undefined) throw roomNotFound(roomId, `room ${quoted(roomId)} does not exist`)

  const [invite] = await context.store.pendingInvites(room.nid, userId)
  if (invite !== undefined && serverOf(invite.senderId) !== context.serverName) {
    return await rejectFromElsewhere(context, room, userId, invite.senderId)
  }
  if (invite !== undefined) await checkNoServerNotice(context, roomId, userId)
  else if (await isListedOnly(context, room, userId)) {
    await giveInviteUp(context, room, userId)
    return LEFT
  }
  if (isStub(room)) throw roomNotFound(roomId, `room ${quoted(roomId)} does not exist`)
  await leave(context, room, userId)
  return LEFT
}

/** Whether a user is listed as invited from outside without an invite that they could answer: earlier versions did that. */
async function isListedOnly({ store }: PerformContext, room: RoomRecord, userId: string): Promise<boolean> {
  const member = await store.membership(room.nid, userId)
  return member?.membership === 'invite' && member.event === NO_NID
}

function checkUser({ serverName }: PerformContext, userId: string): void {
  if (faultOfId('@', userId) !== undefined) {
    const message = `supplied user ID ${quoted(userId)} in incorrect format`
    throw invalidArgument('user_id', 'a user ID', message)
  }
  if (serverOf(userId) === serverName) return
  const message = `user ${quoted(userId)} does not belong to this homeserver`
  throw invalidArgument('user_id', 'a user of this server', message)
}

async function rejectFromElsewhere(
  context: PerformContext,
  room: RoomRecord,
  userId: string,
  inviter: string,
): Promise<PerformLeaveResponse> {
  const isNotified = await notifyInviter(context, room, userId, serverOf(inviter) ?? '')
  // The inviter's server is gone but we are in the room ourselves: then the others learn it from us.
  if (!isNotified && (await isPartOf(context, room, userId))) await leave(context, room, userId)
  else await giveInviteUp(context, room, userId)
  return LEFT
}

/** Whether we are in the room, and its state has the invite: one that came from outside it need not be its own. */
async function isPartOf(context: PerformContext, room: RoomRecord, userId: string): Promise<boolean> {
  const member = await context.store.membership(room.nid, userId)
  const isKnown = member !== undefined && member.event !== NO_NID
  return isKnown && member.membership === 'invite' && (await isServerInRoom(context, room, ''))
}

async function leave(context: PerformContext, room: RoomRecord, userId: string): Promise<void> {
  const member = await context.store.membership(room.nid, userId)
  checkMember(member, room, userId)
  const failure = await sendEvent(context, room.roomId, async () => ({
    type: 'm.room.member',
    sender: userId,
    stateKey: userId,
    content: { membership: 'leave' },
  }))
  if (failure === '') return
  const message = `r.InputRoomEvents: ${failure}`
  throw new RoomserverError('NOT_ALLOWED', { rule: 'input', reason: failure }, message)
}

const LEAVABLE: readonly string[] = ['join', 'invite', 'knock']

function checkMember(member: MembershipRecord | undefined, { roomId }: RoomRecord, userId: string): void {
  if (member === undefined) {
    const message = `user ${quoted(userId)} is not a member of room ${quoted(roomId)}`
    throw invalidArgument('user_id', 'a member of the room', message)
  }
  if (LEAVABLE.includes(member.membership)) return
  const state = `(membership is ${quoted(member.membership)})`
  const message = `user ${quoted(userId)} is not joined to the room ${state}`
  throw invalidArgument('user_id', 'a member of the room', message)
}

/** Invites into rooms where the server tells its users something cannot be rejected. */
async function checkNoServerNotice({ user }: PerformContext, roomId: string, userId: string): Promise<void> {
  if (user === undefined) return
  const { RoomAccountData } = await user.queryAccountData({
    UserID: userId,
    RoomID: roomId,
    DataType: 'm.tag',
  })
  const tags = RoomAccountData.get(roomId)?.get('m.tag')
  if (tags === undefined || !hasTag(tags, 'm.server_notice')) return
  const details = { rule: 'server notices', reason: 'the room is one of server notices' }
  throw new RoomserverError('NOT_ALLOWED', details, 'You cannot reject this invite')
}

function hasTag(text: string, tag: string): boolean {
  try {
    const data = JSON.parse(text) as JsonValue
    const tags = isJsonObject(data) ? data['tags'] : undefined
    return isJsonObject(tags) && Object.hasOwn(tags, tag)
  } catch {
    return false
  }
}
