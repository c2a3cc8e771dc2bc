import { type RepairDifference, repairRoom, type RepairPlan, type ServerState } from '@roomserver/core'
import type { EngineParts } from '@roomserver/engine'
import { RoomserverError, type RoomId } from '@roomserver/types'

/** What an operator asked for. */
export interface RepairWish {
  readonly recomputeState?: true
  /** `true`: the state that most servers tell; or a server's. */
  readonly stateFromServers?: true | string
  readonly pruneExtremities?: true
  /** Without it, only the difference is shown. */
  readonly apply?: true
}

/** Repairs a room, or shows what that would change, as lines of text. */
export async function* operatorRepair(
  engine: EngineParts,
  roomId: RoomId,
  wish: RepairWish,
): AsyncGenerator<string> {
  const order = { by: 'roomserver repair', isDryRun: wish.apply !== true }
  const parts = { store: engine.storage, input: engine.input }
  if (wish.pruneExtremities) {
    yield* tell('extremities', await repairRoom(parts, roomId, { kind: 'prune-extremities' }, order))
  }
  if (wish.recomputeState) {
    yield* tell(
      'state from the forward extremities',
      await repairRoom(parts, roomId, { kind: 'recompute-state' }, order),
    )
  }
  if (wish.stateFromServers !== undefined) yield* fromServers(engine, roomId, wish.stateFromServers, order)
  yield order.isDryRun ? 'nothing was changed; run again with --apply to apply' : 'done'
}

async function* fromServers(
  engine: EngineParts,
  roomId: RoomId,
  wanted: true | string,
  order: { readonly by: string; readonly isDryRun: boolean },
): AsyncGenerator<string> {
  const { repairs } = engine.input
  if (repairs === undefined)
    throw new RoomserverError('BAD_REQUEST', { path: 'repair', expected: FEDERATION }, FEDERATION)
  const parts = { store: engine.storage, input: engine.input }
  const { states, failures } = await repairs.serverStateReport(roomId)
  for (const [server, reason] of failures) yield `no state from ${server}: ${reason}`
  for (const state of states) {
    const difference = await repairRoom(parts, roomId, planOf(state), { ...order, isDryRun: true })
    yield* tell(`state from ${state.servers.join(', ')}`, difference)
  }
  const chosen = wanted === true ? states[0] : states.find(({ servers }) => servers.includes(wanted))
  if (chosen === undefined) yield 'no server supplied a usable state'
  else if (!order.isDryRun) {
    yield `chosen: the state from ${chosen.servers.join(', ')}`
    await repairRoom(parts, roomId, planOf(chosen), order)
  }
}

const FEDERATION = 'repair: expected a configuration with a federation component (--config)'

function planOf({ extremity, eventIds }: ServerState): RepairPlan {
  return { kind: 'given-state', extremity, eventIds }
}

function* tell(what: string, { extremities, entries }: RepairDifference): Generator<string> {
  const { from, to } = extremities
  yield `${what}: ${entries.length} entries differ, ${from.length - to.length} of ${from.length} forward extremities dropped`
  for (const id of from.filter((one) => !to.includes(one))) yield `    extremity ${id}`
  for (const entry of entries) {
    yield `    ${entry.type} ${JSON.stringify(entry.stateKey)}: ${entry.from ?? 'none'} -> ${entry.to ?? 'none'}`
  }
}
