import { type RoomRecord, RoomserverError, type RoomId } from '@roomserver/types'
import type { RoomInput } from '../input/create-input.ts'
import type { RoomStore } from '../ports.ts'
import { decideRepair, type RepairOrder } from './decide-repair.ts'
import type { RepairDifference, RepairPlan } from './repair-plan.ts'

/** What it takes while it waits for its room, in bytes. */
const BYTES = 1000

/**
 * Repairs a room as an operator wants it, in the room's queue and in one commit, or tells what that would change.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND; BAD_REQUEST when the room moved on from the state that was given
 */
export async function repairRoom(
  { store, input }: { readonly store: Pick<RoomStore, 'room'>; readonly input: Pick<RoomInput, 'runTask'> },
  roomId: RoomId,
  plan: RepairPlan,
  order: RepairOrder,
): Promise<RepairDifference> {
  const { version } = await knownRoom(store, roomId)
  return await input.runTask({
    roomId,
    version,
    name: `repairing: ${plan.kind}`,
    bytes: BYTES,
    decide: (draft) => decideRepair(draft, plan, order),
  })
}

/** @throws {RoomserverError} ROOM_NOT_FOUND also for a room that has no state here */
export async function knownRoom(store: Pick<RoomStore, 'room'>, roomId: RoomId): Promise<RoomRecord> {
  const room = await store.room(roomId)
  if (room !== undefined && room.extremities.length > 0) return room
  throw new RoomserverError('ROOM_NOT_FOUND', { roomId }, `room ${roomId} is not known here`)
}
