import {
  type BlockNid,
  type BlockRecord,
  isFailure,
  type RoomNid,
  type SnapshotRecord,
} from '@roomserver/types'
import { fromHex } from '../hex.ts'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { BLOCKS_AT_A_TIME, type ContentHashes } from './check-state.ts'
import { chunks, pages } from './pages.ts'

/**
 * Makes blocks and snapshots of a room what their hashes say, and drops those that cannot be read any more: what they held
 * is then rebuilt from the events. A block whose hash alone is wrong gets the right one, so that nothing is lost that
 * another server told.
 *
 * @returns how many were changed or dropped; `undefined` when the room moved on meanwhile: try again
 */
export async function rebuildState(
  db: Db,
  tables: Tables,
  hashes: ContentHashes,
  nid: RoomNid,
): Promise<number | undefined> {
  return await db.transaction().execute(async (tx) => {
    const [room] = await tables.rooms.byNids(tx, [nid])
    if (room === undefined || !(await tables.rooms.touch(tx, nid, room.revision))) return undefined
    const snapshots: SnapshotRecord[] = []
    for await (const page of pages((after, limit) => tables.snapshots.ofRoom(tx, nid, after, limit)))
      snapshots.push(...page)
    const wanted = [...new Set(snapshots.flatMap(({ blocks }) => blocks))]
    const { readable, changed } = await rebuildBlocks(tx, tables, hashes, wanted)
    let rebuilt = changed
    for (const snapshot of snapshots) {
      const blocks = snapshot.blocks.map((block) => readable.get(block))
      const isWhole = blocks.every((hash) => hash !== undefined)
      const hash = hashes.snapshotHash(blocks.map((one) => ({ hash: one ?? '' })))
      if (isWhole && hash === snapshot.hash) continue
      rebuilt++
      const isFree = isWhole && (await tables.snapshots.byHashes(tx, nid, [hash])).length === 0
      if (isFree) await tables.snapshots.setHash(tx, snapshot.nid, fromHex(hash))
      else await tables.snapshots.remove(tx, [snapshot.nid])
    }
    return rebuilt
  })
}

interface RebuiltBlocks {
  /** The hash of each block that can be read. */
  readonly readable: ReadonlyMap<BlockNid, string>
  readonly changed: number
}

async function rebuildBlocks(
  tx: Db,
  tables: Tables,
  hashes: ContentHashes,
  nids: readonly BlockNid[],
): Promise<RebuiltBlocks> {
  const readable = new Map<BlockNid, string>()
  let changed = 0
  for await (const chunk of chunks(nids, BLOCKS_AT_A_TIME)) {
    for (const nid of chunk) {
      const block = await readBlock(tx, tables, nid)
      if (block === 'damaged') {
        changed++
        await tables.blocks.remove(tx, [nid])
      }
      if (block === undefined || block === 'damaged') continue
      const hash = hashes.blockHash(block.entries)
      if (hash !== block.hash) {
        changed++
        if ((await tables.blocks.byHashes(tx, [hash])).length === 0)
          await tables.blocks.setHash(tx, nid, fromHex(hash))
        else await tables.blocks.remove(tx, [nid])
      }
      if (hash === block.hash || (await tables.blocks.byNids(tx, [nid])).length > 0) readable.set(nid, hash)
    }
  }
  return { readable, changed }
}

async function readBlock(
  tx: Db,
  tables: Tables,
  nid: BlockNid,
): Promise<BlockRecord | 'damaged' | undefined> {
  try {
    return (await tables.blocks.byNids(tx, [nid]))[0]
  } catch (error) {
    if (isFailure(error, 'STORE_DAMAGED')) return 'damaged'
    throw error
  }
}
