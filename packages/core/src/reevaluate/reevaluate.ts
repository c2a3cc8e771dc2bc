import type { Asking, EventRecord } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { type Consequences, rejudgeDependents } from './reevaluate-dependents.ts'
import { rejudgeEvent } from './reevaluate-event.ts'
import { takeConsequences } from './apply-reevaluation.ts'

/**
 * Judges an event anew and, if anything about it is not as it should be, all that follows from it.
 *
 * @param isAtRemoteState - whether the state before the event is remote state, which does not follow from the events before it
 * @param by - what has come to light, for the journal
 * @param before - the state before a told one as it is now; left out: as it is stored
 * @returns `undefined`: all was as it should be
 */
export function* rejudge(
  draft: Draft,
  event: EventRecord,
  isAtRemoteState: boolean,
  by: string,
  before = event.before,
): Asking<DecideNeed, Consequences | undefined> {
  const rejudged = yield* rejudgeEvent(draft, event, isAtRemoteState, before)
  const { isBeforeWrong, isAfterWrong, isVerdictWrong } = rejudged
  if (!isBeforeWrong && !isAfterWrong && !isVerdictWrong) return undefined
  const consequences = yield* rejudgeDependents(draft, rejudged)
  yield* takeConsequences(draft, rejudged.record, consequences, by)
  return consequences
}
