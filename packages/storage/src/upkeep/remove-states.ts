import type { BlockNid, SnapshotNid } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { BLOCKS_AT_A_TIME } from './check-state.ts'
import { chunks } from './pages.ts'

/** Those of some blocks that no other room can share: they name an event, and events belong to one room. */
export async function ownBlocks(
  db: Db,
  tables: Tables,
  blocks: readonly BlockNid[],
): Promise<readonly BlockNid[]> {
  const own: BlockNid[] = []
  for await (const chunk of chunks(blocks, BLOCKS_AT_A_TIME))
    for (const { nid, entries } of await tables.blocks.byNids(db, chunk))
      if (namesAnEvent(entries)) own.push(nid)
  return own
}

/** Deletes snapshots of states, and blocks that nothing needs any more. */
export async function removeStates(
  tx: Db,
  tables: Tables,
  snapshots: readonly SnapshotNid[],
  blocks: readonly BlockNid[],
): Promise<void> {
  await tables.blocks.remove(tx, blocks)
  await tables.snapshots.remove(tx, snapshots)
  await tables.unreferencedSnapshots.remove(tx, snapshots)
}

function namesAnEvent(entries: Float64Array): boolean {
  return entries.some((value, at) => at % 3 === 2 && value !== 0)
}
