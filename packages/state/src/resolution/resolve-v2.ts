import type { StateTuple } from '@roomserver/auth'
import type { Suspendable } from '@roomserver/types'
import { walkChains } from './chain-walk.ts'
import type { EventNode } from './event-node.ts'
import { costOf, judge } from './judge.ts'
import { mainlineOrder } from './mainline.ts'
import { isOfOtherRoom } from './named-create.ts'
import { reverseTopologicalPowerOrder } from './reverse-topological-power-order.ts'
import { conflictedEvents, type ConflictedState, type Resolved } from './conflicted-state.ts'
import type { Step } from './trace.ts'
import { WorkingState } from './working-state.ts'

/**
 * State resolution version 2, and 2.1 where the room version asks for it: that one starts from an empty state and takes
 * in the events between the conflicted ones.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v2/#state-resolution
 * @see https://spec.matrix.org/v1.19/rooms/v12/#state-resolution
 */
export function* resolveV2<Need>(conflicted: ConflictedState<Need>): Suspendable<Need, Resolved> {
  const findings = yield* walkChains(conflicted)
  conflicted.recorder?.authDifference(findings.authDifference)
  conflicted.recorder?.conflictedStateSubgraph(findings.subgraph)
  const full = new Set([
    ...conflictedEvents(conflicted.conflicts),
    ...findings.authDifference,
    ...findings.subgraph,
  ])
  const state = new WorkingState(conflicted.conflicts)

  // Steps 1 and 2: the power events.
  const power = yield* reverseTopologicalPowerOrder(conflicted, full)
  yield* applyAllowed(conflicted, power, state, 'power')

  // Steps 3 and 4: all others.
  const placed = new Set(power)
  const others = [...full].filter((node) => !placed.has(node))
  const powerLevels = yield* resolvedEntry(conflicted, state, 'm.room.power_levels', '')
  const ordered = yield* mainlineOrder(conflicted, others, powerLevels)
  yield* applyAllowed(conflicted, ordered, state, 'mainline')

  // Step 5: the unconflicted part stands whatever came out.
  const winners = conflicted.conflicts.map(({ type, stateKey }) => state.get(type, stateKey) ?? undefined)
  return { winners, additions: yield* additions(conflicted, state, new Set(winners)) }
}

const CHECKS_PER_YIELD = 64

/** The iterative auth checks. @see https://spec.matrix.org/v1.19/rooms/v2/#definitions */
function* applyAllowed<Need>(
  conflicted: ConflictedState<Need>,
  nodes: readonly EventNode[],
  state: WorkingState,
  step: Step,
): Suspendable<Need, void> {
  const { graph, rules, recorder } = conflicted
  yield* graph.load(nodes.filter((node) => graph.authOf(node) === undefined))
  let turn = 0
  const upcoming = () => entriesThatDecide(nodes.slice(turn, turn + CHECKS_PER_YIELD), state)
  const context = { state, withCommon: rules.stateResolution !== 'v2.1', withOwnAuth: true, upcoming }
  let steps = 0
  for (const [index, node] of nodes.entries()) {
    turn = index
    const judgement = yield* judge(conflicted, node, context)
    // Production servers do not let an event in again that was rejected when it came.
    if (judgement.verdict.allowed && !node.isRejected && !isOfOtherRoom(conflicted, node)) state.put(node)
    recorder?.judged(step, node, judgement)
    steps += costOf(node)
    if (steps < CHECKS_PER_YIELD) continue
    steps = 0
    yield undefined
  }
}

/** The entries that events are checked by, as far as they are not resolved yet. */
function entriesThatDecide(nodes: readonly EventNode[], state: WorkingState): readonly StateTuple[] {
  const found = new Map<string, StateTuple>()
  for (const { tuples } of nodes) {
    for (const tuple of tuples) {
      const [type, stateKey] = tuple
      if (state.get(type, stateKey) === undefined) found.set(JSON.stringify(tuple), tuple)
    }
  }
  return [...found.values()]
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
