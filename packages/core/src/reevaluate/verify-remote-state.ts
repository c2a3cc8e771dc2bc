import { type Suspendable, type EventNid, NO_NID } from '@roomserver/types'
import { announceRewritten, latestOf } from '../decide/announce-rewritten.ts'
import { changesBetween } from '../view/state-at.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { replacedBy } from '../decide/extremities.ts'
import { remoteStatesOf } from '../decide/remote-state.ts'
import { eventOf, eventsInGraph, eventsOf } from '../view/reads.ts'
import { dropCoveredExtremities } from './drop-covered-extremities.ts'
import { unsettledBefore, wholeGraph } from './verified-history.ts'
import type { Consequences } from './reevaluate-dependents.ts'
import { reevaluate } from './reevaluate.ts'
import { acceptIfSoftFailed } from './accept-soft-failed.ts'

/**
 * Works the state before an event out from its history, where that is there now, and drops the remote state;
 * or notes what it waits for still. From then on it takes the place of what it builds upon. Nothing else of the room changes
 * where the remote state was right, but that the event is accepted, if it had been soft-failed for lack of what has
 * come.
 *
 * @returns what followed where it did not
 */
export function* verifyRemoteState(
  draft: Draft,
  nid: EventNid,
): Suspendable<DecideNeed, Consequences | undefined> {
  const remoteStates = yield* remoteStatesOf(draft)
  if (remoteStates.get(nid)?.isVerified !== false) return undefined
  const event = yield* eventOf(draft.view, nid)
  const waitsFor = yield* unsettledBefore(draft, event)
  if (waitsFor !== NO_NID) {
    draft.setRemoteState(nid, waitsFor)
    yield* acceptIfSoftFailed(draft, nid)
    return undefined
  }

  draft.setRemoteStateVerified(nid)
  for (const other of remoteStates.values()) {
    if (other.event !== nid && !other.isVerified && other.waitsFor === nid)
      draft.setRemoteState(other.event, NO_NID)
  }
  const followed = yield* reevaluate(draft, event, false, `the history before ${event.eventId}`)
  yield* dropPredecessors(draft, nid)
  yield* acceptIfSoftFailed(draft, nid)
  return followed
}

/** What the event builds upon gives its place to it, or to what is built upon it: until now it took the place of none. */
function* dropPredecessors(draft: Draft, nid: EventNid): Suspendable<DecideNeed, void> {
  const { current, extremities } = draft.room
  if (extremities.length < 2) return
  const { prevEvents } = draft.view.pduOf(yield* eventOf(draft.view, nid), draft.rules)
  const past = yield* replacedBy(draft, yield* eventsInGraph(draft.view, prevEvents))
  if (!extremities.some((extremity) => past.has(extremity))) return
  yield* dropCoveredExtremities(draft, yield* wholeGraph(draft))
  if ((yield* changesBetween(draft.view, current, draft.room.current)).length === 0) return
  yield* announceRewritten(draft, latestOf(yield* eventsOf(draft.view, draft.room.extremities)))
}
