import type { PerformRoomUpgradeRequest, PerformRoomUpgradeResponse } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import type { RoomId, UserId } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import { roomWithState } from '../../query/context.ts'
import { buildOnTop, refusalOf, type EventTemplate } from '../build.ts'
import type { PerformContext } from '../context.ts'
import { ownUser, quoted } from '../identifiers.ts'
import { Refusal, unlessRefused } from '../refusal.ts'
import { send } from '../send.ts'
import { abandonNewRoom } from './abandon-new-room.ts'
import { closeOldRoom } from './close-old-room.ts'
import { moveDirectory } from './move-directory.ts'
import { newRoomEvents, sendNewRoom } from './new-room.ts'
import type { RoomUpgrade } from './room-upgrade.ts'

/**
 * Replaces a room by a new one of another version: the state is carried over as far as the new room takes it and it
 * does not depend on who sent it, a tombstone points from the old one to the new one, aliases and the place in the
 * directory move, and the old room is closed to new messages as far as the user may do that.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
 */
export function performRoomUpgrade(
  context: PerformContext,
  request: PerformRoomUpgradeRequest,
): Promise<PerformRoomUpgradeResponse> {
  return unlessRefused<PerformRoomUpgradeResponse>(
    async () => {
      const upgrade = await checked(context, request)
      const newRoom = await context.mutex.take(request.room_id, () => replace(context, upgrade))
      await moveDirectory(context, upgrade, newRoom)
      await closeOldRoom(context, upgrade)
      return { NewRoomID: newRoom, Error: null }
    },
    (error) => ({ NewRoomID: '', Error: error }),
  )
}

async function checked(context: PerformContext, request: PerformRoomUpgradeRequest): Promise<RoomUpgrade> {
  const { room_id: roomId, user_id: userId, room_version: version } = request
  ownUser(context, userId)
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
async function replace(context: PerformContext, upgrade: RoomUpgrade): Promise<RoomId> {
  const { events, end } = await madeForUpgrade(context, upgrade)
  const newRoom = events[0]?.roomId ?? ''
  try {
    await sendNewRoom(context, newRoom, events)
    await leave(context, end)
  } catch (error) {
    await abandonNewRoom(context, newRoom, upgrade.userId)
    throw error
  }
  return newRoom
}

/** The events of an upgrade, made and not sent. */
interface UpgradeEvents {
  /** Of the new room. */
  readonly events: readonly Pdu[]
  /** The tombstone. */
  readonly end: Pdu
}

async function madeForUpgrade(context: PerformContext, upgrade: RoomUpgrade): Promise<UpgradeEvents> {
  const { rules, room, userId } = upgrade
  if (rules.roomId === 'create-hash') {
    const events = await newRoomEvents(context, upgrade, { roomId: undefined, tombstone: undefined })
    return { events, end: await buildOnTop(context, room, tombstone(userId, events[0]?.roomId ?? '')) }
  }
  const roomId = `!${context.randomId(16)}:${context.serverName}`
  const end = await buildOnTop(context, room, tombstone(userId, roomId))
  return { events: await newRoomEvents(context, upgrade, { roomId, tombstone: end.eventId }), end }
}

async function leave(context: PerformContext, event: Pdu): Promise<void> {
  const failure = await send(context, event)
  if (failure !== '') {
    throw new Refusal('unclassified', `Failed to send new "m.room.tombstone" event to roomserver: ${failure}`)
  }
}

function tombstone(userId: UserId, newRoom: RoomId): EventTemplate {
  const content = { body: 'This room has been replaced', replacement_room: newRoom }
  return { type: 'm.room.tombstone', sender: userId, stateKey: '', content }
}
