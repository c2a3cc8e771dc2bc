import { type Asking, NO_NID, type SnapshotNid } from '@roomserver/types'
import { eventsOf } from '../view/asking.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { stateOf } from './state-changes.ts'

/** The states after the forward extremities of the room, each once. */
export function* afterExtremities(draft: Draft): Asking<DecideNeed, readonly SnapshotNid[]> {
  const records = yield* eventsOf(draft.view, draft.room.extremities)
  return [...new Set(records.map((record) => record.after))]
}

/**
 * One state out of several: the empty one out of none, the resolution by the algorithm of the room's version out of
 * two or more.
 */
export function* resolveAfter(draft: Draft, states: readonly SnapshotNid[]): Asking<DecideNeed, SnapshotNid> {
  const [first, ...others] = states
  if (first === undefined) return yield* stateOf(draft, [])
  if (others.length === 0 && first !== NO_NID) return first
  throw new Error('resolution is to be wired')
}
