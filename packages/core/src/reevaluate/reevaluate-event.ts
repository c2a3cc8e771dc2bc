import type { Suspendable, EventRecord, EventUpdate, Verdict } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { evaluateStored, type StoredEvaluation } from '../evaluate/evaluate-stored.ts'

/** A stored event that was evaluated again. */
export interface Reevaluated extends StoredEvaluation {
  /** The event as it should be, and as it is in the draft. */
  readonly record: EventRecord
}

/**
 * The verdict in the draft of an event that has turned out to be allowed by the rules, until it is clear whether the current
 * state allows it as well (see `acceptLate`). Others see it for that long as they see one that has failed softly: it
 * is part of the graph and of the states after it, and not of the end of the graph.
 */
const NOT_YET_ACCEPTED: Verdict = 'soft-failed'

/**
 * Re-evaluates a stored event and puts the result into the draft: the state before it, its verdict, the state after it.
 * An event that was accepted or soft-failed and is allowed still stays what it is: the current state is not asked again.
 *
 * @param isAtRemoteState - whether the state before the event is remote state, which does not follow from the events before it
 * @param remote - that state
 */
export function* reevaluateEvent(
  draft: Draft,
  stored: EventRecord,
  isAtRemoteState: boolean,
  remote = stored.before,
): Suspendable<DecideNeed, Reevaluated> {
  const evaluation = yield* evaluateStored(draft, stored, isAtRemoteState, remote)
  const { before, after, isBeforeWrong, isAfterWrong } = evaluation
  const change: Omit<EventUpdate, 'nid'> = {
    ...(isBeforeWrong && { before: before.snapshot }),
    ...(isAfterWrong && { after: after.snapshot }),
    ...verdictChange(stored, evaluation),
  }
  const record = Object.keys(change).length > 0 ? draft.updateEvent(stored, change) : stored
  return { ...evaluation, record }
}

/** A rejection gets a new reason with a new state before the event too: it names values of that state. */
function verdictChange(
  stored: EventRecord,
  { judgement, isBeforeWrong, isVerdictWrong, isRuleWrong }: StoredEvaluation,
): Pick<EventUpdate, 'verdict' | 'rule' | 'reason'> {
  if (judgement === undefined) return {}
  const { verdict, rule, reason } = judgement
  const isReasonWrong = isBeforeWrong && verdict === stored.verdict && reason !== stored.reason
  if (!isVerdictWrong && !isRuleWrong && !isReasonWrong) return {}
  return { verdict: verdict === 'allowed' ? NOT_YET_ACCEPTED : verdict, rule, reason }
}
