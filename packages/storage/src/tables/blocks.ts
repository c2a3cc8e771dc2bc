import type { BlockNid, BlockRecord } from '@roomserver/types'
import { decodeBlock, encodeBlock } from '../block-codec.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { fromHex, toHex } from '../hex.ts'
import { internedWrites } from '../interned-rows.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** State blocks. Equal ones are stored once. */
export interface BlocksTable {
  nid: BlockNid
  /** The first 16 bytes of the SHA-256 of the entries. */
  hash: Uint8Array
  /** The entries, see `encodeBlock`. */
  entries: Uint8Array
}

const columns: Columns<BlocksTable> = { nid: 'int', hash: 'blob', entries: 'blob' }

export function blockQueries(dialect: Dialect, build: Db) {
  const byNid = prepare(build.selectFrom('blocks').selectAll().where(dialect.among('nid', 'int')))
  const byHash = prepare(build.selectFrom('blocks').selectAll().where(dialect.amongBlobs('hash')))
  const remove = prepare(build.deleteFrom('blocks').where(dialect.among('nid', 'int')))
  const setHash = prepare(
    build.updateTable('blocks').set({ hash: slot<Uint8Array>() }).where('nid', '=', slot<BlockNid>()),
  )
  return {
    setHash: (db: Db, nid: BlockNid, hash: Uint8Array) => setHash(db, hash, nid),
    remove: (db: Db, nids: readonly BlockNid[]) => remove(db, dialect.list(nids)),
    byNids: async (db: Db, nids: readonly BlockNid[]) => (await byNid(db, dialect.list(nids))).map(toBlock),
    byHashes: async (db: Db, hashes: readonly string[]) =>
      (await byHash(db, dialect.list(hashes))).map(toBlock),
    ...internedWrites(dialect, 'blocks', columns, 'hash', fromBlock),
  }
}

function toBlock(row: BlocksTable): BlockRecord {
  return { nid: row.nid, hash: toHex(row.hash), entries: decodeBlock(row.entries) }
}

function fromBlock(block: BlockRecord): BlocksTable {
  return { nid: block.nid, hash: fromHex(block.hash), entries: encodeBlock(block.entries) }
}
