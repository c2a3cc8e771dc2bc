import type { BlockNid, RoomNid, SnapshotNid } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { decodeList } from '../varint.ts'
import type { RoomCheck } from './check.ts'
import { chunks } from './pages.ts'
import { ownBlocks, removeStates } from './remove-states.ts'
import { inStoredOrder } from './stored-order.ts'

/** What a collection gave back, or why it did nothing. */
export type Collection =
  | {
      readonly kind: 'collected'
      readonly snapshots: number
      readonly blocks: number
      /** Rooms that moved on meanwhile; another time, then. */
      readonly busy: number
    }
  /** So many are referred to after all: an index lacks rows, and nothing that rests on it is believed. */
  | { readonly kind: 'refused'; readonly referenced: number }

/** How many snapshots are given back at once. */
const AT_ONCE = 5_000

/** Notes which of a room's snapshots a check found unreferenced, unless it found anything wrong. */
export async function noteUnreferenced(db: Db, tables: Tables, check: RoomCheck): Promise<void> {
  const { room, findings, unreferenced, isSettled } = check
  if (findings.length > 0 || !isSettled) return
  const found = new Set(unreferenced)
  const noted = await tables.unreferencedSnapshots.ofRoom(db, room.nid)
  const wrong = noted.filter(({ snapshot }) => !found.has(snapshot)).map(({ snapshot }) => snapshot)
  if (wrong.length > 0) await tables.unreferencedSnapshots.remove(db, wrong)
  for (const { snapshot } of noted) found.delete(snapshot)
  if (found.size === 0) return
  const rows = [...found].map((snapshot) => ({ snapshot, roomNid: room.nid }))
  await tables.unreferencedSnapshots.add.run(db, rows)
}

/**
 * Gives back the space of snapshots that were found unreferenced long enough ago, and of blocks that only those used. That
 * they are is seen once more by reading the tables from end to end, without an index: where one of them is referred to after
 * all, an index lies, and nothing at all is deleted. Moves each room's revision on from what it was before, so that whatever
 * is being decided on it meanwhile is decided again.
 *
 * A block whose entries are all gone ones may be shared with other rooms and stays.
 *
 * @param olderThanMs - how long ago they were found at least
 */
export async function collectUnreferenced(db: Db, tables: Tables, olderThanMs: number): Promise<Collection> {
  const due = await tables.unreferencedSnapshots.due(db, olderThanMs, AT_ONCE)
  if (due.length === 0) return { kind: 'collected', snapshots: 0, blocks: 0, busy: 0 }
  const dead = new Map(due.map(({ snapshot, roomNid }) => [snapshot, roomNid]))
  const rooms = await tables.rooms.byNids(db, [...new Set(dead.values())])
  const referenced = await referredTo(db, tables, dead)
  if (referenced.size > 0) {
    await tables.unreferencedSnapshots.remove(db, [...referenced])
    return { kind: 'refused', referenced: referenced.size }
  }
  const loose = await blocksOnlyIn(db, tables, dead)
  const counts = { snapshots: 0, blocks: 0, busy: 0 }
  for (const { nid, revision } of rooms) {
    const snapshots = [...dead].filter(([, room]) => room === nid).map(([snapshot]) => snapshot)
    const blocks = loose.get(nid) ?? []
    const isDone = await db.transaction().execute(async (tx) => {
      // While the revision is the one from before, nothing has come to refer to them, and no snapshot was added.
      if (!(await tables.rooms.touch(tx, nid, revision))) return false
      await removeStates(tx, tables, snapshots, blocks)
      return true
    })
    if (!isDone) counts.busy++
    else {
      counts.snapshots += snapshots.length
      counts.blocks += blocks.length
    }
  }
  return { kind: 'collected', ...counts }
}

type Dead = ReadonlyMap<SnapshotNid, RoomNid>

/** Those of the snapshots that an event or a room names. */
async function referredTo(db: Db, { dialect }: Tables, dead: Dead): Promise<ReadonlySet<SnapshotNid>> {
  const found = new Set<SnapshotNid>()
  const see = (nid: SnapshotNid): void => {
    if (dead.has(nid)) found.add(nid)
  }
  const events = inStoredOrder<EventStates>(db, dialect, 'events', ['before_nid', 'after_nid'])
  for await (const rows of events) {
    for (const { before_nid: before, after_nid: after } of rows) {
      see(before)
      see(after)
    }
  }
  for await (const rows of inStoredOrder<CurrentState>(db, dialect, 'rooms', ['current_nid'])) {
    for (const { current_nid: current } of rows) see(current)
  }
  return found
}

interface EventStates {
  readonly nid: number
  readonly before_nid: SnapshotNid
  readonly after_nid: SnapshotNid
}

interface CurrentState {
  readonly nid: number
  readonly current_nid: SnapshotNid
}

interface SnapshotBlocks {
  readonly nid: SnapshotNid
  readonly room_nid: RoomNid
  readonly blocks: Uint8Array
}

/** By room, the blocks that only these snapshots use, without those that another room could use as well. */
async function blocksOnlyIn(
  db: Db,
  tables: Tables,
  dead: Dead,
): Promise<ReadonlyMap<RoomNid, readonly BlockNid[]>> {
  const candidates = new Map<BlockNid, RoomNid>()
  for await (const chunk of chunks([...dead.keys()])) {
    for (const { roomNid, blocks } of await tables.snapshots.byNids(db, chunk))
      for (const nid of blocks) candidates.set(nid, roomNid)
  }
  for await (const rows of inStoredOrder<SnapshotBlocks>(db, tables.dialect, 'snapshots', [
    'room_nid',
    'blocks',
  ])) {
    for (const { nid, blocks } of rows)
      if (!dead.has(nid)) for (const block of decodeList<BlockNid>(blocks)) candidates.delete(block)
  }
  const own = new Map<RoomNid, BlockNid[]>()
  for (const nid of await ownBlocks(db, tables, [...candidates.keys()])) {
    const room = candidates.get(nid)
    if (room !== undefined) own.set(room, [...(own.get(room) ?? []), nid])
  }
  return own
}
