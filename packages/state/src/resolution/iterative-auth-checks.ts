import type { StateTuple } from '@roomserver/auth'
import type { Suspendable } from '@roomserver/types'
import type { ConflictedState } from './conflicted-state.ts'
import type { EventNode } from './event-node.ts'
import { costOf, judge } from './judge.ts'
import { isOfOtherRoom } from './named-create.ts'
import type { Step } from './trace.ts'
import type { WorkingState } from './working-state.ts'

const CHECKS_PER_YIELD = 64

/**
 * Checks events one after another against the state as it is by then, and puts those into it that are allowed.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* iterativeAuthChecks<Need>(
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
    // Servers in production do not let an event into the state that was rejected on receipt.
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
