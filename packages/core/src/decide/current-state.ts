import type { ConflictedEntry } from '@roomserver/state'
import { type Suspendable, type EventId, type EventNid, type EventRecord, NO_NID } from '@roomserver/types'
import { idsOf } from '../view/reads.ts'
import { changesBetween, wholeState } from '../view/state-at.ts'
import type { DecideNeed } from './decide-need.ts'
import { differenceToBefore, type StateMove } from './difference-to-before.ts'
import type { Draft } from './draft.ts'
import { afterExtremities, moveExtremities } from './extremities.ts'
import { isSameSet } from './is-same-set.ts'
import { keepJournal } from './journal.ts'
import { updateMemberships } from './memberships.ts'
import type { NewRoomEvent } from './outputs.ts'
import { notePolicyChange } from './policy-server.ts'
import { resolveCurrent } from './resolve.ts'

/**
 * Makes an accepted event part of the end of the graph: forward extremities, current state, memberships, journal.
 *
 * @param conflicted - the entries on which the states after its prev events differed
 * @param rewrites - the event came with the state before it, and what was known of the room does not count any more
 */
export function* moveRoom(
  draft: Draft,
  record: EventRecord,
  prev: readonly EventRecord[],
  conflicted: readonly ConflictedEntry[],
  rewrites: boolean,
): Suspendable<DecideNeed, NewRoomEvent> {
  const oldCurrent = draft.room.current
  const oldAfters = yield* afterExtremities(draft)
  yield* moveExtremities(draft, record, prev, rewrites)
  const afters = yield* afterExtremities(draft)
  const isSame = !rewrites && isSameSet(oldAfters, afters)
  const near = rewrites ? NO_NID : oldCurrent
  const resolved = isSame
    ? { snapshot: oldCurrent, conflicted: [] }
    : yield* resolveCurrent(draft, afters, near)
  const current = resolved.snapshot
  draft.room = { ...draft.room, current }

  const changes = yield* changesBetween(draft.view, oldCurrent, current)
  yield* updateMemberships(draft, record, changes)
  yield* keepJournal(draft, record, changes, rewrites ? 'rewrite' : [...conflicted, ...resolved.conflicted])
  yield* notePolicyChange(draft, oldCurrent, current)
  return yield* announcedChange(draft, record, { from: oldCurrent, changes }, rewrites)
}

/**
 * The lists of the output: what changed, or the whole state where it was rewritten.
 *
 * @param move - what led to the current state
 */
export function* announcedChange(
  draft: Draft,
  record: EventRecord,
  move: StateMove,
  rewritesState: boolean,
): Suspendable<DecideNeed, NewRoomEvent> {
  const { changes } = move
  const toBefore = yield* differenceToBefore(draft, record.before, move)
  const added = rewritesState
    ? (yield* wholeState(draft.view, draft.room.current)).map((entry) => entry.event)
    : changes.map((change) => change.to).filter(isThere)
  const removed = rewritesState ? [] : changes.map((change) => change.from).filter(isThere)
  const stateBeforeAdds: EventId[] = []
  const stateBeforeRemoves: EventId[] = []
  for (const { fromId, toId } of toBefore) {
    if (toId !== undefined) stateBeforeAdds.push(toId)
    if (fromId !== undefined) stateBeforeRemoves.push(fromId)
  }
  return {
    rewritesState,
    added: yield* idsOf(draft.view, added),
    removed: yield* idsOf(draft.view, removed),
    stateBeforeAdds,
    stateBeforeRemoves,
  }
}

function isThere(nid: EventNid): boolean {
  return nid !== NO_NID
}
