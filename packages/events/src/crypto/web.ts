import { sha256 } from '@noble/hashes/sha2.js'
import { decodeBase64, encodeBase64 } from '../json/base64.ts'
import { exampleCheck, withoutEd25519 } from './platform.ts'
import { type Ed25519, joined, PKCS8_PREFIX, type SignatureCheck } from './port.ts'
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

/** Ed25519 of WebCrypto, which browsers have on pages over HTTPS (and on localhost) only. */
export const ed25519: Ed25519 = {
  async verify(check) {
    if (!isStrictSignature(check.publicKey, check.signature)) return false
    try {
      return await verifyWithKey(check)
    } catch (error) {
      await expectEd25519(error)
      // A key that is not one.
      return false
    }
  },
  async sign(seed, message) {
    const key = await privateKey(seed, false)
    return new Uint8Array(await subtle().sign('Ed25519', key, message))
  },
  async publicKey(seed) {
    const { x } = await subtle().exportKey('jwk', await privateKey(seed, true))
    return decodeBase64(x ?? '') ?? new Uint8Array()
  },
}

async function verifyWithKey({ publicKey, signature, message }: SignatureCheck): Promise<boolean> {
  const key = await subtle().importKey('raw', publicKey, 'Ed25519', false, ['verify'])
  return await subtle().verify('Ed25519', key, signature, message)
}

const expectEd25519 = exampleCheck(verifyWithKey)

/** @throws {RoomserverError} PLATFORM_UNSUPPORTED */
function subtle(): typeof crypto.subtle {
  // Its type says that it is always there; on pages over plain HTTP it is not.
  const found: typeof crypto.subtle | undefined = globalThis.crypto?.subtle
  if (found === undefined)
    throw withoutEd25519(
      'there is no crypto.subtle; browsers have it on pages over HTTPS and on localhost only',
    )
  return found
}

async function privateKey(seed: Uint8Array, extractable: boolean) {
  try {
    return await subtle().importKey('pkcs8', joined(PKCS8_PREFIX, seed), 'Ed25519', extractable, ['sign'])
  } catch (error) {
    await expectEd25519(error)
    throw error
  }
}
