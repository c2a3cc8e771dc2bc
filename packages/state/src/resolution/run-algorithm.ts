import type { Suspendable } from '@roomserver/types'
import type { ConflictedState, Resolved } from './conflicted-state.ts'
import { resolveV1 } from './resolve-v1.ts'
import { resolveV2 } from './resolve-v2.ts'

/** Runs the algorithm of the room version, if there is anything to decide. */
export function* runAlgorithm<Need>(conflicted: ConflictedState<Need>): Suspendable<Need, Resolved> {
  if (conflicted.conflicts.length === 0) return { winners: [], additions: [] }
  return yield* conflicted.rules.stateResolution === 'v1' ? resolveV1(conflicted) : resolveV2(conflicted)
}
