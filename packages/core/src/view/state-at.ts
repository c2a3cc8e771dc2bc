import { allEntries, difference, eachEntry, entriesOfType, lookup, type StateChange } from '@roomserver/state'
import {
  type BlockNid,
  type Suspendable,
  type EventNid,
  NO_NID,
  type SnapshotNid,
  type SnapshotRecord,
  type StateEntry,
} from '@roomserver/types'
import { damaged } from './damaged.ts'
import { typeNidOf } from './reads.ts'
import type { Need } from './record-kinds.ts'
import type { View } from './view.ts'

/** A state event's place in the state, in words. */
export interface StateTuple {
  readonly type: string
  readonly stateKey: string
}

const EMPTY: Pick<SnapshotRecord, 'blocks'> = { blocks: [] }

/**
 * A snapshot; the empty state for NID 0.
 *
 * @throws {RoomserverError} STORE_DAMAGED when it does not exist
 */
export function* snapshotOf(view: View, nid: SnapshotNid): Suspendable<Need, Pick<SnapshotRecord, 'blocks'>> {
  if (nid === NO_NID) return EMPTY
  if (view.snapshot(nid) === undefined) yield { kind: 'snapshots', nids: [nid] }
  return view.snapshot(nid) ?? damaged('a referenced state is not stored')
}

/** Whether a snapshot is stored with all its blocks. */
export function* isStoredState(view: View, nid: SnapshotNid): Suspendable<Need, boolean> {
  if (nid === NO_NID) return true
  if (view.snapshot(nid) === undefined) yield { kind: 'snapshots', nids: [nid] }
  const blocks = view.snapshot(nid)?.blocks
  if (blocks === undefined) return false
  yield* loadBlocks(view, blocks)
  return blocks.every((block) => view.block(block) !== undefined)
}

function* loadBlocks(view: View, blocks: readonly BlockNid[]): Suspendable<Need, void> {
  const missing = blocks.filter((block) => view.block(block) === undefined)
  if (missing.length > 0) yield { kind: 'blocks', nids: missing }
}

/** Where two states differ. */
export function* changesBetween(
  view: View,
  from: SnapshotNid,
  to: SnapshotNid,
): Suspendable<Need, readonly StateChange[]> {
  if (from === to) return []
  return yield* difference(yield* snapshotOf(view, from), yield* snapshotOf(view, to), view)
}

/** How many entries are looked at between two places where others may have their turn. */
const CHUNK = 200

/**
 * The events that a state has for these tuples, in their order; 0 where there is none. O(tuples × log² state). The view
 * knows their NIDs then.
 */
export function* stateForTuples(
  view: View,
  snapshot: SnapshotNid,
  tuples: readonly StateTuple[],
): Suspendable<Need, readonly EventNid[]> {
  const blocks = yield* snapshotOf(view, snapshot)
  // Of several entries one is mostly in the oldest block: then all are read at once, and not from the newest down.
  if (tuples.length > 1) yield* loadBlocks(view, blocks.blocks)
  const events: EventNid[] = []
  for (let from = 0; from < tuples.length; from += CHUNK) {
    if (from > 0) yield
    const chunk = tuples.slice(from, from + CHUNK)
    const names = chunk.map(({ type }) => type).filter((name) => view.typeNid(name) === undefined)
    if (names.length > 0) yield { kind: 'types', names }
    const texts = chunk.map(({ stateKey }) => stateKey).filter((text) => view.stateKeyNid(text) === undefined)
    if (texts.length > 0) yield { kind: 'state-keys', texts }
    for (const { type, stateKey } of chunk) {
      const typeNid = view.typeNid(type) ?? null
      const keyNid = view.stateKeyNid(stateKey) ?? null
      events.push(typeNid === null || keyNid === null ? NO_NID : yield* lookup(blocks, typeNid, keyNid, view))
    }
  }
  return events
}

/** A whole state, sorted by type NID and state key NID. O(state). */
export function* wholeState(view: View, snapshot: SnapshotNid): Suspendable<Need, readonly StateEntry[]> {
  return yield* listed(eachEntry(yield* allEntries(yield* snapshotOf(view, snapshot), view)))
}

/** The entries of one type, sorted by state key NID. */
export function* stateOfType(
  view: View,
  snapshot: SnapshotNid,
  type: string,
): Suspendable<Need, readonly StateEntry[]> {
  const nid = yield* typeNidOf(view, type)
  if (nid === null) return []
  return yield* listed(eachEntry(yield* entriesOfType(yield* snapshotOf(view, snapshot), nid, view)))
}

function* listed(entries: Iterable<StateEntry>): Suspendable<never, readonly StateEntry[]> {
  const list: StateEntry[] = []
  for (const entry of entries) {
    list.push(entry)
    if (list.length % CHUNK === 0) yield
  }
  return list
}
