import type { AuthChainWalk } from './auth-chain-walk.ts'
import type { ConflictedState } from './conflicted-state.ts'
import type { EventNode } from './event-node.ts'

/**
 * The events on a path of auth events from one conflicted event to another, these themselves left out; none where the
 * algorithm has no use for them.
 *
 * Goes back from where the walk ended: an event that refers to a conflicted event, or to one on a path to it, is on a path.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v12/#state-resolution
 */
export function conflictedStateSubgraph<Need>(
  { graph, rules }: ConflictedState<Need>,
  conflicted: ReadonlySet<EventNode>,
  walk: AuthChainWalk<Need>,
): ReadonlySet<EventNode> {
  const leading = new Set<EventNode>()
  if (rules.stateResolution !== 'v2.1') return leading
  for (const node of [...walk.visited].toReversed()) {
    const auth = graph.authOf(node) ?? []
    if (auth.some((cited) => conflicted.has(cited) || leading.has(cited))) leading.add(node)
  }
  return new Set([...leading].filter((node) => !conflicted.has(node)))
}
