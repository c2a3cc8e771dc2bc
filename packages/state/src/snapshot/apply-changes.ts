import type {
  Suspendable,
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
import { mergeEntries, overlay, withoutTombstones } from './merge.ts'
import { type BlockNeed, type BlockReader, blocksOf } from './reader.ts'

/** What a block is made of: the changes, or blocks of the state that they are made to and nothing else. */
export type BlockOrigin = 'changes' | 'blocks'

/**
 * Allocates NIDs for new blocks and snapshots. It gets the content hash, so that it can return the NID of an equal one that
 * is stored already; where that has to be looked up first it answers `undefined` and is asked again after the need.
 */
export interface StateAllocator {
  readonly roomNid: RoomNid
  blockNid(hash: string, origin: BlockOrigin): BlockNid | undefined
  snapshotNid(hash: string): SnapshotNid | undefined
}

/** A hash whose NID the allocator has to look up before it can give one. */
export type AllocatorNeed =
  | { readonly kind: 'block-hash'; readonly hash: string }
  | { readonly kind: 'snapshot-hash'; readonly hash: string }

/** A state after changes, and the blocks that were made for it (none where nothing changed). */
export interface AppliedChanges {
  readonly snapshot: SnapshotRecord
  readonly blocks: readonly BlockRecord[]
}

/**
 * The state `base` (`undefined`: the empty one) with `changes` made; an entry with event 0 is taken out. Of several
 * changes to one entry the last counts; changes that change nothing are left out, and where none is left the answer
 * is `base` itself.
 *
 * The changes become a block of their own, or part of the newest one while that is small. Where more than three blocks then
 * count as the same level of size (see `settled`), all of them but the newest become one. So a state of n entries has
 * at most 3 × (log₄ n + 1) blocks, and an entry is written O(log n) times in all.
 *
 * Large blocks are made of blocks that were there before the changes, and of these alone: whatever changes are made to one
 * state, the large blocks that become due are the same, and are stored once. And a block that came with a change is not
 * merged before about as many entries as it has were changed after it. So the entries written follow the changes also where
 * many are made to the same state, and to those that come out of that.
 */
export function* applyChanges(
  base: SnapshotRecord | undefined,
  changes: readonly StateEntry[],
  reader: BlockReader,
  allocator: StateAllocator,
): Suspendable<BlockNeed | AllocatorNeed, AppliedChanges> {
  const below = base?.blocks ?? []
  const effective = yield* withoutIdle(below, yield* sorted(changes), reader)
  if (base !== undefined && effective.length === 0) return { snapshot: base, blocks: [] }

  const { kept, entries } = yield* joined(below, effective, reader)
  const newest = entries.length === 0 ? [] : [yield* newBlock(entries, 'changes', allocator)]
  const { blocks, made } = yield* settled(kept, newest, reader, allocator)
  const snapshot = yield* newSnapshot(blocks, allocator)
  return { snapshot, blocks: [...newest, ...made] }
}

const ENTRIES_PER_YIELD = 1024

/** The changes in the form of a block. A whole state is sorted in parts, so that others do not have to wait. */
function* sorted(changes: readonly StateEntry[]): Suspendable<never, Entries> {
  const blocks: Entries[] = []
  for (let from = 0; from < changes.length; from += ENTRIES_PER_YIELD) {
    let piece = entriesFrom(changes.slice(from, from + ENTRIES_PER_YIELD))
    for (
      let older = blocks.at(-1);
      older !== undefined && older.length <= piece.length;
      older = blocks.at(-1)
    ) {
      blocks.pop()
      piece = mergeEntries(older, piece, 'keep')
    }
    blocks.push(piece)
    yield undefined
  }
  let all = blocks.pop() ?? NO_ENTRIES
  for (let older = blocks.pop(); older !== undefined; older = blocks.pop()) {
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
): Suspendable<BlockNeed, Entries> {
  const effective = new Float64Array(changes.length)
  let length = 0
  for (let index = 0; index < entryCount(changes); index++) {
    if (index % ENTRIES_PER_YIELD === ENTRIES_PER_YIELD - 1) yield undefined
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

/** Below so many entries, blocks are so small that changes become part of them. */
const SMALL = 8

/** So many blocks of one level may stand in a state. */
const BLOCKS_OF_A_LEVEL = 3

/** The level of a block by its size: 0 for a small one, then one more each time that it is four times as large. */
function levelOf({ entries }: BlockRecord): number {
  return Math.max(0, Math.floor(Math.log2(entryCount(entries) / SMALL) / 2) + 1)
}

/** Makes changes part of the newest blocks while all of it together is small. */
function* joined(
  blocks: readonly BlockNid[],
  changes: Entries,
  reader: BlockReader,
): Suspendable<BlockNeed, { readonly kept: readonly BlockNid[]; readonly entries: Entries }> {
  let entries = changes
  let count = blocks.length
  for (; count > 0; count--) {
    const [neighbour] = yield* blocksOf(blocks.slice(count - 1, count), reader)
    if (neighbour === undefined || entryCount(neighbour.entries) + entryCount(entries) >= SMALL) break
    entries = mergeEntries(neighbour.entries, entries, 'keep')
  }
  return { kept: blocks.slice(0, count), entries: count === 0 ? withoutTombstones(entries) : entries }
}

/**
 * Puts a block on top of others, and merges those under it that become too many for their level.
 *
 * A block counts as the level of the largest one above it where that is larger, so that levels never rise towards the top.
 */
function* settled(
  older: readonly BlockNid[],
  newest: readonly BlockRecord[],
  reader: BlockReader,
  allocator: StateAllocator,
): Suspendable<
  BlockNeed | AllocatorNeed,
  { readonly blocks: readonly BlockRecord[]; readonly made: readonly BlockRecord[] }
> {
  const above = [...newest]
  const made: BlockRecord[] = []
  let count = older.length
  for (let [arrived] = newest; arrived !== undefined; ) {
    const level = levelOf(arrived)
    const group: BlockRecord[] = []
    for (; count > 0; count--) {
      const [block] = yield* blocksOf(older.slice(count - 1, count), reader)
      if (block === undefined || levelOf(block) > level) break
      group.unshift(block)
    }
    const merged = group.length < BLOCKS_OF_A_LEVEL ? group : yield* merge(group, count === 0, allocator)
    above.unshift(...merged)
    if (merged === group) break
    made.push(...merged)
    arrived = merged.find((block) => levelOf(block) > level)
  }
  return { blocks: [...(yield* blocksOf(older.slice(0, count), reader)), ...above], made }
}

/** One block in place of several; none where all that they have is that nothing is there. */
function* merge(
  blocks: readonly BlockRecord[],
  isBottom: boolean,
  allocator: StateAllocator,
): Suspendable<AllocatorNeed, readonly BlockRecord[]> {
  yield undefined
  const layers = blocks.map(({ entries }) => entries)
  const entries = overlay(layers, isBottom ? 'drop' : 'keep')
  return entries.length === 0 ? [] : [yield* newBlock(entries, 'blocks', allocator)]
}

/**
 * Makes a whole state from nothing, in one block.
 *
 * @param entries - in any order; see {@link entriesFrom}
 */
export function snapshotOf(
  entries: readonly StateEntry[],
  allocator: StateAllocator,
): Suspendable<BlockNeed | AllocatorNeed, AppliedChanges> {
  return applyChanges(undefined, entries, { block: () => undefined }, allocator)
}

function* newBlock(
  entries: Entries,
  origin: BlockOrigin,
  allocator: StateAllocator,
): Suspendable<AllocatorNeed, BlockRecord> {
  const hash = blockHash(entries)
  for (;;) {
    const nid = allocator.blockNid(hash, origin)
    if (nid !== undefined) return { nid, hash, entries }
    yield { kind: 'block-hash', hash }
  }
}

function* newSnapshot(
  blocks: readonly BlockRecord[],
  allocator: StateAllocator,
): Suspendable<AllocatorNeed, SnapshotRecord> {
  const hash = snapshotHash(blocks)
  for (;;) {
    const nid = allocator.snapshotNid(hash)
    const nids = blocks.map((block) => block.nid)
    if (nid !== undefined) return { nid, hash, roomNid: allocator.roomNid, blocks: nids }
    yield { kind: 'snapshot-hash', hash }
  }
}
