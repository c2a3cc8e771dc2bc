import { type AuthVerdict, checkAuth } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import type { ConflictedEntry } from '@roomserver/state'
import {
  type Suspendable,
  isRejected,
  NO_NID,
  type SnapshotNid,
  type StateEntry,
  type Verdict,
} from '@roomserver/types'
import type { Need } from '../view/record-kinds.ts'
import { authStateAt } from './auth-state.ts'
import { checkByAuthEvents, type EventReferences } from './event-references.ts'
import { type Resolved, resolveAfter } from './resolve.ts'
import type { EvaluatedRoom, EvaluateNeed } from './room.ts'
import { stateChanged, stateWith } from './state-changes.ts'

/**
 * What the rules say of an event. `allowed`: it passes against its auth events and against the state before it. Whether it is
 * accepted then, or fails softly, depends on the current state as well, which is not part of the evaluation.
 */
export type RulesVerdict = Exclude<Verdict, 'accepted' | 'soft-failed'> | 'allowed'

/** An event at its place in the room. */
export interface PlacedEvent {
  /** With what the rules read of it, where it was redacted. */
  readonly pdu: Pdu
  readonly references: Pick<EventReferences, 'auth'>
  /** The states that the state before it is resolved from; `undefined`: it stands outside the graph, as an outlier. */
  readonly states: ReadonlySet<SnapshotNid> | undefined
}

/** What follows from an event's place in the room. */
export interface Evaluation {
  /** The state before the event; 0: it is an outlier. */
  readonly before: SnapshotNid
  /** The entries on which the states differed that it was resolved from. */
  readonly conflicted: readonly ConflictedEntry[]
  readonly verdict: RulesVerdict
  readonly rule?: string | undefined
  readonly reason?: string | undefined
}

/** Gives one state for several. */
export type Resolve = (states: ReadonlySet<SnapshotNid>) => Suspendable<EvaluateNeed, Resolved>

/**
 * Evaluates an event: finds the state before it, and its verdict by the rules. What it makes of the state, {@link stateAfter}
 * says. This is the only place where the rules meet events of a room: deciding on new events, re-evaluating, auditing and
 * rebuilding stored ones all come here.
 *
 * @param resolve - how the states become one; left out: by the algorithm of the room version
 * @see https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export function* evaluateEvent(
  room: EvaluatedRoom,
  { pdu, references, states }: PlacedEvent,
  resolve: Resolve = (several) => resolveAfter(room, several),
): Suspendable<EvaluateNeed, Evaluation> {
  const { snapshot: before, conflicted } = states === undefined ? OUTSIDE : yield* resolve(states)
  const byAuthEvents = checkByAuthEvents(room, pdu, references)
  if (!byAuthEvents.allowed) {
    const { rule, reason } = byAuthEvents
    return { before, conflicted, verdict: 'rejected-by-auth-events', rule, reason }
  }
  if (states === undefined) return { before, conflicted, verdict: 'outlier' }
  const byState = yield* checkByState(room, pdu, before)
  if (byState.allowed) return { before, conflicted, verdict: 'allowed' }
  return { before, conflicted, verdict: 'rejected-by-state', rule: byState.rule, reason: byState.reason }
}

/** The rules against the state before an event. */
export function* checkByState(
  room: Pick<EvaluatedRoom, 'view' | 'rules'>,
  pdu: Pdu,
  before: SnapshotNid,
): Suspendable<Need, AuthVerdict> {
  return checkAuth(pdu, yield* authStateAt(room, before, pdu))
}

const OUTSIDE: Resolved = { snapshot: NO_NID, conflicted: [] }

/**
 * The state after an event: a state event that was not rejected changes its own entry, and nothing else changes anything.
 *
 * @param entry - what the event is in the state; its state key is 0 where it is not a state event
 * @param isNew - whether the event is not stored yet
 */
export function* stateAfter(
  room: EvaluatedRoom,
  { before, verdict }: { readonly before: SnapshotNid; readonly verdict: Verdict | RulesVerdict },
  entry: StateEntry,
  isNew = false,
): Suspendable<EvaluateNeed, SnapshotNid> {
  if (!changesState(before, verdict, entry)) return before
  return isNew ? yield* stateWith(room, before, entry) : yield* stateChanged(room, before, [entry])
}

/** Whether the state after an event differs from the state before it, in the event's own entry. */
export function changesState(
  before: SnapshotNid,
  verdict: Verdict | RulesVerdict,
  { stateKey }: Pick<StateEntry, 'stateKey'>,
): boolean {
  return stateKey !== NO_NID && before !== NO_NID && (verdict === 'allowed' || !isRejected(verdict))
}
