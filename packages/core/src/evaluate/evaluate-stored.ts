import {
  type Suspendable,
  type EventRecord,
  isRejected,
  NO_NID,
  type SnapshotNid,
  type StateEntry,
  type Verdict,
} from '@roomserver/types'
import { damaged } from '../view/damaged.ts'
import { changesBetween, isStoredState } from '../view/state-at.ts'
import { canEvaluate } from './can-evaluate.ts'
import {
  changesState,
  evaluateEvent,
  type Evaluation,
  type Resolve,
  type RulesVerdict,
  stateAfter,
} from './evaluate-event.ts'
import { type EventReferences, eventReferencesOf } from './event-references.ts'
import { resolveAfter } from './resolve.ts'
import type { EvaluatedRoom, EvaluateNeed } from './room.ts'

/** A state as it should be: the stored one where that has the same entries. */
export interface EvaluatedState {
  readonly snapshot: SnapshotNid
  /** In how many entries the stored one differs from it. */
  readonly wrongEntries: number
  /** Whether the stored one is not there any more. */
  readonly isLost: boolean
}

/** A stored event as it should be, and where it is stored otherwise. */
export interface StoredEvaluation {
  readonly references: EventReferences
  readonly before: EvaluatedState
  readonly after: EvaluatedState
  /** `undefined`: what the rules read of it is not all known any more, and the stored verdict stands. */
  readonly judgement: Pick<Evaluation, 'verdict' | 'rule' | 'reason'> | undefined
  readonly isBeforeWrong: boolean
  readonly isAfterWrong: boolean
  /** Whether it was rejected and should not have been, or the other way round, or has its place outside the graph or in it. */
  readonly isVerdictWrong: boolean
  /** Whether it was rejected rightly, but by another rule than is stored. */
  readonly isRuleWrong: boolean
}

/**
 * Evaluates a stored event from what is stored of the events before it. Changes nothing; new states, where it should have
 * others, are kept with the room.
 *
 * The sentence with which a verdict is stored is not compared: it names values for people to read, in the words of the version
 * of the program that decided. The rule tells the same for certain.
 *
 * @param isAtRemoteState - whether the state before the event is remote state, which does not follow from the events before it
 * @param remote - that state
 */
export function* evaluateStored(
  room: EvaluatedRoom,
  stored: EventRecord,
  isAtRemoteState: boolean,
  remote = stored.before,
): Suspendable<EvaluateNeed, StoredEvaluation> {
  const pdu = room.view.authPduOf(stored, room.rules)
  const references = yield* eventReferencesOf(room, pdu)
  const follows = !isAtRemoteState && references.missingPrev.length === 0
  const inGraph = new Set(follows ? references.prev.map((prev) => prev.after) : [remote])
  const states = stored.before === NO_NID ? undefined : inGraph
  let before = right(stored.before)
  const resolve: Resolve = function* (several) {
    const resolved = yield* resolveAfter(room, several)
    before = yield* storedOr(room, stored.before, resolved.snapshot)
    return { ...resolved, snapshot: before.snapshot }
  }
  const evaluation = yield* evaluateEvent(room, { pdu, references, states }, resolve)
  const isEvaluable = yield* canEvaluate(room, { ...stored, before: before.snapshot }, pdu, references)
  const judgement = isEvaluable ? evaluation : undefined
  const after = yield* afterStored(room, stored, before.snapshot, judgement?.verdict ?? stored.verdict)
  return {
    references,
    before,
    after,
    judgement,
    isBeforeWrong: before.snapshot !== stored.before,
    isAfterWrong: after.snapshot !== stored.after,
    ...compared(stored, judgement),
  }
}

/** Whether a stored verdict is one that an event with this verdict of the rules may have. */
function agrees(stored: Verdict, byRules: RulesVerdict): boolean {
  return byRules === 'allowed' ? stored === 'accepted' || stored === 'soft-failed' : stored === byRules
}

function compared(
  stored: EventRecord,
  judgement: StoredEvaluation['judgement'],
): Pick<StoredEvaluation, 'isVerdictWrong' | 'isRuleWrong'> {
  if (judgement === undefined) return { isVerdictWrong: false, isRuleWrong: false }
  const { verdict, rule } = judgement
  const isRight = agrees(stored.verdict, verdict)
  const isRejectedBoth = verdict !== 'allowed' && isRejected(verdict) && isRejected(stored.verdict)
  return {
    isVerdictWrong: !isRight && !isRejectedBoth,
    isRuleWrong: isRejectedBoth && !(isRight && rule === stored.rule),
  }
}

/** The state after a stored event. It is made again only where what is stored is not that. */
function* afterStored(
  room: EvaluatedRoom,
  { typeNid: type, stateKeyNid: stateKey, nid: event, after: stored }: EventRecord,
  before: SnapshotNid,
  verdict: Verdict | RulesVerdict,
): Suspendable<EvaluateNeed, EvaluatedState> {
  const entry: StateEntry = { type, stateKey, event }
  if (changesState(before, verdict, entry) && (yield* isStoredState(room.view, stored))) {
    const [own, ...others] = yield* changesBetween(room.view, before, stored)
    const isOwn = own?.type === type && own.stateKey === stateKey && own.to === event
    if (isOwn && others.length === 0) return right(stored)
  }
  return yield* storedOr(room, stored, yield* stateAfter(room, { before, verdict }, entry))
}

/**
 * The stored state, if the other one has the same entries; the other one, if the stored state is lost.
 *
 * @throws {RoomserverError} STORE_DAMAGED if the other is lost as well, until it is rebuilt
 */
function* storedOr(
  { view }: EvaluatedRoom,
  stored: SnapshotNid,
  other: SnapshotNid,
): Suspendable<EvaluateNeed, EvaluatedState> {
  if (!(yield* isStoredState(view, other))) damaged('the state before it is not stored')
  if (stored === other) return right(stored)
  if (!(yield* isStoredState(view, stored))) return { snapshot: other, wrongEntries: 0, isLost: true }
  const wrongEntries = (yield* changesBetween(view, stored, other)).length
  return wrongEntries === 0 ? right(stored) : { snapshot: other, wrongEntries, isLost: false }
}

function right(snapshot: SnapshotNid): EvaluatedState {
  return { snapshot, wrongEntries: 0, isLost: false }
}
