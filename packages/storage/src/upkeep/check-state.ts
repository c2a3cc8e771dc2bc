import {
  type BlockNid,
  type BlockRecord,
  isFailure,
  type RoomRecord,
  type SnapshotNid,
} from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { type Finding, finding } from './finding.ts'
import { chunks, pages } from './pages.ts'

/** How blocks and snapshots get their content hash; storage only keeps it. */
export interface ContentHashes {
  blockHash(entries: Float64Array): string
  snapshotHash(blocks: readonly Pick<BlockRecord, 'hash'>[]): string
}

const MAX_BLOCKS = 64

/** A block may hold the whole state of a large room. */
export const BLOCKS_AT_A_TIME = 8

/**
 * Checks that every snapshot of a room is what its hash says, that its blocks are there, sorted, and what their hash
 * says.
 *
 * @returns the NIDs of the snapshots that are stored
 */
export async function checkState(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  hashes: ContentHashes,
  report: (finding: Finding) => void,
): Promise<ReadonlySet<SnapshotNid>> {
  const stored = new Set<SnapshotNid>()
  const blockHashes = new Map<BlockNid, string>()
  for await (const page of pages((after, limit) => tables.snapshots.ofRoom(db, room.nid, after, limit))) {
    const unseen = new Set(page.flatMap(({ blocks }) => blocks).filter((nid) => !blockHashes.has(nid)))
    for await (const block of readBlocks(db, tables, room, [...unseen], report)) {
      blockHashes.set(block.nid, block.hash)
      const wrong = wrongInBlock(block, hashes)
      if (wrong !== undefined) report(finding(room.roomId, 'block', `state block ${block.nid} ${wrong}`))
    }
    for (const { nid, hash, blocks } of page) {
      stored.add(nid)
      const wrong = wrongInSnapshot(hash, blocks, blockHashes, hashes)
      if (wrong !== undefined) report(finding(room.roomId, 'snapshot', `state snapshot ${nid} ${wrong}`))
    }
  }
  return stored
}

/** Reads blocks; those that cannot be decoded are found damaged, one by one. */
async function* readBlocks(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  nids: readonly BlockNid[],
  report: (finding: Finding) => void,
): AsyncGenerator<BlockRecord, void, void> {
  for await (const chunk of chunks(nids, BLOCKS_AT_A_TIME)) {
    try {
      yield* await tables.blocks.byNids(db, chunk)
    } catch (error) {
      if (!isFailure(error, 'STORE_DAMAGED')) throw error
      if (chunk.length === 1) report(finding(room.roomId, 'block', `state block ${chunk[0]} cannot be read`))
      else for (const nid of chunk) yield* readBlocks(db, tables, room, [nid], report)
    }
  }
}

function wrongInBlock(block: BlockRecord, hashes: ContentHashes): string | undefined {
  if (hashes.blockHash(block.entries) !== block.hash) return 'is not what its hash says'
  for (let at = 3; at < block.entries.length; at += 3) {
    const [type = 0, key = 0] = [block.entries[at - 3], block.entries[at - 2]]
    const [nextType = 0, nextKey = 0] = [block.entries[at], block.entries[at + 1]]
    if (nextType < type || (nextType === type && nextKey <= key)) return `is not sorted at entry ${at / 3}`
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
  if (missing.length > 0) return `names blocks that are not stored: ${missing.join(', ')}`
  if (blocks.length > MAX_BLOCKS) return `has ${blocks.length} blocks, more than ${MAX_BLOCKS}`
  const expected = hashes.snapshotHash(blocks.map((nid) => ({ hash: blockHashes.get(nid) ?? '' })))
  return expected === hash ? undefined : 'is not what its hash says'
}
