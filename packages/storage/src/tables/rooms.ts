import type { RoomId, RoomNid, RoomRecord, WriteSet } from '@roomserver/types'
import { type CompiledQuery, sql } from 'kysely'
import { bulkInsert, bulkWrite } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { assignments, int, list, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<RoomRecord>()({
  nid: int('nid'),
  /** One more with every commit to the room. */
  revision: int('revision'),
  /** Current state; 0: a stub, whose create event is not known. */
  current: int('current_nid'),
  /** The event of the latest new_room_event; 0: none yet. */
  lastSent: int('last_sent_nid'),
  depth: int('depth'),
  outputSeq: int('output_seq'),
  roomId: text('room_id'),
  version: text('version'),
  extremities: list('extremities'),
  /** Events of a lesser depth may have been purged; 0: none were. */
  purgedDepth: int('purged_depth'),
})

/** Every room: where its graph ends and what its current state is. */
export type RoomsTable = RowOf<typeof format>

const NEVER_CHANGES: ReadonlySet<string> = new Set(['nid', 'room_id', 'revision', 'purged_depth'])

const UPDATE = `update rooms set revision = rooms.revision + 1,
  ${assignments(
    format.names.filter((name) => !NEVER_CHANGES.has(name)),
    'v',
  )}
  from v where rooms.nid = v.nid and rooms.revision = v.revision returning rooms.nid`

const LOCK_UNMOVED = `select nid from rooms where (nid, revision) in (select v.nid, v.revision from v)
  order by nid for update`

export function roomQueries(dialect: Dialect, build: Db) {
  const all = build.selectFrom('rooms').selectAll()
  const byId = prepare(all.where('room_id', '=', slot<RoomId>()))
  const byNid = prepare(all.where(dialect.among('nid', 'int')))
  const page = prepare(all.where('nid', '>', slot<RoomNid>()).orderBy('nid').limit(slot<number>()))
  const lock = prepare(
    sql`select nid from rooms where ${dialect.among('nid', 'int')} order by nid ${dialect.forUpdate}`.compile(
      build,
    ),
  )
  const fresh = format.from(toFresh)
  const addMissing = bulkInsert(dialect, 'rooms', fresh, 'on conflict do nothing returning nid')
  const advance = bulkWrite(dialect, format.from(toKnown), UPDATE)
  const unmoved = format.pick('nid', 'revision').from(({ room }: WriteSet) => room)
  const lockUnmoved = bulkWrite(dialect, unmoved, LOCK_UNMOVED)
  const counted = sql<{
    n: number
  }>`select count(*) as n from rooms where ${dialect.among('room_id', 'text')}`.compile(build)
  const touch = prepare(
    build
      .updateTable('rooms')
      .set({ revision: sql<number>`revision + 1` })
      .where('nid', '=', slot<RoomNid>())
      .where('revision', '=', slot<number>())
      .returning('nid'),
  )
  const notePurged = prepare(
    sql`update rooms set purged_depth = ${slot<number>()}
      where nid = ${slot<RoomNid>()} and purged_depth < ${slot<number>()}`.compile(build),
  )
  const move = prepare(
    build
      .updateTable('rooms')
      .set({ revision: sql<number>`revision + 1` })
      .where('room_id', '=', slot<RoomId>())
      .returningAll(),
  )
  return {
    /** Moves a room's revision on from whatever it is, and reads the room. */
    move: async (db: Db, roomId: RoomId) => (await move(db, roomId)).map(format.toItem)[0],
    /** Moves a room's revision on and nothing else; false: it was moved on already. */
    touch: async (db: Db, nid: RoomNid, revision: number) => (await touch(db, nid, revision)).length > 0,
    /** Notes below which depth events are purged. */
    notePurged: async (db: Db, nid: RoomNid, depth: number) => void (await notePurged(db, depth, nid, depth)),
    byId: async (db: Db, roomId: RoomId) => (await byId(db, roomId)).map(format.toItem)[0],
    byNids: async (db: Db, nids: readonly RoomNid[]) =>
      (await byNid(db, dialect.list(nids))).map(format.toItem),
    page: async (db: Db, after: RoomNid, limit: number) => (await page(db, after, limit)).map(format.toItem),
    add: bulkInsert(dialect, 'rooms', fresh),
    /** Locks the rooms that still have the revision that was read until the end of the transaction; returns their NIDs. */
    lockUnmoved,
    /** Counts (as `n`) those of these rooms that are stored. */
    count: (ids: readonly RoomId[]): CompiledQuery => ({ ...counted, parameters: [dialect.list(ids)] }),
    /** Moves rooms on from the revision that was read, where they still have it; returns their NIDs. */
    advance,
    /**
     * Moves rooms on and stores new ones. Several are locked in the order of their NIDs first, so that two processes
     * do not lock each other out.
     *
     * @returns the NIDs of the rooms that were moved on
     */
    advanceAll: async (db: Db, sets: readonly WriteSet[]): Promise<ReadonlySet<RoomNid>> => {
      const known = sets.filter((set) => set.room.revision > 0)
      const fresh = sets.filter((set) => set.room.revision === 0)
      if (known.length > 1 && dialect.locksRows) await lock(db, dialect.list(known.map(nidOf)))
      const updated = known.length === 0 ? [] : (await advance.run(db, known)).rows
      const added = fresh.length === 0 ? [] : (await addMissing.run(db, fresh.toSorted(byRoomId))).rows
      return new Set([...updated, ...added].map((row) => row['nid'] as RoomNid))
    },
  }
}

const nidOf = (set: WriteSet): RoomNid => set.room.nid

function byRoomId(a: WriteSet, b: WriteSet): number {
  return a.room.roomId < b.room.roomId ? -1 : 1
}

function toKnown({ room, next }: WriteSet): RoomRecord {
  const { nid, purgedDepth, revision, roomId } = room
  return { ...next, nid, purgedDepth, revision, roomId }
}

const toFresh = (set: WriteSet): RoomRecord => ({ ...toKnown(set), revision: 1 })
