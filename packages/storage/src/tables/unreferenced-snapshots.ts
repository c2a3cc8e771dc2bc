import type { RoomNid, SnapshotNid } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkWrite } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { int, rowFormat, type RowOf } from '../row-format.ts'
import type { Db } from '../schema.ts'

/** A snapshot, and its room. */
export interface UnreferencedSnapshot {
  readonly snapshot: SnapshotNid
  readonly roomNid: RoomNid
}

const format = rowFormat<UnreferencedSnapshot>()({ snapshot: int('snapshot_nid'), roomNid: int('room_nid') })

/** Snapshots that a check found nothing to refer to, and when it first did. */
export interface UnreferencedSnapshotsTable extends RowOf<typeof format> {
  /** Milliseconds since the epoch, by the clock of the database. */
  since_ts: number
}

export function unreferencedSnapshotQueries(dialect: Dialect, build: Db) {
  const of = build.selectFrom('unreferenced_snapshots').select(format.names)
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
  const names = format.names.join(', ')
  return {
    ofRoom: async (db: Db, room: RoomNid) => (await ofRoom(db, room)).map(format.toItem),
    /** Those that were found longer ago than this, the oldest first. */
    due: async (db: Db, olderThanMs: number, limit: number) =>
      (await due(db, olderThanMs, limit)).map(format.toItem),
    remove: (db: Db, nids: readonly SnapshotNid[]) => remove(db, dialect.list(nids)),
    add: bulkWrite(
      dialect,
      format,
      `insert into unreferenced_snapshots (${names}, since_ts) select ${names}, ${now} from v where true on conflict do nothing`,
    ),
  }
}
