import type { RoomNid, SnapshotNid } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkWrite } from '../bulk.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Snapshots that a check found nothing to refer to, and when it first did. */
export interface UnreferencedSnapshotsTable {
  snapshot_nid: SnapshotNid
  room_nid: RoomNid
  /** Milliseconds since the epoch, by the clock of the database. */
  since_ts: number
}

type New = Omit<UnreferencedSnapshotsTable, 'since_ts'>

const columns: Columns<New> = { snapshot_nid: 'int', room_nid: 'int' }

export function unreferencedSnapshotQueries(dialect: Dialect, build: Db) {
  const of = build
    .selectFrom('unreferenced_snapshots')
    .select(['snapshot_nid as snapshot', 'room_nid as roomNid'])
  const ofRoom = prepare(of.where('room_nid', '=', slot<RoomNid>()))
  const due = prepare(
    of
      .where('since_ts', '<', sql<number>`${dialect.nowMs} - ${slot<number>()}`)
      .orderBy('since_ts')
      .orderBy('snapshot_nid')
      .limit(slot<number>()),
  )
  const remove = prepare(
    build.deleteFrom('unreferenced_snapshots').where(dialect.among('snapshot_nid', 'int')),
  )
  const now = dialect.nowMs.compile(build).sql
  return {
    ofRoom: (db: Db, room: RoomNid) => ofRoom(db, room),
    /** Those that were found longer ago than this, the oldest first. */
    due: (db: Db, olderThanMs: number, limit: number) => due(db, olderThanMs, limit),
    remove: (db: Db, nids: readonly SnapshotNid[]) => remove(db, dialect.list(nids)),
    add: bulkWrite(
      dialect,
      columns,
      (row: New) => row,
      `insert into unreferenced_snapshots (snapshot_nid, room_nid, since_ts)
        select snapshot_nid, room_nid, ${now} from v where true on conflict do nothing`,
    ),
  }
}
