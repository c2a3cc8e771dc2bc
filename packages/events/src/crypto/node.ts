import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import { type Ed25519, joined, PKCS8_PREFIX, SPKI_PREFIX } from './port.ts'

/** SHA-256 of a text (as UTF-8) or bytes, in unpadded base64. */
export function sha256Base64(data: string | Uint8Array): string {
  return hash('sha256', data, 'base64').slice(0, 43)
}

/** SHA-256 of a text (as UTF-8) or bytes, in unpadded base64 with the URL-safe alphabet. */
export function sha256Base64Url(data: string | Uint8Array): string {
  return hash('sha256', data, 'base64url')
}

/** SHA-256 of a text (as UTF-8) or bytes, in lower-case hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex')
}

/** Ed25519 of `node:crypto`; checks run in libuv's threads. */
export const ed25519: Ed25519 = {
  verify: ({ publicKey, signature, message }) =>
    new Promise((resolve) => {
      if (publicKey.length !== 32 || signature.length !== 64) return resolve(false)
      const key = createPublicKey({
        key: Buffer.from(joined(SPKI_PREFIX, publicKey)),
        format: 'der',
        type: 'spki',
      })
      verify(null, message, key, signature, (error, good) => resolve(error === null && good))
    }),
  sign: async (seed, message) => new Uint8Array(sign(null, message, privateKey(seed))),
  publicKey: async (seed) =>
    new Uint8Array(createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(-32)),
}

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(joined(PKCS8_PREFIX, seed)), format: 'der', type: 'pkcs8' })
}
