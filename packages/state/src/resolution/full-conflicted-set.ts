import type { Suspendable } from '@roomserver/types'
import { AuthChainWalk } from './auth-chain-walk.ts'
import { authDifference } from './auth-difference.ts'
import { conflictedEvents, type ConflictedState } from './conflicted-state.ts'
import { conflictedStateSubgraph } from './conflicted-state-subgraph.ts'
import type { EventNode } from './event-node.ts'

/**
 * The conflicted events, the auth difference and, in version 2.1, the conflicted state subgraph: all events that take part
 * in a resolution.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* fullConflictedSet<Need>(
  state: ConflictedState<Need>,
): Suspendable<Need, ReadonlySet<EventNode>> {
  const conflicted = conflictedEvents(state.conflicts)
  const walk = new AuthChainWalk(state, conflicted)
  yield* walk.run()
  const difference = yield* authDifference(state, conflicted, walk)
  const subgraph = conflictedStateSubgraph(state, conflicted, walk)
  state.recorder?.authDifference(difference)
  state.recorder?.conflictedStateSubgraph(subgraph)
  return new Set([...conflicted, ...difference, ...subgraph])
}
