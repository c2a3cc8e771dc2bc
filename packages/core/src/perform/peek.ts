import type {
  PerformPeekRequest,
  PerformPeekResponse,
  PerformUnpeekRequest,
  PerformUnpeekResponse,
} from '@roomserver/api'
import { historyVisibility } from '@roomserver/auth'
import { isFailure, type RoomId, type RoomRecord } from '@roomserver/types'
import { readRoom, roomWithState } from '../query/context.ts'
import { currentPdus } from '../query/current-pdus.ts'
import { isServerInRoom } from '../query/servers.ts'
import { federationFor } from './components.ts'
import type { PerformContext } from './context.ts'
import { ownUser, quoted, serverOfRoom } from './identifiers.ts'
import { Refusal, unlessRefused } from './refusal.ts'
import { type Target, targetOf } from './resolve-alias.ts'
import { announce } from './room-command.ts'

/** Lets a device of a user of ours look into a room that is open to the world, through another server if need be. */
export function performPeek(
  context: PerformContext,
  request: PerformPeekRequest,
): Promise<PerformPeekResponse> {
  const { user_id: userId, device_id: deviceId } = request
  return unlessRefused<PerformPeekResponse>(
    async () => {
      ownUser(context, userId)
      const target = await targetOf(context, request.room_id_or_alias, request.server_names)
      await peekThroughOthers(context, target)
      const room = await openRoom(context, target.roomId)
      await announce(context, room, 'new_peek', { RoomID: room.roomId, UserID: userId, DeviceID: deviceId })
      return { room_id: target.roomId, Error: null }
    },
    (error) => ({ room_id: '', Error: error }),
  )
}

/** Ends the peek of a device. In a room that nobody here knows there is nothing to end. */
export function performUnpeek(
  context: PerformContext,
  { room_id: roomId, user_id: userId, device_id: deviceId }: PerformUnpeekRequest,
): Promise<PerformUnpeekResponse> {
  return unlessRefused<PerformUnpeekResponse>(
    async () => {
      ownUser(context, userId)
      if (!roomId.startsWith('!')) throw new Refusal('badRequest', `Room ID ${quoted(roomId)} is invalid`)
      serverOfRoom(roomId)
      const room = await context.store.room(roomId)
      if (room !== undefined) {
        await announce(context, room, 'retire_peek', { RoomID: roomId, UserID: userId, DeviceID: deviceId })
      }
      return { Error: null }
    },
    (error) => ({ Error: error }),
  )
}

/** Has the events of a room that we are not in sent to us. */
async function peekThroughOthers(context: PerformContext, { roomId, serverNames }: Target): Promise<void> {
  const server = serverOfRoom(roomId)
  if (server === context.serverName) return
  const room = await roomWithState(context, roomId)
  if (room !== undefined && (await isServerInRoom(context, room, ''))) return
  const federation = federationFor(context, `peeking into ${roomId}, a room that this server is not in,`)
  const others = [...serverNames, ...(server === undefined ? [] : [server])]
  const request = { room_id: roomId, server_names: others }
  const { LastError } = await federation.performOutboundPeekRequest(request).catch((error: unknown) => {
    if (!isFailure(error, 'COMPONENT_FAILED')) throw error
    // What is known of the room decides then.
    context.log.warn({ room_id: roomId, error: error.message }, 'could not peek through another server')
    return { LastError: null }
  })
  if (LastError !== null) throw new Refusal('remote', LastError.Message, LastError.Code)
}

/** A room into which everybody may look. @throws {Refusal} with the code for what is not allowed */
async function openRoom(context: PerformContext, roomId: RoomId): Promise<RoomRecord> {
  const room = await roomWithState(context, roomId)
  const [visibility] = room === undefined ? [] : await currentOf(context, room, 'm.room.history_visibility')
  if (room === undefined || visibility === undefined || historyVisibility(visibility) !== 'world_readable') {
    throw new Refusal('notAllowed', 'Room is not world-readable')
  }
  const [encryption] = await currentOf(context, room, 'm.room.encryption')
  if (encryption === undefined) return room
  throw new Refusal('notAllowed', 'Cannot peek into an encrypted room')
}

function currentOf(context: PerformContext, room: RoomRecord, type: string) {
  return readRoom(context, (view) => currentPdus(view, room, [{ type, stateKey: '' }]))
}
