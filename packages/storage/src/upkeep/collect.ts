import type { BlockNid, RoomNid, SnapshotNid } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { checkRoom, type RoomCheck } from './check.ts'
import type { ContentHashes } from './check-state.ts'
import { chunks, pages } from './pages.ts'

/** What a collection gave back, or why it did nothing. */
export type Collection =
  | { readonly kind: 'collected'; readonly snapshots: number; readonly blocks: number }
  /** Where something is wrong already, nothing is thrown away. */
  | { readonly kind: 'refused'; readonly check: RoomCheck }
  /** The room moved on meanwhile; another time, then. */
  | { readonly kind: 'busy' }

const NOTHING: Collection = { kind: 'collected', snapshots: 0, blocks: 0 }

/**
 * Gives back the space of a room's snapshots that neither an event nor the room refers to, and of blocks that only
 * those used. Moves the room's revision on, so that whatever is being decided on it meanwhile is decided again.
 *
 * A block whose entries are all gone ones may be shared with other rooms and stays.
 */
export async function collectRoom(
  db: Db,
  tables: Tables,
  hashes: ContentHashes,
  nid: RoomNid,
): Promise<Collection> {
  if ((await tables.snapshots.unreferenced(db, nid)).length === 0) return NOTHING
  const check = await checkRoom(db, tables, hashes, nid)
  if (check.findings.length > 0) return { kind: 'refused', check }
  const lists = await blockLists(db, tables, nid)
  return await db.transaction().execute(async (tx) => {
    // While the revision is the one that was checked, no snapshot was added since.
    if (!(await tables.rooms.touch(tx, nid, check.room.revision))) return { kind: 'busy' }
    const dead = new Set(await tables.snapshots.unreferenced(tx, nid))
    const blocks = await onlyIn(tx, tables, dead, lists)
    for (const chunk of chunks([...dead])) await tables.snapshots.remove(tx, chunk)
    for (const chunk of chunks(blocks)) await tables.blocks.remove(tx, chunk)
    return { kind: 'collected', snapshots: dead.size, blocks: blocks.length }
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
  for (const chunk of chunks([...candidates])) {
    const blocks = await tables.blocks.byNids(db, chunk)
    own.push(...blocks.filter(({ entries }) => namesAnEvent(entries)).map(({ nid }) => nid))
  }
  return own
}

/** Events belong to one room, so a block that names one does as well. */
function namesAnEvent(entries: Float64Array): boolean {
  return entries.some((value, at) => at % 3 === 2 && value !== 0)
}
