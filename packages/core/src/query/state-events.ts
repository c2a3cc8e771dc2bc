import type { StateKeyTuple } from '@roomserver/api'
import type { Suspendable, EventNid, SnapshotNid } from '@roomserver/types'
import { NO_NID } from '@roomserver/types'
import type { Need } from '../view/record-kinds.ts'
import { stateForTuples, type StateTuple, wholeState } from '../view/state-at.ts'
import type { View } from '../view/view.ts'

/** State as callers name it; the empty list stands for all of it. */
export type WantedState = readonly StateKeyTuple[]

/** What is wanted, without tuples that name no type (members that nobody knows read so): they ask for nothing. */
export function wantedOf(tuples: readonly StateKeyTuple[]): WantedState {
  return tuples.filter(({ EventType }) => EventType !== '')
}

/** The events of a state, or of the part of it that is wanted. Entries that the state does not have are left out. */
export function* stateNids(
  view: View,
  snapshot: SnapshotNid,
  wanted: WantedState,
): Suspendable<Need, readonly EventNid[]> {
  if (wanted.length === 0) return (yield* wholeState(view, snapshot)).map((entry) => entry.event)
  return present(yield* stateForTuples(view, snapshot, tuplesOf(wanted)))
}

/** Tuples in our words. */
export function tuplesOf(wanted: WantedState): readonly StateTuple[] {
  return wanted.map(({ EventType, StateKey }) => ({ type: EventType, stateKey: StateKey }))
}

/** Each event once, without those that do not exist. */
export function present(nids: readonly EventNid[]): readonly EventNid[] {
  return [...new Set(nids)].filter((nid) => nid !== NO_NID)
}
