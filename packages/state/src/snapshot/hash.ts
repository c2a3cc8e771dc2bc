import { sha256Hex } from '@roomserver/events'
import type { BlockRecord } from '@roomserver/types'
import type { Entries } from './entries.ts'

const HASH_DIGITS = 32

/** The content hash of a block: the first 16 bytes, as hex, of the SHA-256 of its numbers as little-endian doubles. */
export function blockHash(entries: Entries): string {
  return sha256Hex(littleEndian(entries)).slice(0, HASH_DIGITS)
}

/** The content hash of a snapshot: the same over the hashes of its blocks, oldest first. */
export function snapshotHash(blocks: readonly Pick<BlockRecord, 'hash'>[]): string {
  return sha256Hex(blocks.map((block) => block.hash).join('\n')).slice(0, HASH_DIGITS)
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The bytes of the entries, the same on every machine; a view and no copy where the machine is little-endian. */
function littleEndian(entries: Entries): Uint8Array {
  if (IS_LITTLE_ENDIAN) return new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength)
  const view = new DataView(new ArrayBuffer(entries.byteLength))
  entries.forEach((value, index) => view.setFloat64(index * Float64Array.BYTES_PER_ELEMENT, value, true))
  return new Uint8Array(view.buffer)
}
