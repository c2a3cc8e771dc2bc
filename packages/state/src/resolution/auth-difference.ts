import type { Suspendable } from '@roomserver/types'
import type { AuthChainWalk } from './auth-chain-walk.ts'
import type { ConflictedState } from './conflicted-state.ts'
import type { EventNode } from './event-node.ts'

/**
 * The events in the auth chain of some state set but not of all, the conflicted ones left out.
 *
 * What the unconflicted part of the state reaches is in every chain: that is looked up here for the few events that would
 * count without it.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* authDifference<Need>(
  { graph }: ConflictedState<Need>,
  conflicted: ReadonlySet<EventNode>,
  walk: AuthChainWalk<Need>,
): Suspendable<Need, ReadonlySet<EventNode>> {
  const found: EventNode[] = []
  for (const node of walk.visited) {
    if (!conflicted.has(node) && !walk.isInEveryChain(node)) found.push(node)
  }
  if (found.length === 0) return new Set()
  const common = yield* graph.citedByCommon(found)
  return new Set(found.filter((node) => !common.has(node)))
}
