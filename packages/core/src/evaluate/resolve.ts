import { difference, resolveSnapshots, type ConflictedEntry } from '@roomserver/state'
import { type Suspendable, NO_NID, type SnapshotNid, type StateEntry } from '@roomserver/types'
import { snapshotOf } from '../view/state-at.ts'
import { changesUpTo } from './changes-up-to.ts'
import type { EvaluatedRoom, EvaluateNeed } from './room.ts'
import { stateChanged, stateOf } from './state-changes.ts'

/** A state, and the conflicted entries where it had to be resolved. */
export interface Resolved {
  readonly snapshot: SnapshotNid
  readonly conflicted: readonly ConflictedEntry[]
}

/**
 * One state out of several: the empty one out of none, the resolution by the algorithm of the room's version out of
 * two or more. Empty ones have no part in it: a state with nothing in it, not even a create event, is that of events which
 * do not go back to the root of the room.
 *
 * @param near - a state that the outcome is likely to be close to: where that takes fewer entries, it is stored as what
 *   that one has otherwise, and not one of the states
 * @see https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 */
export function* resolveAfter(
  room: EvaluatedRoom,
  states: ReadonlySet<SnapshotNid>,
  near: SnapshotNid = NO_NID,
): Suspendable<EvaluateNeed, Resolved> {
  if (states.size < 2) {
    const [only] = states
    return { snapshot: only ?? (yield* stateOf(room, [])), conflicted: [] }
  }
  const kept: SnapshotNid[] = []
  const snapshots = []
  for (const state of [...states].sort((a, b) => a - b)) {
    const snapshot = yield* snapshotOf(room.view, state)
    if (snapshot.blocks.length === 0) continue
    kept.push(state)
    snapshots.push(snapshot)
  }
  if (kept.length < 2) return { snapshot: kept[0] ?? (yield* stateOf(room, [])), conflicted: [] }
  const begun = performance.now()
  const { base, changes, conflicted } = yield* resolveSnapshots(snapshots, room.view, { rules: room.rules })
  room.view.cache.noteResolution(room.read.nid, conflicted.length, performance.now() - begun)
  return { snapshot: yield* stateNear(room, kept[base] ?? NO_NID, changes, near), conflicted }
}

/** A state with changes, made out of one that is near it where that takes fewer of them. */
export function* stateNear(
  room: EvaluatedRoom,
  from: SnapshotNid,
  changes: readonly StateEntry[],
  near: SnapshotNid,
): Suspendable<EvaluateNeed, SnapshotNid> {
  if (near !== NO_NID && changes.length > FEW) {
    const [there, here] = [yield* snapshotOf(room.view, near), yield* snapshotOf(room.view, from)]
    const closer = changesUpTo(changes, yield* difference(there, here, room.view))
    if (closer.length < changes.length) return yield* stateChanged(room, near, closer)
  }
  return yield* stateChanged(room, from, changes)
}

/** So many changes are not worth looking for fewer. */
const FEW = 16
