import type { BlockNid, BlockRecord } from '@roomserver/types'
import { decodeBlock, encodeBlock } from '../block-codec.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { fromHex, toHex } from '../hex.ts'
import { internedWrites } from '../interned-rows.ts'
import { prepare, slot } from '../prepared.ts'
import { bytes, type Column, int, rowFormat, type RowOf } from '../row-format.ts'
import type { Db } from '../schema.ts'

/** Written out, because what TypeScript would infer for the entries is not a type before version 5.7. */
interface Columns {
  readonly nid: Column<BlockNid, 'nid', 'int', false>
  /** The first 16 bytes of the SHA-256 of the entries. */
  readonly hash: Column<string, 'hash', 'blob', false>
  /** The entries, see `encodeBlock`. */
  readonly entries: Column<Float64Array, 'entries', 'blob', false>
}

const columns: Columns = {
  nid: int('nid'),
  hash: bytes('hash', fromHex, toHex),
  entries: bytes('entries', encodeBlock, decodeBlock),
}

const format = rowFormat<BlockRecord>()(columns)

/** State blocks. Equal ones are stored once. */
export type BlocksTable = RowOf<typeof format>

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
    byNids: async (db: Db, nids: readonly BlockNid[]) =>
      (await byNid(db, dialect.list(nids))).map(format.toItem),
    byHashes: async (db: Db, hashes: readonly string[]) =>
      (await byHash(db, dialect.list(hashes))).map(format.toItem),
    ...internedWrites(dialect, 'blocks', format, format.pick('nid', 'hash')),
  }
}
