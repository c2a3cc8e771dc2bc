import {
  type BlockNid,
  NO_NID,
  paged,
  type PurgeEstimate,
  type PurgeRecord,
  type RoomId,
  type RoomNid,
  RoomserverError,
} from '@roomserver/types'
import { sql } from 'kysely'
import type { Db } from '../schema.ts'
import type { TransactionKey } from '../tables/purged-rows.ts'
import type { Tables } from '../tables/tables.ts'
import { encodeList } from '../varint.ts'
import { objectIn, prevEventsIn } from './event-text.ts'
import { chunks, pages } from './pages.ts'
import { ownBlocks, removeStates } from './remove-states.ts'

/** How many rows are deleted at a time. */
const SLICE = 250
/** How many rows of tables without an index by room are looked at at a time. */
const LOOK = 1_000

/** What deleting a room would delete, of which the larger tables are counted. */
export async function purgeEstimate(db: Db, tables: Tables, roomNid: RoomNid): Promise<PurgeEstimate> {
  const { events, snapshots, outputs, eventBytes, snapshotBytes, outputBytes } = await tables.sizes.ofRoom(
    db,
    roomNid,
  )
  const blocks = new Set<BlockNid>()
  const read = (after: number, limit: number) => tables.snapshots.ofRoom(db, roomNid, after, limit)
  for await (const page of pages(read))
    for (const snapshot of page) for (const block of snapshot.blocks) blocks.add(block)
  let bytes = eventBytes + snapshotBytes + outputBytes
  for await (const chunk of chunks([...blocks], LOOK)) bytes += await tables.sizes.ofBlocks(db, chunk)
  return { events, snapshots, blocks: blocks.size, outputs, bytes }
}

/** Whether outputs of a room wait to be delivered. */
export async function hasOutputs(db: Db, roomId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from outputs join rooms on rooms.nid = outputs.room_nid
    where rooms.room_id = ${roomId} limit 1`.execute(db)
  return rows.length > 0
}

/**
 * Takes a room that is to be purged out of all rooms, at one moment: its row gets another NID, and nothing leads to what was
 * stored under the old one any more. What the row keeps is the number of the room's last output, which the outputs of a room
 * of that ID go on from, so that consumers do not take new ones for old ones; and a revision that nothing was decided on.
 *
 * @param fresh - a NID that nobody has
 * @returns false: the room moved on meanwhile; try again
 */
export async function detachRoom(
  db: Db,
  tables: Tables,
  purge: PurgeRecord,
  fresh: RoomNid,
): Promise<boolean> {
  const { roomId } = purge
  return await db.transaction().execute(async (tx) => {
    const room = await tables.rooms.byId(tx, roomId)
    if (room === undefined) {
      await tables.purges.enter(tx, purge, 'done')
      return true
    }
    if (!(await tables.rooms.touch(tx, room.nid, room.revision))) return false
    const joined = await tables.memberships.ofRoom(tx, room.nid, 'join', true)
    if (joined.length > 0 && !purge.isForced) {
      const reason = `${joined.length} users of this server joined it meanwhile`
      await tables.purges.enter(tx, purge, 'refused', reason)
      return true
    }
    await sql`update rooms set nid = ${fresh}, current_nid = ${NO_NID}, last_sent_nid = ${NO_NID}, depth = ${0},
      purged_depth = ${0}, extremities = ${encodeList([])} where nid = ${room.nid}`.execute(tx)
    for (const table of ['aliases', 'published_rooms', 'inbox', 'repairs', 'history_purges'])
      await sql`delete from ${sql.table(table)} where room_id = ${roomId}`.execute(tx)
    // Others go by this table from room to room.
    await sql`delete from remote_states where room_nid = ${room.nid}`.execute(tx)
    await tables.purges.enter(tx, { roomId, roomNid: room.nid }, 'deleting')
    return true
  })
}

/**
 * Deletes everything that is stored of a room that was taken out, a slice at a time, each in a transaction of its own; yields
 * after each. Begun again it goes on with what is left.
 *
 * Event types and state keys, which rooms share, stay, and so does the latest output of the log: readers go on behind it.
 *
 * @throws {RoomserverError} STORE_DAMAGED when a room has the NID: nothing of it is deleted
 */
export async function* purgeRows(
  db: Db,
  tables: Tables,
  purge: PurgeRecord,
): AsyncGenerator<void, void, void> {
  const { purgedRows } = tables
  const [stored] = await tables.rooms.byNids(db, [purge.roomNid])
  if (stored !== undefined) throw notTakenOut(purge.roomId, stored.roomId)
  yield* purgeEvents(db, tables, purge)
  yield* purgeStates(db, tables, purge.roomNid)
  for (const remove of purgedRows.slices) {
    while ((await remove(db, purge.roomNid, SLICE)) === SLICE) yield
    yield
  }
  for (let after: number | undefined = 0; after !== undefined; yield)
    after = await purgedRows.delivered(db, purge.roomNid, after, LOOK)
  for (let after: TransactionKey | undefined = [Number.MIN_SAFE_INTEGER, '', '']; after !== undefined; yield)
    after = await purgedRows.transactions(db, after, LOOK)
}

function notTakenOut(purged: RoomId, stored: RoomId): RoomserverError<'STORE_DAMAGED'> {
  const what = `the purge of ${purged} names the rows of ${stored}, which is stored`
  return new RoomserverError('STORE_DAMAGED', { what, repair: 'delete the row from the table purges' }, what)
}

async function* purgeEvents(
  db: Db,
  tables: Tables,
  { roomId, roomNid }: PurgeRecord,
): AsyncGenerator<void, void, void> {
  const read = (after: number, limit: number) => tables.events.ofRoom(db, roomNid, after, limit)
  for await (const page of paged({ read, keyOf: ({ nid }) => nid, first: 0, limit: SLICE })) {
    const prevEvents = new Set(page.flatMap(({ json }) => prevEventsIn(objectIn(json) ?? {})))
    const nids = page.map(({ nid }) => nid)
    await db.transaction().execute(async (tx) => {
      await tables.purgedRows.ofEvents(tx, nids, [...prevEvents])
      await tables.purges.count(tx, roomId, nids.length)
    })
    yield
  }
}

/** Blocks that other rooms may share stay. */
async function* purgeStates(db: Db, tables: Tables, roomNid: RoomNid): AsyncGenerator<void, void, void> {
  const seen = new Set<BlockNid>()
  const read = (after: number, limit: number) => tables.snapshots.ofRoom(db, roomNid, after, limit)
  for await (const page of paged({ read, keyOf: ({ nid }) => nid, first: 0, limit: SLICE })) {
    const blocks = new Set(page.flatMap((snapshot) => snapshot.blocks.filter((block) => !seen.has(block))))
    const own = await ownBlocks(db, tables, [...blocks])
    for (const block of blocks) seen.add(block)
    const nids = page.map(({ nid }) => nid)
    await db.transaction().execute((tx) => removeStates(tx, tables, nids, own))
    yield
  }
}
