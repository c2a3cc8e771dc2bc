import {
  type Suspendable,
  type BlockNid,
  type BlockRecord,
  RoomserverError,
  type SnapshotRecord,
} from '@roomserver/types'
import type { Entries } from './entries.ts'

/** Where blocks come from: whatever is at hand (a cache). Blocks are immutable, so one may be kept as long as wanted. */
export interface BlockReader {
  /** The block; `undefined` when it has to be loaded first. */
  block(nid: BlockNid): BlockRecord | undefined
}

/** Blocks that have to be at hand before a computation can go on. */
export interface BlockNeed {
  readonly kind: 'blocks'
  readonly nids: readonly BlockNid[]
}

/**
 * The blocks of that list, in its order; asks once for all that are missing.
 *
 * @throws {RoomserverError} STORE_DAMAGED when one was asked for and is still not there
 */
export function* blocksOf(
  nids: readonly BlockNid[],
  reader: BlockReader,
): Suspendable<BlockNeed, readonly BlockRecord[]> {
  const missing = nids.filter((nid) => reader.block(nid) === undefined)
  if (missing.length > 0) yield { kind: 'blocks', nids: missing }
  return nids.map((nid) => reader.block(nid) ?? lost())
}

function lost(): never {
  const what = 'a block of a state is not stored'
  throw new RoomserverError('STORE_DAMAGED', { what, repair: 'roomserver check --repair' }, what)
}

/** The entries of each block of a snapshot, oldest block first. */
export function* layersOf(
  snapshot: Pick<SnapshotRecord, 'blocks'>,
  reader: BlockReader,
): Suspendable<BlockNeed, readonly Entries[]> {
  const blocks = yield* blocksOf(snapshot.blocks, reader)
  return blocks.map((block) => block.entries)
}
