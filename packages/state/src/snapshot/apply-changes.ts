import type {
  Asking,
  BlockNid,
  BlockRecord,
  RoomNid,
  SnapshotNid,
  SnapshotRecord,
  StateEntry,
} from '@roomserver/types'
import {
  type Entries,
  entriesFrom,
  entryCount,
  eventAt,
  NO_ENTRIES,
  stateKeyAt,
  STRIDE,
  typeAt,
} from './entries.ts'
import { blockHash, snapshotHash } from './hash.ts'
import { lookup } from './lookup.ts'
import { mergeEntries, withoutTombstones } from './merge.ts'
import { type BlockNeed, type BlockReader, blocksOf } from './reader.ts'

/**
 * Gives NIDs to new pieces. It is told the content hash, so that it can answer with the NID of an equal piece that
 * is stored already; where that has to be looked up first it answers `undefined` and is asked again after the need.
 */
export interface StateAllocator {
  readonly roomNid: RoomNid
  blockNid(hash: string): BlockNid | undefined
  snapshotNid(hash: string): SnapshotNid | undefined
}

/** A hash whose NID the allocator has to look up before it can give one. */
export type AllocatorNeed =
  | { readonly kind: 'block-hash'; readonly hash: string }
  | { readonly kind: 'snapshot-hash'; readonly hash: string }

/** A state after changes, and the block that was made for it (none where nothing changed). */
export interface AppliedChanges {
  readonly snapshot: SnapshotRecord
  readonly blocks: readonly BlockRecord[]
}

/**
 * The state `base` (`undefined`: the empty one) with `changes` made; an entry with event 0 is taken out. Of several
 * changes to one entry the last counts; changes that change nothing are left out, and where none is left the answer
 * is `base` itself.
 *
 * The new block absorbs its newest neighbours as long as they are not larger than twice its size. So every block of a
 * snapshot is more than twice as large as the next newer one, a room of n entries has at most log₂(n) + 1 blocks, and
 * an entry is written O(log n) times in all. Tombstones vanish when nothing is left below that they could hide.
 */
export function* applyChanges(
  base: SnapshotRecord | undefined,
  changes: readonly StateEntry[],
  reader: BlockReader,
  allocator: StateAllocator,
): Asking<BlockNeed | AllocatorNeed, AppliedChanges> {
  const below = base?.blocks ?? []
  const effective = yield* withoutIdle(below, yield* sorted(changes), reader)
  if (base !== undefined && effective.length === 0) return { snapshot: base, blocks: [] }

  const { kept, entries } = yield* absorb(below, effective, reader)
  const keptBlocks = yield* blocksOf(kept, reader)
  const made = entries.length === 0 ? [] : [yield* newBlock(entries, allocator)]
  const snapshot = yield* newSnapshot([...keptBlocks, ...made], allocator)
  return { snapshot, blocks: made }
}

const ENTRIES_PER_BREATH = 1024

/** The changes in the form of a block. A whole state is sorted piece by piece, so that nobody has to wait for it. */
function* sorted(changes: readonly StateEntry[]): Asking<never, Entries> {
  const pieces: Entries[] = []
  for (let from = 0; from < changes.length; from += ENTRIES_PER_BREATH) {
    let piece = entriesFrom(changes.slice(from, from + ENTRIES_PER_BREATH))
    for (
      let older = pieces.at(-1);
      older !== undefined && older.length <= piece.length;
      older = pieces.at(-1)
    ) {
      pieces.pop()
      piece = mergeEntries(older, piece, 'keep')
    }
    pieces.push(piece)
    yield undefined
  }
  let all = pieces.pop() ?? NO_ENTRIES
  for (let older = pieces.pop(); older !== undefined; older = pieces.pop()) {
    all = mergeEntries(older, all, 'keep')
    yield undefined
  }
  return all
}

/** The changes without those that the state shows already. */
function* withoutIdle(
  blocks: readonly BlockNid[],
  changes: Entries,
  reader: BlockReader,
): Asking<BlockNeed, Entries> {
  const effective = new Float64Array(changes.length)
  let length = 0
  for (let index = 0; index < entryCount(changes); index++) {
    if (index % ENTRIES_PER_BREATH === ENTRIES_PER_BREATH - 1) yield undefined
    const event = eventAt(changes, index)
    const type = typeAt(changes, index)
    const stateKey = stateKeyAt(changes, index)
    if ((yield* lookup({ blocks }, type, stateKey, reader)) === event) continue
    effective[length] = type
    effective[length + 1] = stateKey
    effective[length + 2] = event
    length += STRIDE
  }
  return effective.slice(0, length)
}

/** Merges neighbours into the new entries, newest first, while they are not larger than twice the outcome. */
function* absorb(
  blocks: readonly BlockNid[],
  changes: Entries,
  reader: BlockReader,
): Asking<BlockNeed, { readonly kept: readonly BlockNid[]; readonly entries: Entries }> {
  let entries = changes
  let count = blocks.length
  for (; count > 0; count--) {
    const [neighbour] = yield* blocksOf(blocks.slice(count - 1, count), reader)
    if (neighbour === undefined || neighbour.entries.length > 2 * entries.length) break
    entries = mergeEntries(neighbour.entries, entries, count === 1 ? 'drop' : 'keep')
  }
  return { kept: blocks.slice(0, count), entries: count === 0 ? withoutTombstones(entries) : entries }
}

/**
 * Makes a whole state from nothing, in one block.
 *
 * @param entries - in any order; see {@link entriesFrom}
 */
export function snapshotOf(
  entries: readonly StateEntry[],
  allocator: StateAllocator,
): Asking<BlockNeed | AllocatorNeed, AppliedChanges> {
  return applyChanges(undefined, entries, { block: () => undefined }, allocator)
}

function* newBlock(entries: Entries, allocator: StateAllocator): Asking<AllocatorNeed, BlockRecord> {
  const hash = blockHash(entries)
  for (;;) {
    const nid = allocator.blockNid(hash)
    if (nid !== undefined) return { nid, hash, entries }
    yield { kind: 'block-hash', hash }
  }
}

function* newSnapshot(
  blocks: readonly BlockRecord[],
  allocator: StateAllocator,
): Asking<AllocatorNeed, SnapshotRecord> {
  const hash = snapshotHash(blocks)
  for (;;) {
    const nid = allocator.snapshotNid(hash)
    const nids = blocks.map((block) => block.nid)
    if (nid !== undefined) return { nid, hash, roomNid: allocator.roomNid, blocks: nids }
    yield { kind: 'snapshot-hash', hash }
  }
}
