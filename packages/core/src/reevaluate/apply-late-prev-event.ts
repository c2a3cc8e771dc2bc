import type { Suspendable, EventRecord, SnapshotNid } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { successorsOf } from '../decide/extremities.ts'
import { atRemoteState } from '../decide/remote-state.ts'
import { resolveAfter } from '../evaluate/resolve.ts'
import { eventOf } from '../view/reads.ts'
import { reevaluate } from './reevaluate.ts'

/** How many events that name one are looked at; others keep their remote state. */
const MAX_NAMING = 100

/**
 * Has an event that comes in late count for the state before those that name it and stand at remote state, which stood in
 * for it until now: that of others, which still do not exist here, it stands in for on. Where something is different then,
 * what builds upon them is re-evaluated, so that servers which had the event in time and those which had not agree.
 */
export function* applyLatePrevEvent(draft: Draft, late: EventRecord): Suspendable<DecideNeed, void> {
  const successors = yield* successorsOf(draft, late)
  if (successors.length === 0) return
  const remote = yield* atRemoteState(draft)
  const resolved = new Map<SnapshotNid, SnapshotNid>()
  for (const { nid } of successors.filter((one) => remote.has(one.nid)).slice(0, MAX_NAMING)) {
    const event = yield* eventOf(draft.view, nid)
    const snapshot =
      resolved.get(event.before) ?? (yield* resolveAfter(draft, new Set([event.before, late.after]))).snapshot
    resolved.set(event.before, snapshot)
    yield* reevaluate(draft, event, true, `the state after ${late.eventId}`, snapshot)
  }
}
