import { resolveSnapshots, type WeighedEntry } from '@roomserver/state'
import { type Asking, NO_NID, type SnapshotNid } from '@roomserver/types'
import { eventsOf } from '../view/asking.ts'
import { snapshotOf } from '../view/state-at.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { stateChanged, stateOf } from './state-changes.ts'

/** A state, and what stood against each other where it had to be resolved. */
export interface Resolved {
  readonly snapshot: SnapshotNid
  readonly weighed: readonly WeighedEntry[]
}

/** The states after the forward extremities of the room, each once. */
export function* afterExtremities(draft: Draft): Asking<DecideNeed, readonly SnapshotNid[]> {
  const records = yield* eventsOf(draft.view, draft.room.extremities)
  return [...new Set(records.map((record) => record.after))]
}

/**
 * One state out of several: the empty one out of none, the resolution by the algorithm of the room's version out of
 * two or more. Empty ones have no part in it: a state with nothing in it, not even a create event, is that of events which
 * do not go back to the root of the room.
 *
 * @see https://spec.matrix.org/v1.16/server-server-api/#room-state-resolution
 */
export function* resolveAfter(draft: Draft, states: readonly SnapshotNid[]): Asking<DecideNeed, Resolved> {
  if (states.length < 2) return { snapshot: states[0] ?? (yield* stateOf(draft, [])), weighed: [] }
  const kept: SnapshotNid[] = []
  const snapshots = []
  for (const state of states.toSorted((a, b) => a - b)) {
    const snapshot = yield* snapshotOf(draft.view, state)
    if (snapshot.blocks.length === 0) continue
    kept.push(state)
    snapshots.push(snapshot)
  }
  if (kept.length < 2) return { snapshot: kept[0] ?? (yield* stateOf(draft, [])), weighed: [] }
  const { base, changes, weighed } = yield* resolveSnapshots(snapshots, draft.view, { rules: draft.rules })
  const snapshot = yield* stateChanged(draft, kept[base] ?? NO_NID, changes)
  return { snapshot, weighed }
}
