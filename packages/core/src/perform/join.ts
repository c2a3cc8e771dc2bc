import type { PerformJoinRequest, PerformJoinResponse, RemoteHttpError } from '@roomserver/api'
import { type JsonObject, type RoomRecord, serverOf, type UserId } from '@roomserver/types'
import { isStub } from '../query/context.ts'
import { queryRestrictedJoinAllowed } from '../query/restricted-join.ts'
import { isServerInRoom } from '../query/servers.ts'
import { federationFor } from './components.ts'
import { refusalOf, type EventTemplate } from './build.ts'
import type { PerformContext } from './context.ts'
import { ownUser, quoted, serverOfRoom } from './identifiers.ts'
import { isInvalidParam, Refusal, refuseBlocked, unlessRefused } from './refusal.ts'
import { type Target, targetOf } from './resolve-alias.ts'
import { sendEvent } from './send.ts'

/** {@link joinRoom} for callers over the wire, who get a refusal as an answer. */
export function performJoin(
  context: PerformContext,
  request: PerformJoinRequest,
): Promise<PerformJoinResponse> {
  return unlessRefused<PerformJoinResponse>(
    async () => ({ ...(await joinRoom(context, request)), Error: null }),
    (error) => ({ room_id: '', JoinedVia: '', Error: error }),
  )
}

/**
 * Joins a user of ours to a room, by ID or alias: by an event of our own where we are in the room, and otherwise
 * through a server that is. Somebody who is joined already stays so.
 *
 * @throws {Refusal} or a {@link RoomserverError}
 */
export async function joinRoom(
  context: PerformContext,
  request: PerformJoinRequest,
): Promise<Pick<PerformJoinResponse, 'room_id' | 'JoinedVia'>> {
  ownUser(context, request.user_id)
  const target = await targetOf(context, request.room_id_or_alias, request.server_names)
  await refuseBlocked(context, target.roomId)
  return { room_id: target.roomId, JoinedVia: await join(context, request, target) }
}

/** @returns the server that let the user in */
async function join(
  context: PerformContext,
  request: PerformJoinRequest,
  { roomId, serverNames }: Target,
): Promise<string> {
  const room = await context.store.room(roomId)
  const authorisingUser = await authorisingUserFor(context, request, roomId)
  const via =
    authorisingUser.userId === '' ? {} : { join_authorised_via_users_server: authorisingUser.userId }
  const content = { ...request.content, membership: 'join', ...via }
  const servers = await helpers(context, request, { roomId, serverNames }, room, authorisingUser)
  const way = { room, servers, authorisingUser, content }
  if ((await routeInto(context, request, way)) === 'own') {
    await joinLocally(context, request, roomId, content)
    return context.serverName
  }
  if (way.servers.length === 0) throw new Refusal('noRoom', `room ID ${quoted(roomId)} does not exist`)
  return await joinThrough(context, request, { roomId, serverNames: way.servers }, content)
}

/** How much of another server's answer is looked at. */
const MAX_BODY = 10_000

/** Who vouches for a user in a restricted room. */
interface AuthorisingUser {
  /** One of our users; empty: nobody need. */
  readonly userId: UserId
  /** Only somebody on another server could. */
  readonly isElsewhere: boolean
}

async function authorisingUserFor(
  context: PerformContext,
  { user_id: userId }: PerformJoinRequest,
  roomId: string,
): Promise<AuthorisingUser> {
  const answer = await queryRestrictedJoinAllowed(context, { room_id: roomId, user_id: userId })
  if (!answer.restricted) return { userId: '', isElsewhere: false }
  if (!answer.resident) return { userId: '', isElsewhere: true }
  if (answer.allowed) return { userId: answer.authorised_via, isElsewhere: false }
  throw new Refusal('notAllowed', `The join to room ${roomId} was not allowed.`)
}

/**
 * Servers that could let the user in: those named, the room ID's, that of whoever invited the user, and those in the
 * room where none of us can vouch.
 */
async function helpers(
  { store, serverName }: PerformContext,
  { user_id: userId }: PerformJoinRequest,
  { roomId, serverNames }: Target,
  room: RoomRecord | undefined,
  { isElsewhere }: AuthorisingUser,
): Promise<readonly string[]> {
  const invites = room === undefined ? [] : await store.pendingInvites(room.nid, userId)
  const inviters = invites.map(({ senderId }) => serverOf(senderId))
  const inside = room !== undefined && isElsewhere ? await store.joinedServers(room.nid) : []
  const named = [...serverNames, serverOfRoom(roomId), ...inviters, ...inside]
  const known = named.filter((server) => server !== undefined)
  return [...new Set(known)].filter((server) => server !== serverName)
}

/** What decides how to get into a room. */
interface Way {
  readonly room: RoomRecord | undefined
  readonly servers: readonly string[]
  readonly authorisingUser: AuthorisingUser
  readonly content: JsonObject
}

/**
 * Whether we can join by an event of our own: where we are in the room and its rules let the user in. Otherwise not where
 * others may be inside while we are outside, not on an invite from elsewhere, since whoever sent that knows more of the
 * room than we do, and not where somebody else has to vouch.
 */
async function routeInto(
  context: PerformContext,
  { user_id: userId }: PerformJoinRequest,
  { room, servers, authorisingUser, content }: Way,
): Promise<'own' | 'others'> {
  if (room === undefined || isStub(room)) return 'others'
  const isInside = await isServerInRoom(context, room, '')
  if (!isInside && servers.length > 0) return 'others'
  if (isInside && (await isAllowedIn(context, room, userId, content))) return 'own'
  if (authorisingUser.isElsewhere && servers.length > 0 && context.federation !== undefined) return 'others'
  const [invite] = await context.store.pendingInvites(room.nid, userId)
  return invite !== undefined && serverOf(invite.senderId) !== context.serverName ? 'others' : 'own'
}

async function isAllowedIn(
  context: PerformContext,
  room: RoomRecord,
  userId: UserId,
  content: JsonObject,
): Promise<boolean> {
  return (await refusalOf(context, room, joinOf(userId, content))) === undefined
}

function joinOf(userId: UserId, content: JsonObject): EventTemplate {
  return { type: 'm.room.member', sender: userId, stateKey: userId, content }
}

async function joinLocally(
  context: PerformContext,
  { user_id: userId }: PerformJoinRequest,
  roomId: string,
  content: JsonObject,
): Promise<void> {
  const failure = await sendEvent(context, roomId, async (room) => {
    const member = await context.store.membership(room.nid, userId)
    if (member?.membership === 'join') return undefined
    return joinOf(userId, content)
  })
  if (failure !== '') throw new Refusal('notAllowed', `InputRoomEvents auth failed: ${failure}`)
}

async function joinThrough(
  context: PerformContext,
  { user_id: userId }: PerformJoinRequest,
  { roomId, serverNames }: Target,
  content: JsonObject,
): Promise<string> {
  const federation = federationFor(context, `joining ${roomId}, a room that this server is not in,`)
  const { JoinedVia, LastError } = await federation.performJoinRequest({
    room_id: roomId,
    user_id: userId,
    server_names: serverNames,
    content,
  })
  if (LastError === null) return JoinedVia
  const said = `${LastError.Message} ${bodyOf(LastError)}`
  throw isInvalidParam(said)
    ? new Refusal('unclassified', LastError.Message)
    : new Refusal('remote', LastError.Message, LastError.Code)
}

/** What another server answered, as text. */
function bodyOf({ Contents }: RemoteHttpError): string {
  return Contents === null ? '' : Buffer.from(Contents.slice(0, MAX_BODY), 'base64').toString('utf8')
}
