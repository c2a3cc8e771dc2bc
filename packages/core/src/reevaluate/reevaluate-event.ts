import { checkAuth } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import {
  type Suspendable,
  type EventRecord,
  type EventUpdate,
  isRejected,
  NO_NID,
  type Verdict,
} from '@roomserver/types'
import { authStateAt } from '../decide/auth-state.ts'
import { type EventReferences, eventReferencesOf, checkByAuthEvents } from '../decide/event-references.ts'
import { changesBetween } from '../decide/current-state.ts'
import type { Judgement } from '../decide/judgement.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { resolveAfter } from '../decide/resolve.ts'
import { stateChanged } from '../decide/state-changes.ts'
import { damaged } from '../view/damaged.ts'
import { isStoredState } from '../view/state-at.ts'
import { canReevaluate } from './can-reevaluate.ts'

/** What is not as it should be of a stored event. */
export interface Reevaluated {
  /** The event as it should be. */
  readonly record: EventRecord
  readonly isBeforeWrong: boolean
  readonly isAfterWrong: boolean
  /** Whether it was rejected and should not have been, or the other way round. */
  readonly isVerdictWrong: boolean
  /** Whether it is rejected rightly, and another reason is stored. */
  readonly isReasonWrong: boolean
}

/**
 * Re-evaluates a stored event and puts the result into the draft: the state before it, its
 * verdict, the state after it. One that becomes accepted is `soft-failed` at first: what it makes of the end of the
 * graph, and whether the current state lets it, is for later. That is not asked again of others.
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
  const isOutside = stored.before === NO_NID
  const pdu = draft.view.authPduOf(stored, draft.rules)
  const references = yield* eventReferencesOf(draft, {
    kind: isOutside ? 'outlier' : 'old',
    pdu,
    sendAsServer: '',
  })
  const follows = !isOutside && !isAtRemoteState && references.missingPrev.length === 0
  const now = follows ? yield* stateAfterAll(draft, references) : remote
  const before = now === stored.before ? now : yield* sameOr(draft, stored.before, now)
  const canJudge = yield* canReevaluate(draft, { ...stored, before }, pdu, references)
  const judged = canJudge ? yield* judge(draft, pdu, references, before) : undefined
  const isVerdictWrong = judged !== undefined && isRejected(judged.verdict) !== isRejected(stored.verdict)
  const verdict = judged !== undefined && (isVerdictWrong || isRejected(judged.verdict)) ? judged : undefined
  const after = yield* sameOr(
    draft,
    stored.after,
    yield* stateAfter(draft, stored, before, verdict?.verdict ?? stored.verdict),
  )
  const change: Omit<EventUpdate, 'nid'> = {
    ...(before !== stored.before && { before }),
    ...(after !== stored.after && { after }),
    ...(verdict !== undefined && !isSame(verdict, stored) && verdict),
  }
  return {
    record: Object.keys(change).length > 0 ? draft.updateEvent(stored, change) : stored,
    isBeforeWrong: before !== stored.before,
    isAfterWrong: after !== stored.after,
    isVerdictWrong,
    isReasonWrong: !isVerdictWrong && verdict !== undefined && !isSame(verdict, stored),
  }
}

function isSame(judged: Judgement, stored: Judgement): boolean {
  return judged.verdict === stored.verdict && judged.rule === stored.rule && judged.reason === stored.reason
}

function* stateAfterAll(
  draft: Draft,
  { prev }: EventReferences,
): Suspendable<DecideNeed, EventRecord['before']> {
  return (yield* resolveAfter(draft, [...new Set(prev.map(({ after }) => after))])).snapshot
}

/** The rules against the events that the event itself references, and against the state before it. */
function* judge(
  draft: Draft,
  pdu: Pdu,
  references: EventReferences,
  before: EventRecord['before'],
): Suspendable<DecideNeed, Judgement> {
  const byAuthEvents = checkByAuthEvents(draft, pdu, references)
  if (!byAuthEvents.allowed) {
    return { verdict: 'rejected-by-auth-events', rule: byAuthEvents.rule, reason: byAuthEvents.reason }
  }
  if (before === NO_NID) return { verdict: 'outlier', rule: undefined, reason: undefined }
  const byState = checkAuth(pdu, yield* authStateAt(draft, before, pdu))
  return byState.allowed
    ? { verdict: 'soft-failed', rule: undefined, reason: undefined }
    : { verdict: 'rejected-by-state', rule: byState.rule, reason: byState.reason }
}

/**
 * The stored state, if the other one has the same entries; the other one, if the stored state is lost.
 *
 * @throws {RoomserverError} STORE_DAMAGED if the other is lost as well, until it is rebuilt
 */
function* sameOr(
  draft: Draft,
  stored: EventRecord['before'],
  other: EventRecord['before'],
): Suspendable<DecideNeed, EventRecord['before']> {
  if (!(yield* isStoredState(draft.view, other))) damaged('the state before it is not stored')
  if (stored === other || !(yield* isStoredState(draft.view, stored))) return other
  return (yield* changesBetween(draft, stored, other)).length === 0 ? stored : other
}

/** A state event that was not rejected changes its own entry, and nothing else changes anything. */
function* stateAfter(
  draft: Draft,
  { stateKeyNid: stateKey, typeNid: type, nid: event }: EventRecord,
  before: EventRecord['before'],
  verdict: Verdict,
): Suspendable<DecideNeed, EventRecord['after']> {
  if (before === NO_NID || stateKey === NO_NID || isRejected(verdict)) return before
  return yield* stateChanged(draft, before, [{ type, stateKey, event }])
}
