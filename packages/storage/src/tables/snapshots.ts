import type { RoomNid, SnapshotNid, SnapshotRecord } from '@roomserver/types'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { fromHex, toHex } from '../hex.ts'
import { internedWrites } from '../interned-rows.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'
import { decodeList, encodeList } from '../varint.ts'

/** State snapshots: lists of blocks. Equal ones of a room are stored once. */
export interface SnapshotsTable {
  nid: SnapshotNid
  room_nid: RoomNid
  /** The first 16 bytes of the SHA-256 over the hashes of the blocks. */
  hash: Uint8Array
  /** The NIDs of the blocks: a list of varints. */
  blocks: Uint8Array
}

const columns: Columns<SnapshotsTable> = { nid: 'int', room_nid: 'int', hash: 'blob', blocks: 'blob' }

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
      (await ofRoom(db, roomNid, after, limit)).map(toSnapshot),
    remove: (db: Db, nids: readonly SnapshotNid[]) => remove(db, dialect.list(nids)),
    byNids: async (db: Db, nids: readonly SnapshotNid[]) =>
      (await byNid(db, dialect.list(nids))).map(toSnapshot),
    byHashes: async (db: Db, roomNid: RoomNid, hashes: readonly string[]) =>
      (await byHash(db, roomNid, dialect.list(hashes))).map(toSnapshot),
    ...internedWrites(dialect, 'snapshots', columns, 'hash', fromSnapshot),
  }
}

function toSnapshot(row: SnapshotsTable): SnapshotRecord {
  return { nid: row.nid, roomNid: row.room_nid, hash: toHex(row.hash), blocks: decodeList(row.blocks) }
}

function fromSnapshot(snapshot: SnapshotRecord): SnapshotsTable {
  return {
    nid: snapshot.nid,
    room_nid: snapshot.roomNid,
    hash: fromHex(snapshot.hash),
    blocks: encodeList(snapshot.blocks),
  }
}
