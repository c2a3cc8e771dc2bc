import { createPublicKey, verify } from 'node:crypto'
import { isStrictSignature } from '@roomserver/events'
import type { VerifyEd25519 } from './port.ts'

/** What precedes the 32 bytes of a public key in SubjectPublicKeyInfo. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** By `node:crypto`; see {@link VerifyEd25519}. */
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  if (!isStrictSignature(publicKey, signature)) return false
  const der = Buffer.concat([SPKI_PREFIX, publicKey])
  try {
    return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
  } catch {
    // The key is not a point of the curve.
    return false
  }
}
