import { ContinuedResolution } from '@roomserver/state'
import { type Suspendable, NO_NID, type SnapshotNid } from '@roomserver/types'
import { type Resolved, resolveAfter, stateNear } from '../evaluate/resolve.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'

/** From so many states on it is worth going on from the resolution before. */
const MANY_STATES = 8

/**
 * Resolves the states after the forward extremities: where there are many of them, it goes on from the resolution that the
 * state before came from.
 *
 * @param near - see {@link resolveAfter}; where it is left out, the resolution before does not matter
 */
export function* resolveCurrent(
  draft: Draft,
  states: ReadonlySet<SnapshotNid>,
  near: SnapshotNid,
): Suspendable<DecideNeed, Resolved> {
  const { rules, view } = draft
  const isNew = near === NO_NID || draft.changesAuth
  if (isNew || states.size < MANY_STATES || !ContinuedResolution.serves(rules))
    return yield* resolveAfter(draft, states, near)
  const resolution =
    draft.resolution ?? view.cache.resolutions.take(draft.read.nid) ?? new ContinuedResolution(rules)
  // Whatever interrupts it leaves nothing half behind.
  draft.resolution = undefined
  const begun = performance.now()
  const outcome = yield* resolution.goOn(states, near, view)
  if (outcome !== undefined)
    view.cache.noteResolution(draft.read.nid, outcome.conflicted.length, performance.now() - begun)
  const resolved =
    outcome === undefined
      ? yield* resolveAfter(draft, states, near)
      : {
          snapshot: yield* stateNear(draft, outcome.from, outcome.changes, near),
          conflicted: outcome.conflicted,
        }
  resolution.endAt(resolved.snapshot)
  draft.resolution = resolution
  return resolved
}
