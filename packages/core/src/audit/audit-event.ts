import { eventIdOf } from '@roomserver/events'
import { type Suspendable, type EventRecord, NO_NID } from '@roomserver/types'
import { changesState } from '../evaluate/evaluate-event.ts'
import { evaluateStored, type StoredEvaluation } from '../evaluate/evaluate-stored.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { damaged } from '../view/damaged.ts'
import { auditRecord } from './audit-record.ts'

/**
 * Evaluates a stored event from the stored data of the events before it, and compares the results. If no event of a room
 * differs, neither does a recomputation of all of it from its events alone: each step follows from the ones before.
 *
 * @param isAtRemoteState - whether the state before the event is remote state, which does not follow from the events before it
 * @returns what differs, in sentences
 */
export function* auditEvent(
  draft: Draft,
  record: EventRecord,
  isAtRemoteState: boolean,
): Suspendable<DecideNeed, readonly string[]> {
  const evaluation = yield* evaluateStored(draft, record, isAtRemoteState)
  if (evaluation.before.isLost || evaluation.after.isLost) damaged('a referenced state is not stored')
  const wrong: string[] = []
  // A redaction does not change the ID: it is the hash of the redacted event in the first place.
  if (eventIdOf(record.json, draft.rules) !== record.eventId)
    wrong.push('does not have the hash that its ID says')
  wrong.push(...(yield* auditRecord(draft, record, evaluation.references)))
  wrong.push(
    ...wrongBefore(evaluation),
    ...wrongVerdict(record, evaluation),
    ...wrongAfter(record, evaluation),
  )
  return wrong.map((what) => `event ${record.eventId} ${what}`)
}

function wrongBefore({ before, isBeforeWrong }: StoredEvaluation): readonly string[] {
  return isBeforeWrong
    ? [`has a state before it with ${before.wrongEntries} entries that do not follow from its prev events`]
    : []
}

function wrongAfter(
  { stateKeyNid: stateKey, verdict }: EventRecord,
  { before, judgement, isAfterWrong }: StoredEvaluation,
): readonly string[] {
  if (!isAfterWrong) return []
  const isChange = changesState(before.snapshot, judgement?.verdict ?? verdict, { stateKey })
  return [`has a state after it that is not the state before it${isChange ? ' and itself' : ''}`]
}

function wrongVerdict(
  { verdict, rule, reason, before }: EventRecord,
  { judgement, isVerdictWrong, isRuleWrong }: StoredEvaluation,
): readonly string[] {
  if (judgement === undefined || (!isVerdictWrong && !isRuleWrong)) return []
  if (judgement.verdict === 'allowed' || judgement.verdict === 'outlier')
    return [`is ${verdict}, but the rules allow it${before === NO_NID ? ' as an outlier' : ''}`]
  const { rule: rightRule, reason: rightReason } = judgement
  if (verdict !== judgement.verdict)
    return [`is ${verdict}, but by the rules it is ${judgement.verdict}: ${rightReason} (rule ${rightRule})`]
  return [`is ${verdict} by rule ${rule} (${reason}), but the rules give ${rightRule} (${rightReason})`]
}
