import type { BlockRecord } from '@roomserver/types'
import type { Entries } from './entries.ts'

/** SHA-256, at once. Comes from the caller, since each platform has its own. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

const HASH_BYTES = 16

/** The content hash of a block: the first 16 bytes, as hex, of the SHA-256 of its numbers as little-endian doubles. */
export function blockHash(entries: Entries, sha256: Sha256): string {
  return shortHex(sha256(littleEndian(entries)))
}

/** The content hash of a snapshot: the same over the hashes of its blocks, oldest first. */
export function snapshotHash(blocks: readonly Pick<BlockRecord, 'hash'>[], sha256: Sha256): string {
  return shortHex(sha256(new TextEncoder().encode(blocks.map((block) => block.hash).join('\n'))))
}

function shortHex(digest: Uint8Array): string {
  return Array.from(digest.subarray(0, HASH_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The bytes of the entries, the same on every machine; a view and no copy where the machine is little-endian. */
function littleEndian(entries: Entries): Uint8Array {
  if (IS_LITTLE_ENDIAN) return new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength)
  const view = new DataView(new ArrayBuffer(entries.byteLength))
  entries.forEach((value, index) => view.setFloat64(index * Float64Array.BYTES_PER_ELEMENT, value, true))
  return new Uint8Array(view.buffer)
}
