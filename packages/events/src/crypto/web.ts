import { sha256 } from '@noble/hashes/sha2.js'
import { decodeBase64, encodeBase64 } from '../json/base64.ts'
import { type Ed25519, joined, PKCS8_PREFIX } from './port.ts'
import { isStrictSignature } from './strict-signature.ts'

const utf8 = new TextEncoder()

function digest(data: string | Uint8Array): Uint8Array {
  return sha256(typeof data === 'string' ? utf8.encode(data) : data)
}

/** SHA-256 of a text (as UTF-8) or bytes, in unpadded base64. */
export function sha256Base64(data: string | Uint8Array): string {
  return encodeBase64(digest(data))
}

/** SHA-256 of a text (as UTF-8) or bytes, in unpadded base64 with the URL-safe alphabet. */
export function sha256Base64Url(data: string | Uint8Array): string {
  return sha256Base64(data).replaceAll('+', '-').replaceAll('/', '_')
}

/** SHA-256 of a text (as UTF-8) or bytes, in lower-case hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return Array.from(digest(data), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Ed25519 of WebCrypto; fails with a `NotSupportedError` on a platform that has none. */
export const ed25519: Ed25519 = {
  async verify({ publicKey, signature, message }) {
    if (!isStrictSignature(publicKey, signature)) return false
    try {
      const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify'])
      return await crypto.subtle.verify('Ed25519', key, signature, message)
    } catch (error) {
      // Anything else is a key that is none.
      if (error instanceof Error && error.name === 'NotSupportedError') throw error
      return false
    }
  },
  async sign(seed, message) {
    const key = await privateKey(seed, false)
    return new Uint8Array(await crypto.subtle.sign('Ed25519', key, message))
  },
  async publicKey(seed) {
    const { x } = await crypto.subtle.exportKey('jwk', await privateKey(seed, true))
    return decodeBase64(x ?? '') ?? new Uint8Array()
  },
}

function privateKey(seed: Uint8Array, extractable: boolean) {
  return crypto.subtle.importKey('pkcs8', joined(PKCS8_PREFIX, seed), 'Ed25519', extractable, ['sign'])
}
