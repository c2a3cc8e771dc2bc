import type { Suspendable, EventRecord } from '@roomserver/types'
import { announceRewritten, latestOf } from '../decide/announce-rewritten.ts'
import { changesBetween } from '../view/state-at.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { announceRedacted, applyRedactions } from '../decide/redactions.ts'
import { eventOf, eventsOf } from '../view/reads.ts'
import { acceptLate } from './accept-late.ts'
import { refreshCurrent } from './refresh-current.ts'
import { dropRejectedExtremities } from './drop-rejected-extremities.ts'
import type { Consequences } from './reevaluate-dependents.ts'

/**
 * Brings the room into line with events that were re-evaluated: forward extremities, current state, memberships,
 * redactions. Events that are let in after all come in now, like any that come late, and are announced for the first
 * time. What was announced of those that count no more stays announced, and what a redaction among them took away stays
 * gone; consumers learn of the state.
 *
 * @param because - the event that began it
 * @param repairedBy - what the journal says of changes that no event brings
 */
export function* applyReevaluation(
  draft: Draft,
  because: EventRecord,
  consequences: Consequences,
  repairedBy: string,
): Suspendable<DecideNeed, void> {
  const { current } = draft.room
  yield* dropRejectedExtremities(draft, consequences)
  yield* refreshCurrent(draft, because, repairedBy)
  const announced = yield* acceptLate(draft, consequences, current)
  yield* applyRedactionsAgain(draft, consequences)
  if ((yield* changesBetween(draft.view, announced, draft.room.current)).length === 0) return
  yield* announceRewritten(draft, latestOf(yield* eventsOf(draft.view, draft.room.extremities)))
}

/** Redactions that are accepted now, or whose senders have the right to redact now, take effect. */
function* applyRedactionsAgain(draft: Draft, { changed }: Consequences): Suspendable<DecideNeed, void> {
  for (const nid of changed.keys()) {
    const event = yield* eventOf(draft.view, nid)
    if (draft.view.pduOf(event, draft.rules).type !== 'm.room.redaction') continue
    for (const redacted of yield* applyRedactions(draft, event)) announceRedacted(draft, redacted)
  }
}
