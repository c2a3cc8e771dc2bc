import type { Suspendable } from '@roomserver/types'
import type { Problem, Settled } from './problem.ts'
import { resolveV1 } from './resolve-v1.ts'
import { resolveV2 } from './resolve-v2.ts'

/** Runs the algorithm of the room version, if there is anything to decide. */
export function* solve<Need>(problem: Problem<Need>): Suspendable<Need, Settled> {
  if (problem.conflicts.length === 0) return { winners: [], additions: [] }
  return yield* problem.rules.stateResolution === 'v1' ? resolveV1(problem) : resolveV2(problem)
}
