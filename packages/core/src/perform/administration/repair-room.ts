import type { RepairRoomRequest, RepairRoomResponse } from '@roomserver/api'
import type { RoomRepairs } from '../../missing-events/create-missing-events.ts'
import type { ServerState } from '../../missing-events/server-state-report.ts'
import type { RepairDifference, RepairPlan } from '../../operator-repair/repair-plan.ts'
import { repairRoom as repair } from '../../operator-repair/repair-room.ts'
import { invalidArgument } from '../../query/failures.ts'
import type { PerformContext } from '../context.ts'

/** How many entries and extremities are listed. */
const MOST = 100

/** What repairs of rooms work with; `undefined`: there is nobody to ask for missing events and states. */
export type Repairs = Pick<RoomRepairs, 'retry' | 'serverStateReport'> | undefined

/**
 * Repairs a room, or says what that would change.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT; BAD_REQUEST when the room changed meanwhile
 */
export async function repairRoom(
  context: PerformContext,
  repairs: Repairs,
  request: RepairRoomRequest,
): Promise<RepairRoomResponse> {
  const { dry_run: isDryRun, repair: kind, requester, room_id: roomId } = request
  const order = { by: requester === '' ? 'an operator' : requester, isDryRun }
  switch (kind) {
    case 'recompute-state':
    case 'prune-extremities':
      return answerOf(await repair(context, roomId, { kind }, order))
    case 'state-from-servers':
      return await repairFromServers(context, repairs, request, order)
    default: {
      const expected = 'recompute-state, prune-extremities or state-from-servers'
      throw invalidArgument('repair', expected, `repair: expected ${expected}`)
    }
  }
}

async function repairFromServers(
  context: PerformContext,
  repairs: Repairs,
  { room_id: roomId, server }: RepairRoomRequest,
  order: { readonly by: string; readonly isDryRun: boolean },
): Promise<RepairRoomResponse> {
  const { failures, states } = await federated(repairs).serverStateReport(roomId)
  const differences = new Map<ServerState, RepairDifference>()
  for (const state of states)
    differences.set(state, await repair(context, roomId, planOf(state), { ...order, isDryRun: true }))
  const chosen = server === '' ? states[0] : states.find(({ servers }) => servers.includes(server))
  if (chosen !== undefined && !order.isDryRun) await repair(context, roomId, planOf(chosen), order)
  return {
    ...answerOf((chosen && differences.get(chosen)) ?? NOTHING),
    servers: chosen?.servers ?? [],
    states: [...differences].map(([{ servers }, { entries }]) => ({
      servers,
      changed_entries: entries.length,
    })),
    failed_servers: [...failures].map(([name, reason]) => ({ server: name, reason })),
  }
}

const NOTHING: RepairDifference = { extremities: { from: [], to: [] }, entries: [] }

function planOf({ eventIds, extremity }: ServerState): RepairPlan {
  return { kind: 'given-state', extremity, eventIds }
}

function answerOf({ entries, extremities }: RepairDifference): RepairRoomResponse {
  const kept = new Set(extremities.to)
  return {
    changed_entries: entries.length,
    entries: entries.slice(0, MOST).map(({ from = '', stateKey, to = '', type }) => ({
      type,
      state_key: stateKey,
      from,
      to,
    })),
    dropped_extremities: extremities.from.filter((id) => !kept.has(id)).slice(0, MOST),
    servers: [],
    states: [],
    failed_servers: [],
  }
}

/**
 * The way to other servers.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT where there is none
 */
export function federated(repairs: Repairs): NonNullable<Repairs> {
  if (repairs !== undefined) return repairs
  const expected = 'a configuration with a federation component'
  throw invalidArgument('repair', expected, `this repair asks other servers: expected ${expected}`)
}
