import {
  type BlockNid,
  type BlockRecord,
  finish,
  type RoomNid,
  type SnapshotNid,
  type SnapshotRecord,
  type StateEntry,
} from '@roomserver/types'
import { applyChanges, type StateAllocator } from '../src/index.ts'
import { entryCount } from '../src/snapshot/entries.ts'

/** Blocks of state in memory, equal ones stored once; tells which were read, and how many entries were written. */
export class MemoryBlocks implements StateAllocator {
  readonly roomNid = 1 as RoomNid
  readonly blocks = new Map<BlockNid, BlockRecord>()
  readonly read = new Set<BlockNid>()
  readonly #nids = new Map<string, number>()
  written = 0

  readonly block = (nid: BlockNid): BlockRecord | undefined => {
    this.read.add(nid)
    return this.blocks.get(nid)
  }

  blockNid(hash: string): BlockNid {
    return this.#nidOf(`block ${hash}`) as BlockNid
  }

  snapshotNid(hash: string): SnapshotNid {
    return this.#nidOf(`snapshot ${hash}`) as SnapshotNid
  }

  /** A state with changes made. */
  apply(base: SnapshotRecord | undefined, changes: readonly StateEntry[]): SnapshotRecord {
    const { snapshot, blocks } = finish(applyChanges(base, changes, this, this))
    for (const block of blocks) {
      if (this.blocks.has(block.nid)) continue
      this.blocks.set(block.nid, block)
      this.written += entryCount(block.entries)
    }
    return snapshot
  }

  #nidOf(hash: string): number {
    const nid = this.#nids.get(hash) ?? this.#nids.size + 1
    this.#nids.set(hash, nid)
    return nid
  }
}
