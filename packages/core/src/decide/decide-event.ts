import type { ConflictedEntry } from '@roomserver/state'
import { type Suspendable, type EventRecord, NO_NID, RoomserverError } from '@roomserver/types'
import { eventWithId } from '../view/reads.ts'
import { evaluateEvent, type Evaluation } from '../evaluate/evaluate-event.ts'
import { type EventReferences, eventReferencesOf, isUnevaluated } from '../evaluate/event-references.ts'
import { moveRoom } from './current-state.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { Decision, EventInput, Outcome } from './event-input.ts'
import { hasAcceptedSuccessor } from './extremities.ts'
import { faultOf } from './faults.ts'
import type { Judgement } from './judgement.ts'
import { announceNew, announceOld } from './outputs.ts'
import { judgeByAcceptance } from './acceptance.ts'
import { isPurged, refusedPurged } from './purged.ts'
import { judgeByPolicy } from './policy-server.ts'
import { announceRedacted, applyRedactions } from './redactions.ts'
import { withRemoteState } from './remote-state.ts'
import { failureNow } from './soft-fail.ts'
import { resolveBefore, statesBefore } from './state-before.ts'
import { storeEvent } from './store-event.ts'
import { noteRemoteStates } from './note-remote-states.ts'
import { walkBack } from './walk-back.ts'
import { withdrawInvite } from './withdraw-invite.ts'

/**
 * Decides what becomes of an event and writes that into the draft of its room. Touches no database and no network:
 * what it lacks it asks for. Nothing is written unless the event is stored.
 *
 * The steps are those of the specification: the event's own claims, the events it references, the state before it, and (for
 * one that is new) the current state of the room.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export function* decideEvent(draft: Draft, arrived: EventInput): Suspendable<DecideNeed, Decision> {
  const known = yield* eventWithId(draft.view, arrived.pdu.eventId)
  const fault = yield* faultOf(draft, arrived, known)
  if (fault !== undefined) return { kind: 'refused', error: fault }
  if (known !== null && isSettled(known, arrived)) return asStored(known)
  if (arrived.kind !== 'outlier' && (yield* isPurged(draft, arrived.pdu))) return refusedPurged(arrived)

  const references = yield* eventReferencesOf(draft, arrived.pdu)
  const input = yield* withRemoteState(draft, arrived, references)
  const missing = missingFor(input, references)
  if (missing !== undefined) return (yield* withdrawInvite(draft, input, known)) ?? missing
  if (input.kind === 'outlier') return yield* decideOutlier(draft, input, known, references)

  const before = yield* statesBefore(draft, input, references)
  if (!before.known) return { kind: 'missing', auth: [], prev: [], state: before.missing }
  const placed = { pdu: input.pdu, references, states: before.states }
  const evaluation = yield* evaluateEvent(draft, placed, (states) => resolveBefore(draft, states))
  const byRules = yield* judge(draft, input, references, evaluation)
  const byAcceptance = judgeByAcceptance(input, byRules)
  if (byAcceptance !== undefined && 'kind' in byAcceptance) return byAcceptance
  const allowed = byAcceptance ?? byRules
  const byPolicy = isChecked(input, allowed) ? yield* judgeByPolicy(draft, input) : undefined
  if (byPolicy !== undefined && 'kind' in byPolicy) return byPolicy
  const judgement = byPolicy ?? allowed
  if (isRejectedByRemoteState(input, judgement) || (yield* lacksVerifiedState(draft, known, judgement))) {
    return { kind: 'missing', auth: [], prev: references.missingPrev, state: [] }
  }
  if (isCreate(input) && judgement.verdict !== 'accepted') return refusedCreate(input, judgement)
  const record = yield* storeEvent(draft, input, known, references, judgement, evaluation.before)
  yield* noteRemoteStates(draft, input, record, references)
  const redacted = yield* applyRedactions(draft, record)
  if (record.verdict === 'accepted') yield* announce(draft, input, record, references, evaluation.conflicted)
  for (const one of redacted) announceRedacted(draft, one)
  return stored(record)
}

/** Whether the policy server of the room has to sign an event: new ones, as for soft failure, but not how a room is joined. */
function isChecked({ kind, stateBefore: given }: EventInput, { verdict }: Judgement): boolean {
  return kind === 'new' && given?.by !== 'rewrite' && verdict === 'accepted'
}

/** Whether the processing of an event is finished; invites are stored before their references are known, and evaluated afterwards. */
function isSettled(known: EventRecord, { kind, pdu }: EventInput): boolean {
  return known.before !== NO_NID || (kind === 'outlier' && !isUnevaluated(known, pdu))
}

/** Rejection is permanent, so state supplied by another server is not enough to reject: the event waits for its past. */
function isRejectedByRemoteState({ stateBefore: given }: EventInput, { verdict }: Judgement): boolean {
  return given?.by === 'repair' && verdict === 'rejected-by-state'
}

/**
 * An event that is known from the states that others build upon, and reference, is not rejected either where anything before it
 * stands at a remote state: then a server could take the present away from under our feet by what it tells of the past.
 */
function* lacksVerifiedState(
  draft: Draft,
  known: EventRecord | null,
  { verdict }: Judgement,
): Suspendable<DecideNeed, boolean> {
  if (known?.verdict !== 'outlier' || verdict !== 'rejected-by-state') return false
  return (yield* walkBack(draft, known)) !== NO_NID
}

function* decideOutlier(
  draft: Draft,
  input: EventInput,
  known: EventRecord | null,
  references: EventReferences,
): Suspendable<DecideNeed, Outcome> {
  const { pdu } = input
  const evaluation = yield* evaluateEvent(draft, { pdu, references, states: undefined })
  const judgement = yield* judge(draft, input, references, evaluation)
  if (isCreate(input) && judgement.verdict !== 'outlier') return refusedCreate(input, judgement)
  const record = yield* storeEvent(draft, input, known, references, judgement, NO_NID)
  yield* applyRedactions(draft, record)
  return stored(record)
}

/** What becomes of an event by the rules: of one that is new, which they allow, by the current state of the room as well. */
function* judge(
  draft: Draft,
  { pdu, kind, stateBefore: given }: EventInput,
  references: EventReferences,
  { before, verdict, rule, reason }: Evaluation,
): Suspendable<DecideNeed, Judgement> {
  if (verdict !== 'allowed') return { verdict, rule, reason }
  if (kind !== 'new' || given?.by === 'rewrite') return { verdict: 'accepted' }
  const failure = yield* failureNow(draft, pdu, before, references.missingPrev.length > 0)
  return failure === undefined ? { verdict: 'accepted' } : { verdict: 'soft-failed', ...failure }
}

/** Events without which an event cannot be decided on: its auth events, and prev events that no remote state stands in for. */
function missingFor(
  { kind, stateBefore: given }: EventInput,
  { missingAuth: auth, missingPrev }: EventReferences,
): Extract<Outcome, { kind: 'missing' }> | undefined {
  const prev = kind === 'outlier' || given !== undefined ? [] : missingPrev
  return auth.length + prev.length > 0 ? { kind: 'missing', auth, prev, state: [] } : undefined
}

function* announce(
  draft: Draft,
  input: EventInput,
  record: EventRecord,
  { prev, missingPrev }: EventReferences,
  conflicted: readonly ConflictedEntry[],
): Suspendable<DecideNeed, void> {
  if (input.kind === 'old' && input.isAskedFor === true) return
  if (input.kind === 'old') return yield* announceOld(draft, record)
  // What is here may go on from there: who lets a server look in, or lets a user in, need not know the latest of the room.
  const rewrites = input.stateBefore?.by === 'rewrite' && !(yield* hasAcceptedSuccessor(draft, record))
  // While its history is not here an event takes the place of none: what it is said to build upon may not be so.
  const replaced = missingPrev.length > 0 ? [] : prev
  const change = yield* moveRoom(draft, record, replaced, conflicted, rewrites)
  return yield* announceNew(draft, input, record, change)
}

function isCreate({ pdu }: EventInput): boolean {
  return pdu.type === 'm.room.create' && pdu.stateKey === ''
}

/** A create event that breaks the rules makes no room. */
function refusedCreate({ pdu: { eventId } }: EventInput, { rule = '', reason = '' }: Judgement): Outcome {
  const error = new RoomserverError('NOT_ALLOWED', { eventId, rule, reason }, reason)
  return { kind: 'refused', error }
}

function stored({ eventId, verdict, rule, reason }: EventRecord): Outcome {
  return { kind: 'stored', eventId, verdict, rule, reason, known: false }
}

function asStored({ eventId, verdict, rule, reason }: EventRecord): Outcome {
  return { kind: 'stored', eventId, verdict, rule, reason, known: true }
}
