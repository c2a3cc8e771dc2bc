import type { Asking, BlockNid, BlockRecord, SnapshotRecord } from '@roomserver/types'
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

/** The blocks of that list, in its order; asks once for all that are missing. */
export function* blocksOf(
  nids: readonly BlockNid[],
  reader: BlockReader,
): Asking<BlockNeed, readonly BlockRecord[]> {
  for (;;) {
    const blocks: BlockRecord[] = []
    const missing: BlockNid[] = []
    for (const nid of nids) {
      const block = reader.block(nid)
      if (block === undefined) missing.push(nid)
      else blocks.push(block)
    }
    if (missing.length === 0) return blocks
    yield { kind: 'blocks', nids: missing }
  }
}

/** The entries of each block of a snapshot, oldest block first. */
export function* layersOf(
  snapshot: Pick<SnapshotRecord, 'blocks'>,
  reader: BlockReader,
): Asking<BlockNeed, readonly Entries[]> {
  const blocks = yield* blocksOf(snapshot.blocks, reader)
  return blocks.map((block) => block.entries)
}
