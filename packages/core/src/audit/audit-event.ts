import { checkAuth } from '@roomserver/auth'
import { eventIdOf, type Pdu } from '@roomserver/events'
import type { StateChange } from '@roomserver/state'
import { type Suspendable, type EventRecord, isRejected, NO_NID, type Verdict } from '@roomserver/types'
import { authStateAt } from '../decide/auth-state.ts'
import { type EventReferences, eventReferencesOf, checkByAuthEvents } from '../decide/event-references.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { changesBetween } from '../decide/current-state.ts'
import { resolveAfter } from '../decide/resolve.ts'
import { canReevaluate } from '../reevaluate/can-reevaluate.ts'
import { auditRecord } from './audit-record.ts'

/**
 * Re-evaluates a stored event from the stored data of the events before it, and compares the results. If no event of a room
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
  const pdu = draft.view.authPduOf(record, draft.rules)
  const isOutside = record.before === NO_NID
  const references = yield* eventReferencesOf(draft, {
    kind: isOutside ? 'outlier' : 'old',
    pdu,
    sendAsServer: '',
  })
  const wrong: string[] = []
  // A redaction does not change the ID: it is the hash of the redacted event in the first place.
  if (eventIdOf(record.json, draft.rules) !== record.eventId)
    wrong.push('does not have the hash that its ID says')
  wrong.push(...(yield* auditRecord(draft, record, pdu, references)))
  if (!isOutside && !isAtRemoteState && references.missingPrev.length === 0) {
    wrong.push(...(yield* auditBefore(draft, record, references)))
  }
  if (yield* canReevaluate(draft, record, pdu, references))
    wrong.push(...(yield* auditVerdict(draft, record, pdu, references)))
  if (!isOutside) wrong.push(...(yield* auditAfter(draft, record)))
  return wrong.map((what) => `event ${record.eventId} ${what}`)
}

function* auditBefore(
  draft: Draft,
  { before }: EventRecord,
  { prev }: EventReferences,
): Suspendable<DecideNeed, readonly string[]> {
  const { snapshot } = yield* resolveAfter(draft, [...new Set(prev.map(({ after }) => after))])
  const changes = yield* changesBetween(draft, before, snapshot)
  return changes.length === 0
    ? []
    : [`has a state before it with ${changes.length} entries that do not follow from its prev events`]
}

function* auditVerdict(
  draft: Draft,
  { verdict, before, rule, reason }: EventRecord,
  pdu: Pdu,
  references: EventReferences,
): Suspendable<DecideNeed, readonly string[]> {
  const byAuthEvents = checkByAuthEvents(draft, pdu, references)
  const isOutside = before === NO_NID
  const byState =
    byAuthEvents.allowed && !isOutside ? checkAuth(pdu, yield* authStateAt(draft, before, pdu)) : undefined
  const refusal = byAuthEvents.allowed ? byState : byAuthEvents
  const refused: Verdict = byAuthEvents.allowed ? 'rejected-by-state' : 'rejected-by-auth-events'
  const accepted: readonly Verdict[] = isOutside ? ['outlier'] : ['accepted', 'soft-failed']
  if (refusal === undefined || refusal.allowed) {
    return accepted.includes(verdict) ? [] : [`is ${verdict}, but the rules allow it`]
  }
  if (verdict !== refused)
    return [`is ${verdict}, but by the rules it is ${refused}: ${refusal.reason} (rule ${refusal.rule})`]
  return rule === refusal.rule && reason === refusal.reason
    ? []
    : [`is ${verdict} by rule ${rule} (${reason}), but the rules give ${refusal.rule} (${refusal.reason})`]
}

/** A state event that was not rejected changes its own entry, and nothing else changes anything. */
function* auditAfter(draft: Draft, record: EventRecord): Suspendable<DecideNeed, readonly string[]> {
  const { before, after, stateKeyNid, typeNid, nid, verdict } = record
  const isChange = stateKeyNid !== NO_NID && !isRejected(verdict)
  const changes = yield* changesBetween(draft, before, after)
  const isOwn = ({ type, stateKey, to }: StateChange) =>
    type === typeNid && stateKey === stateKeyNid && to === nid
  const isRight = isChange ? changes.length === 1 && changes.every(isOwn) : changes.length === 0
  return isRight
    ? []
    : [`has a state after it that is not the state before it${isChange ? ' and itself' : ''}`]
}
