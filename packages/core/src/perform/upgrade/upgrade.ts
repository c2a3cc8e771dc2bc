import type { PerformRoomUpgradeRequest, PerformRoomUpgradeResponse } from '@roomserver/api'
import type { RoomId, RoomRecord, UserId } from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import { roomWithState } from '../../query/context.ts'
import { buildOnTop, refusalOf, type Saying } from '../build.ts'
import type { PerformContext } from '../context.ts'
import { quoted } from '../identifiers.ts'
import { Refusal, unlessRefused } from '../refusal.ts'
import { send } from '../send.ts'
import { closeOldRoom } from './close-old-room.ts'
import { moveDirectory } from './move-directory.ts'
import { makeNewRoom } from './new-room.ts'

/** An upgrade that was asked for by somebody who may. */
export interface Upgrade {
  readonly room: RoomRecord
  readonly userId: UserId
  /** Rules of the new room. */
  readonly rules: RoomVersionRules
}

/**
 * Replaces a room by a new one of another version: the state is carried over as far as the new room takes it, a
 * tombstone points from the old one to the new one, aliases and the place in the directory move, and the old room is
 * closed to new messages as far as the user may do that.
 *
 * @see https://spec.matrix.org/v1.16/client-server-api/#room-upgrades
 */
export function performRoomUpgrade(
  context: PerformContext,
  request: PerformRoomUpgradeRequest,
): Promise<PerformRoomUpgradeResponse> {
  return unlessRefused<PerformRoomUpgradeResponse>(
    async () => {
      const upgrade = await checked(context, request)
      const newRoom = await context.turns.take(request.room_id, () => replace(context, upgrade))
      await moveDirectory(context, upgrade, newRoom)
      await closeOldRoom(context, upgrade)
      return { NewRoomID: newRoom, Error: null }
    },
    (error) => ({ NewRoomID: '', Error: error }),
  )
}

async function checked(context: PerformContext, request: PerformRoomUpgradeRequest): Promise<Upgrade> {
  const { room_id: roomId, user_id: userId, room_version: version } = request
  const room = await roomWithState(context, roomId)
  if (room === undefined) throw new Refusal('noRoom', 'Error validating that the room exists')
  const refusal = await refusalOf(context, room, tombstone(userId, roomId))
  if (refusal !== undefined) {
    const message = "You don't have permission to upgrade the room, power level too low."
    throw new Refusal('notAllowed', message)
  }
  const rules = roomVersion(version)
  if (rules !== undefined) return { room, userId, rules }
  throw new Refusal('badRequest', `Room version ${quoted(version)} is not known`)
}

/**
 * Makes the new room, then leaves the tombstone. The create event of the new room names the tombstone, which is
 * therefore made first, though sent last; but where the room ID is the hash of the create event, that cannot be.
 */
async function replace(context: PerformContext, upgrade: Upgrade): Promise<RoomId> {
  const { rules, room, userId } = upgrade
  if (rules.roomId === 'create-hash') {
    const newRoom = await makeNewRoom(context, upgrade, { roomId: undefined, tombstone: undefined })
    await leave(context, await buildOnTop(context, room, tombstone(userId, newRoom)))
    return newRoom
  }
  const roomId = `!${context.randomId(16)}:${context.serverName}`
  const event = await buildOnTop(context, room, tombstone(userId, roomId))
  await makeNewRoom(context, upgrade, { roomId, tombstone: event.eventId })
  await leave(context, event)
  return roomId
}

async function leave(context: PerformContext, event: Parameters<typeof send>[1]): Promise<void> {
  const failure = await send(context, event)
  if (failure !== '') {
    throw new Refusal('unclassified', `Failed to send new "m.room.tombstone" event to roomserver: ${failure}`)
  }
}

function tombstone(userId: UserId, newRoom: RoomId): Saying {
  const content = { body: 'This room has been replaced', replacement_room: newRoom }
  return { type: 'm.room.tombstone', sender: userId, stateKey: '', content }
}
