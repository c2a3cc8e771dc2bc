import { type AppliedChanges, applyChanges, snapshotOf as snapshotFrom } from '@roomserver/state'
import {
  type Suspendable,
  NO_NID,
  type SnapshotNid,
  type SnapshotRecord,
  type StateEntry,
} from '@roomserver/types'
import { damaged } from '../view/damaged.ts'
import type { EvaluatedRoom, EvaluateNeed } from './room.ts'
import { RoomStateAllocator } from './state-allocator.ts'

/** The state after a state event that was not stored before. */
export function* stateWith(
  room: EvaluatedRoom,
  before: SnapshotNid,
  entry: StateEntry,
): Suspendable<EvaluateNeed, SnapshotNid> {
  const allocator = new RoomStateAllocator(room, true)
  const base = yield* snapshotRecord(room, before)
  return keep(room, before, yield* applyChanges(base, [entry], room.view, allocator))
}

/** The state that differs from `base` in these entries; all of their events are stored. */
export function* stateChanged(
  room: EvaluatedRoom,
  base: SnapshotNid,
  changes: readonly StateEntry[],
): Suspendable<EvaluateNeed, SnapshotNid> {
  const allocator = new RoomStateAllocator(room, false)
  const record = yield* snapshotRecord(room, base)
  return keep(room, base, yield* applyChanges(record, changes, room.view, allocator))
}

/** The state with exactly these entries, in any order. */
export function* stateOf(
  room: EvaluatedRoom,
  entries: readonly StateEntry[],
): Suspendable<EvaluateNeed, SnapshotNid> {
  const allocator = new RoomStateAllocator(room, false)
  return keep(room, NO_NID, yield* snapshotFrom(entries, allocator))
}

/**
 * Keeps records of state with the room, also such as are stored already: where nothing refers to those, the store may
 * give their space back at any time, and so they are stored again with what comes to refer to them.
 */
function keep(room: EvaluatedRoom, base: SnapshotNid, made: AppliedChanges): SnapshotNid {
  if (made.snapshot.nid === base) return base
  for (const block of made.blocks) room.addBlock(block)
  room.addSnapshot(made.snapshot)
  return made.snapshot.nid
}

function* snapshotRecord(
  room: EvaluatedRoom,
  nid: SnapshotNid,
): Suspendable<EvaluateNeed, SnapshotRecord | undefined> {
  if (nid === NO_NID) return undefined
  if (room.view.snapshot(nid) === undefined) yield { kind: 'snapshots', nids: [nid] }
  return room.view.snapshot(nid) ?? damaged('a referenced state is not stored')
}
