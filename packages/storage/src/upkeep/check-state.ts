import {
  type BlockNid,
  type BlockRecord,
  isFailure,
  type RoomRecord,
  type SnapshotNid,
} from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { chunks, pages } from './pages.ts'

/** How blocks and snapshots get their content hash; storage only keeps it. */
export interface ContentHashes {
  blockHash(entries: Float64Array): string
  snapshotHash(blocks: readonly Pick<BlockRecord, 'hash'>[]): string
}

const MAX_BLOCKS = 64

/** A block may hold the whole state of a large room. */
export const BLOCKS_AT_A_TIME = 8

/** The snapshots of a room, and what is wrong about some of them. */
export interface StateCheck {
  readonly stored: ReadonlySet<SnapshotNid>
  readonly wrong: ReadonlyMap<SnapshotNid, string>
}

/**
 * Checks that every snapshot of a room is what its hash says, that its blocks are there, sorted, and what their hash
 * says.
 */
export async function checkState(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  hashes: ContentHashes,
): Promise<StateCheck> {
  const stored = new Set<SnapshotNid>()
  const wrong = new Map<SnapshotNid, string>()
  const blockHashes = new Map<BlockNid, string>()
  const wrongBlocks = new Map<BlockNid, string>()
  for await (const page of pages((after, limit) => tables.snapshots.ofRoom(db, room.nid, after, limit))) {
    const unseen = new Set(page.flatMap(({ blocks }) => blocks).filter((nid) => !blockHashes.has(nid)))
    for await (const block of readBlocks(db, tables, [...unseen], wrongBlocks)) {
      blockHashes.set(block.nid, block.hash)
      const what = wrongInBlock(block, hashes)
      if (what !== undefined) wrongBlocks.set(block.nid, what)
    }
    for (const { nid, hash, blocks } of page) {
      stored.add(nid)
      const [ofBlock] = blocks.map((block) => wrongBlocks.get(block)).filter((what) => what !== undefined)
      const what = ofBlock ?? wrongInSnapshot(hash, blocks, blockHashes, hashes)
      if (what !== undefined) wrong.set(nid, what)
    }
  }
  return { stored, wrong }
}

/** Reads blocks; those that cannot be decoded are found damaged, one by one. */
async function* readBlocks(
  db: Db,
  tables: Tables,
  nids: readonly BlockNid[],
  wrong: Map<BlockNid, string>,
): AsyncGenerator<BlockRecord, void, void> {
  for await (const chunk of chunks(nids, BLOCKS_AT_A_TIME)) {
    try {
      yield* await tables.blocks.byNids(db, chunk)
    } catch (error) {
      if (!isFailure(error, 'STORE_DAMAGED')) throw error
      const [only] = chunk
      if (chunk.length === 1 && only !== undefined) wrong.set(only, 'has a block that cannot be read')
      else for (const nid of chunk) yield* readBlocks(db, tables, [nid], wrong)
    }
  }
}

function wrongInBlock(block: BlockRecord, hashes: ContentHashes): string | undefined {
  if (hashes.blockHash(block.entries) !== block.hash) return 'has a block that does not match its hash'
  for (let at = 3; at < block.entries.length; at += 3) {
    const [type = 0, key = 0] = [block.entries[at - 3], block.entries[at - 2]]
    const [nextType = 0, nextKey = 0] = [block.entries[at], block.entries[at + 1]]
    if (nextType < type || (nextType === type && nextKey <= key)) return 'has a block that is not sorted'
  }
  return undefined
}

function wrongInSnapshot(
  hash: string,
  blocks: readonly BlockNid[],
  blockHashes: ReadonlyMap<BlockNid, string>,
  hashes: ContentHashes,
): string | undefined {
  const missing = blocks.filter((nid) => !blockHashes.has(nid))
  if (missing.length > 0) return `lacks ${missing.length} of its ${blocks.length} blocks`
  if (blocks.length > MAX_BLOCKS) return `has ${blocks.length} blocks, more than ${MAX_BLOCKS}`
  const expected = hashes.snapshotHash(blocks.map((nid) => ({ hash: blockHashes.get(nid) ?? '' })))
  return expected === hash ? undefined : 'does not match its hash'
}
