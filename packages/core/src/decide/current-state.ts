import type { StateChange, ConflictedEntry } from '@roomserver/state'
import { type Suspendable, type EventRecord, NO_NID } from '@roomserver/types'
import { changesBetween, wholeState } from '../view/state-at.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { moveExtremities } from './extremities.ts'
import { keepJournal } from './journal.ts'
import { updateMemberships } from './memberships.ts'
import type { NewRoomEvent } from './outputs.ts'
import { notePolicyChange } from './policy-server.ts'
import { afterExtremities, resolveCurrent } from './resolve.ts'
import { sameSet } from './same-set.ts'

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
  const isSame = !rewrites && sameSet(oldAfters, afters)
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
  return yield* announcedChange(draft, record, changes, rewrites)
}

/** The lists of the output: what changed, or the whole state where it was rewritten. */
export function* announcedChange(
  draft: Draft,
  record: EventRecord,
  changes: readonly StateChange[],
  rewritesState: boolean,
): Suspendable<DecideNeed, NewRoomEvent> {
  const { current } = draft.room
  const toBefore = yield* changesBetween(draft.view, current, record.before)
  const added = rewritesState
    ? (yield* wholeState(draft.view, current)).map((entry) => entry.event)
    : present(changes.map((change) => change.to))
  return {
    rewritesState,
    added,
    removed: rewritesState ? [] : present(changes.map((change) => change.from)),
    stateBeforeAdds: present(toBefore.map((change) => change.to)),
    stateBeforeRemoves: present(toBefore.map((change) => change.from)),
  }
}

function present<N extends number>(nids: readonly N[]): readonly N[] {
  return nids.filter((nid) => nid !== NO_NID)
}
