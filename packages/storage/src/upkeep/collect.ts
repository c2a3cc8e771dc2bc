import type { BlockNid, RoomNid, SnapshotNid } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import type { RoomCheck } from './check.ts'
import { BLOCKS_AT_A_TIME } from './check-state.ts'
import { chunks, pages } from './pages.ts'

/** What a collection gave back, or why it did nothing. */
export type Collection =
  | { readonly kind: 'collected'; readonly snapshots: number; readonly blocks: number }
  /** Where something is wrong already, nothing is thrown away. */
  | { readonly kind: 'refused' }
  /** The room moved on meanwhile; another time, then. */
  | { readonly kind: 'busy' }

/**
 * Gives back the space of a room's snapshots that were found unreferenced, and of blocks that only those used. Moves
 * the room's revision on, so that whatever is being decided on it meanwhile is decided again.
 *
 * A block whose entries are all gone ones may be shared with other rooms and stays.
 *
 * @param check - what was found in the room just now
 */
export async function collectRoom(db: Db, tables: Tables, check: RoomCheck): Promise<Collection> {
  const { room, findings, unreferenced } = check
  if (findings.length > 0) return { kind: 'refused' }
  if (unreferenced.length === 0) return { kind: 'collected', snapshots: 0, blocks: 0 }
  const dead = new Set(unreferenced)
  const blocks = await onlyIn(db, tables, dead, await blockLists(db, tables, room.nid))
  return await db.transaction().execute(async (tx) => {
    // While the revision is the one that was checked, nothing has come to refer to them, and no snapshot was added.
    if (!(await tables.rooms.touch(tx, room.nid, room.revision))) return { kind: 'busy' }
    await tables.snapshots.remove(tx, unreferenced)
    await tables.blocks.remove(tx, blocks)
    return { kind: 'collected', snapshots: unreferenced.length, blocks: blocks.length }
  })
}

type BlockLists = ReadonlyMap<SnapshotNid, readonly BlockNid[]>

/** The blocks of each of a room's snapshots. */
async function blockLists(db: Db, tables: Tables, nid: RoomNid): Promise<BlockLists> {
  const lists = new Map<SnapshotNid, readonly BlockNid[]>()
  for await (const page of pages((after, limit) => tables.snapshots.ofRoom(db, nid, after, limit))) {
    for (const snapshot of page) lists.set(snapshot.nid, snapshot.blocks)
  }
  return lists
}

/** The blocks that only these snapshots use, without those that another room could use as well. */
async function onlyIn(
  db: Db,
  tables: Tables,
  dead: ReadonlySet<SnapshotNid>,
  lists: BlockLists,
): Promise<readonly BlockNid[]> {
  const candidates = new Set<BlockNid>()
  for (const [snapshot, blocks] of lists)
    if (dead.has(snapshot)) for (const nid of blocks) candidates.add(nid)
  for (const [snapshot, blocks] of lists)
    if (!dead.has(snapshot)) for (const nid of blocks) candidates.delete(nid)
  const own: BlockNid[] = []
  for await (const chunk of chunks([...candidates], BLOCKS_AT_A_TIME)) {
    const blocks = await tables.blocks.byNids(db, chunk)
    own.push(...blocks.filter(({ entries }) => namesAnEvent(entries)).map(({ nid }) => nid))
  }
  return own
}

/** Events belong to one room, so a block that names one does as well. */
function namesAnEvent(entries: Float64Array): boolean {
  return entries.some((value, at) => at % 3 === 2 && value !== 0)
}
