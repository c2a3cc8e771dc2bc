import { Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { isStrictSignature } from '@roomserver/events'
import type { VerifyEd25519 } from './port.ts'

const ORDER = Point.CURVE().n

/**
 * By `@noble/ed25519`, for platforms that verify signatures only beside the event loop; see {@link VerifyEd25519}. The
 * library's own `verify` multiplies both sides by the cofactor, which platforms do not.
 */
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  if (!isStrictSignature(publicKey, signature)) return false
  const hashed = sha512.create().update(signature.subarray(0, 32)).update(publicKey).update(message).digest()
  try {
    const r = Point.fromBytes(signature.subarray(0, 32))
    const key = Point.fromBytes(publicKey)
    const s = Point.BASE.multiplyUnsafe(littleEndian(signature.subarray(32)))
    return s.equals(r.add(key.multiplyUnsafe(littleEndian(hashed) % ORDER)))
  } catch {
    // The key or R is not a point of the curve.
    return false
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}
