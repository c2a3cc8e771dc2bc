import type {
  RemoveRoomAliasRequest,
  RemoveRoomAliasResponse,
  SetRoomAliasRequest,
  SetRoomAliasResponse,
} from '@roomserver/api'
import { authStateOf, powersIn } from '@roomserver/auth'
import { MAX_ID_BYTES } from '@roomserver/events'
import {
  isLongerThan,
  type JsonObject,
  type RoomId,
  RoomserverError,
  serverOf,
  type UserId,
} from '@roomserver/types'
import { readRoom } from '../query/context.ts'
import { currentPdus } from '../query/current-pdus.ts'
import { invalidArgument, roomNotFound } from '../query/failures.ts'
import { rulesOf } from '../output/headered.ts'
import type { PerformContext } from './context.ts'
import { sendIfAllowed } from './send.ts'

const CANONICAL_ALIAS = 'm.room.canonical_alias'
const CREATE = { type: 'm.room.create', stateKey: '' }
const POWER_LEVELS = { type: 'm.room.power_levels', stateKey: '' }

/**
 * Gives a room an alias, unless the alias is taken.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when a name is longer than names may be
 */
export async function setRoomAlias(
  { store }: PerformContext,
  { alias, room_id: roomId, user_id: userId }: SetRoomAliasRequest,
): Promise<SetRoomAliasResponse> {
  checkLength('alias', alias)
  checkLength('room_id', roomId)
  checkLength('user_id', userId)
  return { alias_exists: !(await store.addAlias(alias, roomId, userId)) }
}

/** Aliases are sent to others and stored in events. @see https://spec.matrix.org/v1.19/appendices/#room-aliases */
function checkLength(argument: string, name: string): void {
  if (!isLongerThan(name, MAX_ID_BYTES)) return
  throw invalidArgument(
    argument,
    `at most ${MAX_ID_BYTES} bytes`,
    `${argument} has more than ${MAX_ID_BYTES} bytes`,
  )
}

/**
 * Takes an alias away: for the user who made it, and for those in the room who may change its canonical alias. Where the
 * room's `m.room.canonical_alias` names the alias, that user takes it out as well. If the rules do not let them, the
 * event stays and the alias goes all the same: nobody else can be made to say it.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND when the alias is of a room that does not exist
 * @see https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3directoryroomroomalias
 */
export async function removeRoomAlias(
  context: PerformContext,
  { alias, user_id: userId }: RemoveRoomAliasRequest,
): Promise<RemoveRoomAliasResponse> {
  const known = await context.store.roomOfAlias(alias)
  if (known === undefined) return { found: false, removed: false }
  const isOwn = known.creator === userId
  if (!isOwn && !(await mayRemove(context, known.roomId, userId))) return { found: true, removed: false }
  await takeOutOfCanonical(context, known.roomId, alias, userId)
  await context.store.removeAlias(alias)
  return { found: true, removed: true }
}

/** Whether a user is in the room and may send its canonical alias. */
async function mayRemove(context: PerformContext, roomId: RoomId, userId: UserId): Promise<boolean> {
  const room = await context.store.room(roomId)
  if (room === undefined) {
    const cause = roomNotFound(roomId, `room ${roomId} doesn't exist`)
    throw new RoomserverError('ROOM_NOT_FOUND', { roomId }, `r.DB.GetStateEvent: ${cause.message}`, { cause })
  }
  const wanted = [CREATE, POWER_LEVELS, { type: 'm.room.member', stateKey: userId }]
  const state = authStateOf(await readRoom(context, (view) => currentPdus(view, room, wanted)))
  if (state.get('m.room.member', userId)?.content['membership'] !== 'join') return false
  const powers = powersIn(state, rulesOf(room))
  return powers.canSend(userId, CANONICAL_ALIAS, 'state')
}

async function takeOutOfCanonical(
  context: PerformContext,
  roomId: RoomId,
  alias: string,
  userId: UserId,
): Promise<void> {
  if ((await context.store.room(roomId)) === undefined) {
    throw roomNotFound(roomId, `room ${roomId} doesn't exist`)
  }
  if (serverOf(userId) !== context.serverName) return
  const failure = await sendIfAllowed(context, roomId, async (room) => {
    const wanted = [{ type: CANONICAL_ALIAS, stateKey: '' }]
    const [current] = await readRoom(context, (view) => currentPdus(view, room, wanted))
    const content = current === undefined ? undefined : without(current.content, alias)
    return content && { type: CANONICAL_ALIAS, sender: userId, stateKey: '', content }
  })
  if (failure === '') return
  const fields = { room_id: roomId, user_id: userId, reason: failure }
  context.log.info(fields, 'removed an alias that m.room.canonical_alias still refers to')
}

/** @returns `undefined` when the alias is not named */
function without({ alias: canonical, ...content }: JsonObject, alias: string): JsonObject | undefined {
  const others = content['alt_aliases']
  const isNamed = Array.isArray(others) && others.includes(alias)
  if (canonical !== alias && !isNamed) return undefined
  return {
    ...content,
    ...(canonical !== undefined && canonical !== alias && { alias: canonical }),
    ...(isNamed && { alt_aliases: others.filter((other) => other !== alias) }),
  }
}
