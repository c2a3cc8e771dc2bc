import type { Suspendable, EventRecord } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { type Consequences, reevaluateDependents } from './reevaluate-dependents.ts'
import { reevaluateEvent } from './reevaluate-event.ts'
import { applyReevaluation } from './apply-reevaluation.ts'

/**
 * Re-evaluates an event and, if anything changes, everything that depends on it.
 *
 * @param isAtRemoteState - whether the state before the event is remote state, which does not follow from the events before it
 * @param by - what has come to light, for the journal
 * @param before - the current state before an event at remote state; omitted: as stored
 * @returns `undefined`: all was as it should be
 */
export function* reevaluate(
  draft: Draft,
  event: EventRecord,
  isAtRemoteState: boolean,
  by: string,
  before = event.before,
): Suspendable<DecideNeed, Consequences | undefined> {
  const reevaluated = yield* reevaluateEvent(draft, event, isAtRemoteState, before)
  const { isBeforeWrong, isAfterWrong, isVerdictWrong } = reevaluated
  if (!isBeforeWrong && !isAfterWrong && !isVerdictWrong) return undefined
  const consequences = yield* reevaluateDependents(draft, reevaluated)
  yield* applyReevaluation(draft, reevaluated.record, consequences, by)
  return consequences
}
