import { type AppliedChanges, applyChanges, snapshotOf as snapshotFrom } from '@roomserver/state'
import {
  type Suspendable,
  NO_NID,
  type SnapshotNid,
  type SnapshotRecord,
  type StateEntry,
} from '@roomserver/types'
import { damaged } from '../view/damaged.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { DraftAllocator } from './allocate-nids.ts'

/** The state after a state event that was not stored before. */
export function* stateWith(
  draft: Draft,
  before: SnapshotNid,
  entry: StateEntry,
): Suspendable<DecideNeed, SnapshotNid> {
  const allocator = new DraftAllocator(draft, true)
  const base = yield* snapshotRecord(draft, before)
  return keep(draft, before, yield* applyChanges(base, [entry], draft.view, allocator))
}

/** The state that differs from `base` in these entries; all of their events are stored. */
export function* stateChanged(
  draft: Draft,
  base: SnapshotNid,
  changes: readonly StateEntry[],
): Suspendable<DecideNeed, SnapshotNid> {
  const allocator = new DraftAllocator(draft, false)
  const record = yield* snapshotRecord(draft, base)
  return keep(draft, base, yield* applyChanges(record, changes, draft.view, allocator))
}

/** The state with exactly these entries, in any order. */
export function* stateOf(draft: Draft, entries: readonly StateEntry[]): Suspendable<DecideNeed, SnapshotNid> {
  const allocator = new DraftAllocator(draft, false)
  return keep(draft, NO_NID, yield* snapshotFrom(entries, allocator))
}

/**
 * Puts records of state into the draft, also such as are stored already: where nothing refers to those, the store may
 * give their space back at any time, and so they are stored again with what comes to refer to them.
 */
function keep(draft: Draft, base: SnapshotNid, made: AppliedChanges): SnapshotNid {
  if (made.snapshot.nid === base) return base
  for (const block of made.blocks) draft.addBlock(block)
  draft.addSnapshot(made.snapshot)
  return made.snapshot.nid
}

function* snapshotRecord(
  draft: Draft,
  nid: SnapshotNid,
): Suspendable<DecideNeed, SnapshotRecord | undefined> {
  if (nid === NO_NID) return undefined
  if (draft.view.snapshot(nid) === undefined) yield { kind: 'snapshots', nids: [nid] }
  return draft.view.snapshot(nid) ?? damaged('a referenced state is not stored')
}
