import type { Suspendable } from '@roomserver/types'
import type { ConflictedState, Resolved } from './conflicted-state.ts'
import type { EventNode } from './event-node.ts'
import { fullConflictedSet } from './full-conflicted-set.ts'
import { iterativeAuthChecks } from './iterative-auth-checks.ts'
import { mainlineOrder } from './mainline-order.ts'
import { reverseTopologicalPowerOrder } from './reverse-topological-power-order.ts'
import { WorkingState } from './working-state.ts'

/**
 * State resolution version 2, and 2.1 where the room version asks for it: that one starts from an empty state and takes
 * in the events between the conflicted ones.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v2/#state-resolution
 * @see https://spec.matrix.org/v1.19/rooms/v12/#state-resolution
 */
export function* resolveV2<Need>(conflicted: ConflictedState<Need>): Suspendable<Need, Resolved> {
  const full = yield* fullConflictedSet(conflicted)
  const state = new WorkingState(conflicted.conflicts)

  // Steps 1 and 2: the power events.
  const power = yield* reverseTopologicalPowerOrder(conflicted, full)
  yield* iterativeAuthChecks(conflicted, power, state, 'power')

  // Steps 3 and 4: all others.
  const placed = new Set(power)
  const others = [...full].filter((node) => !placed.has(node))
  const powerLevels = yield* resolvedEntry(conflicted, state, 'm.room.power_levels', '')
  const ordered = yield* mainlineOrder(conflicted, others, powerLevels)
  yield* iterativeAuthChecks(conflicted, ordered, state, 'mainline')

  // Step 5: the unconflicted part stands whatever came out.
  const winners = conflicted.conflicts.map(({ type, stateKey }) => state.get(type, stateKey) ?? undefined)
  return { winners, additions: yield* additions(conflicted, state, new Set(winners)) }
}

function* resolvedEntry<Need>(
  { graph, rules }: ConflictedState<Need>,
  state: WorkingState,
  type: string,
  stateKey: string,
): Suspendable<Need, EventNode | undefined> {
  const own = state.get(type, stateKey)
  if (own !== undefined || rules.stateResolution === 'v2.1') return own ?? undefined
  const [common] = yield* graph.entries([[type, stateKey]])
  return common
}

/** Events of the full conflicted set that were allowed for entries which no set has. */
function* additions<Need>(
  { graph }: ConflictedState<Need>,
  state: WorkingState,
  winners: ReadonlySet<EventNode | undefined>,
): Suspendable<Need, readonly EventNode[]> {
  const beside = [...state.events()].filter((node) => !winners.has(node))
  if (beside.length === 0) return []
  const common = yield* graph.entries(beside.map(({ pdu }) => [pdu.type, pdu.stateKey ?? '']))
  return beside.filter((_, index) => common[index] === undefined)
}
