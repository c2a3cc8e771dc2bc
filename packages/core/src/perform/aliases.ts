import type {
  RemoveRoomAliasRequest,
  RemoveRoomAliasResponse,
  SetRoomAliasRequest,
  SetRoomAliasResponse,
} from '@roomserver/api'
import { authStateOf, powersIn } from '@roomserver/auth'
import { type JsonObject, type RoomId, RoomserverError } from '@roomserver/types'
import { look } from '../query/context.ts'
import { currentPdus } from '../query/current-pdus.ts'
import { roomNotFound } from '../query/failures.ts'
import { rulesOf } from '../query/headered.ts'
import type { PerformContext } from './context.ts'
import { say } from './send.ts'

const CANONICAL_ALIAS = 'm.room.canonical_alias'
const WHO_MAY_REMOVE = ['m.room.create', 'm.room.power_levels'].map((type) => ({ type, stateKey: '' }))

/** Gives a room an alias, unless the alias is taken. */
export async function setRoomAlias(
  { store }: PerformContext,
  { alias, room_id: roomId, user_id: userId }: SetRoomAliasRequest,
): Promise<SetRoomAliasResponse> {
  return { alias_exists: !(await store.addAlias(alias, roomId, userId)) }
}

/**
 * Takes an alias away: for the user who made it, and for those who may change the room's canonical alias. Where it is
 * the canonical one, that event is changed as well.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND when the alias is of a room that does not exist, NOT_ALLOWED
 */
export async function removeRoomAlias(
  context: PerformContext,
  { alias, user_id: userId }: RemoveRoomAliasRequest,
): Promise<RemoveRoomAliasResponse> {
  const known = await context.store.roomOfAlias(alias)
  if (known === undefined) return { found: false, removed: false }
  const isOwn = known.creator === userId
  if (!isOwn && !(await mayRemove(context, known.roomId, userId))) return { found: true, removed: false }
  await leaveOutOfCanonical(context, known.roomId, alias)
  await context.store.removeAlias(alias)
  return { found: true, removed: true }
}

async function mayRemove(context: PerformContext, roomId: RoomId, userId: string): Promise<boolean> {
  const room = await context.store.room(roomId)
  if (room === undefined) {
    const cause = roomNotFound(roomId, `room ${roomId} doesn't exist`)
    throw new RoomserverError('ROOM_NOT_FOUND', { roomId }, `r.DB.GetStateEvent: ${cause.message}`, { cause })
  }
  const state = await look(context, (view) => currentPdus(view, room, WHO_MAY_REMOVE))
  const powers = powersIn(authStateOf(state), rulesOf(room))
  return powers.of(userId) >= powers.toSend(CANONICAL_ALIAS, 'state')
}

/** In the name of the user who set the canonical alias, since he could. */
async function leaveOutOfCanonical(context: PerformContext, roomId: RoomId, alias: string): Promise<void> {
  if ((await context.store.room(roomId)) === undefined) {
    throw roomNotFound(roomId, `room ${roomId} doesn't exist`)
  }
  const failure = await say(context, roomId, async (room) => {
    const wanted = [{ type: CANONICAL_ALIAS, stateKey: '' }]
    const [current] = await look(context, (view) => currentPdus(view, room, wanted))
    if (current === undefined || current.content['alias'] !== alias) return undefined
    return { type: CANONICAL_ALIAS, sender: current.sender, stateKey: '', content: without(current.content) }
  })
  if (failure === '') return
  throw new RoomserverError('NOT_ALLOWED', { rule: 'input', reason: failure }, failure)
}

function without({ alias: _removed, ...content }: JsonObject): JsonObject {
  return content
}
