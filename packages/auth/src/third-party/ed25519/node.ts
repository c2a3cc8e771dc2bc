import { createPublicKey, verify } from 'node:crypto'
import { ED25519_EXAMPLE, isStrictSignature, withoutEd25519 } from '@roomserver/events'
import type { VerifyEd25519 } from './port.ts'

/** What precedes the 32 bytes of a public key in SubjectPublicKeyInfo. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** By `node:crypto`; see {@link VerifyEd25519}. */
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  if (!isStrictSignature(publicKey, signature)) return false
  try {
    return verifyWithKey(publicKey, message, signature)
  } catch (error) {
    // The key is not a point of the curve, unless the platform cannot verify anything.
    expectEd25519(error)
    return false
  }
}

function verifyWithKey(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = Buffer.concat([SPKI_PREFIX, publicKey])
  return verify(null, message, createPublicKey({ key, format: 'der', type: 'spki' }), signature)
}

let works: boolean | undefined

/** @throws {RoomserverError} PLATFORM_UNSUPPORTED when an example that is good is not found good */
function expectEd25519(cause: unknown): void {
  works ??= isExampleGood()
  if (!works) throw withoutEd25519(cause instanceof Error ? cause.message : String(cause), cause)
}

function isExampleGood(): boolean {
  const { publicKey, message, signature } = ED25519_EXAMPLE
  try {
    return verifyWithKey(publicKey, message, signature)
  } catch {
    return false
  }
}
