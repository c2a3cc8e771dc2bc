import { resolveSnapshots } from '@roomserver/state'
import { type Suspendable, type EventNid, NO_NID, type SnapshotNid, type StateEntry } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { Need } from '../view/record-kinds.ts'
import { snapshotOf, stateForTuples, type StateTuple, wholeState } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import { present, tuplesOf, type WantedState } from './state-events.ts'

/** A state that need not be stored as such: a stored one and what is otherwise in it. */
export interface KnownState {
  readonly base: SnapshotNid
  readonly changes: readonly StateEntry[]
}

/** One state out of several, each given once: resolved by the algorithm of the room's version. */
export function* resolved(
  view: View,
  states: readonly SnapshotNid[],
  rules: RoomVersionRules,
): Suspendable<Need, KnownState> {
  const sorted = states.toSorted((a, b) => a - b)
  const [first = NO_NID] = sorted
  if (sorted.length <= 1) return { base: first, changes: [] }
  const snapshots = []
  for (const state of sorted) snapshots.push(yield* snapshotOf(view, state))
  const { base, changes } = yield* resolveSnapshots(snapshots, view, { rules })
  return { base: sorted[base] ?? NO_NID, changes }
}

/** The events of such a state, or of the part of it that is wanted. */
export function* nidsOfState(
  view: View,
  state: KnownState,
  wanted: WantedState,
): Suspendable<Need, readonly EventNid[]> {
  const nids =
    wanted.length === 0 ? yield* wholeOf(view, state) : yield* entriesOfState(view, state, tuplesOf(wanted))
  return present(nids)
}

function* wholeOf(view: View, { base, changes }: KnownState): Suspendable<Need, readonly EventNid[]> {
  const entries = yield* wholeState(view, base)
  if (changes.length === 0) return entries.map((entry) => entry.event)
  const changed = byKey(changes)
  const kept = entries.filter((entry) => !changed.has(keyOf(entry.type, entry.stateKey)))
  return [...kept, ...changes].map((entry) => entry.event)
}

/** The events that such a state has for these tuples, in their order; 0 where there is none. */
export function* entriesOfState(
  view: View,
  { base, changes }: KnownState,
  tuples: readonly StateTuple[],
): Suspendable<Need, readonly EventNid[]> {
  const stored = yield* stateForTuples(view, base, tuples)
  if (changes.length === 0) return stored
  const changed = byKey(changes)
  return tuples.map(({ type, stateKey }, index) => {
    const key = keyOf(view.typeNid(type) ?? NO_NID, view.stateKeyNid(stateKey) ?? NO_NID)
    return changed.get(key)?.event ?? stored[index] ?? NO_NID
  })
}

function byKey(entries: readonly StateEntry[]): ReadonlyMap<string, StateEntry> {
  return new Map(entries.map((entry) => [keyOf(entry.type, entry.stateKey), entry]))
}

function keyOf(type: number, stateKey: number): string {
  return `${type} ${stateKey}`
}
