import type { RoomNid, SnapshotNid, SnapshotRecord } from '@roomserver/types'
import type { Dialect } from '../dialect/dialect.ts'
import { fromHex, toHex } from '../hex.ts'
import { internedWrites } from '../interned-rows.ts'
import { prepare, slot } from '../prepared.ts'
import { bytes, int, list, rowFormat, type RowOf } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<SnapshotRecord>()({
  nid: int('nid'),
  roomNid: int('room_nid'),
  /** The first 16 bytes of the SHA-256 over the hashes of the blocks. */
  hash: bytes('hash', fromHex, toHex),
  /** The NIDs of the blocks. */
  blocks: list('blocks'),
})

/** State snapshots: lists of blocks. Equal ones of a room are stored once. */
export type SnapshotsTable = RowOf<typeof format>

export function snapshotQueries(dialect: Dialect, build: Db) {
  const byNid = prepare(build.selectFrom('snapshots').selectAll().where(dialect.among('nid', 'int')))
  const byHash = prepare(
    build
      .selectFrom('snapshots')
      .selectAll()
      .where('room_nid', '=', slot<RoomNid>())
      .where(dialect.amongBlobs('hash')),
  )
  const ofRoom = prepare(
    build
      .selectFrom('snapshots')
      .selectAll()
      .where('room_nid', '=', slot<RoomNid>())
      .where('nid', '>', slot<SnapshotNid>())
      .orderBy('nid')
      .limit(slot<number>()),
  )
  const remove = prepare(build.deleteFrom('snapshots').where(dialect.among('nid', 'int')))
  const setHash = prepare(
    build.updateTable('snapshots').set({ hash: slot<Uint8Array>() }).where('nid', '=', slot<SnapshotNid>()),
  )
  return {
    setHash: (db: Db, nid: SnapshotNid, hash: Uint8Array) => setHash(db, hash, nid),
    /** A room's snapshots, page by page. */
    ofRoom: async (db: Db, roomNid: RoomNid, after: number, limit: number) =>
      (await ofRoom(db, roomNid, after, limit)).map(format.toItem),
    remove: (db: Db, nids: readonly SnapshotNid[]) => remove(db, dialect.list(nids)),
    byNids: async (db: Db, nids: readonly SnapshotNid[]) =>
      (await byNid(db, dialect.list(nids))).map(format.toItem),
    byHashes: async (db: Db, roomNid: RoomNid, hashes: readonly string[]) =>
      (await byHash(db, roomNid, dialect.list(hashes))).map(format.toItem),
    ...internedWrites(dialect, 'snapshots', format, format.pick('nid', 'hash')),
  }
}
