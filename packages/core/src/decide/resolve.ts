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
 * two or more.
 *
 * @see https://spec.matrix.org/v1.16/server-server-api/#room-state-resolution
 */
export function* resolveAfter(draft: Draft, states: readonly SnapshotNid[]): Asking<DecideNeed, Resolved> {
  const [first] = states
  if (first === undefined) return { snapshot: yield* stateOf(draft, []), weighed: [] }
  if (states.length === 1) return { snapshot: first, weighed: [] }
  const sorted = states.toSorted((a, b) => a - b)
  const snapshots = []
  for (const state of sorted) snapshots.push(yield* snapshotOf(draft.view, state))
  const { base, changes, weighed } = yield* resolveSnapshots(snapshots, draft.view, { rules: draft.rules })
  const snapshot = yield* stateChanged(draft, sorted[base] ?? NO_NID, changes)
  return { snapshot, weighed }
}
