import type { RoomId } from '@roomserver/types'
import type { TaskRunner } from '../input/task-runner.ts'
import { knownRoom } from '../missing-events/known-room.ts'
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
  { store, input }: { readonly store: Pick<RoomStore, 'room'>; readonly input: TaskRunner },
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
