import * as nodeCrypto from 'node:crypto'
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { requireNode } from '@roomserver/types'
import { exampleCheck } from './platform.ts'
import { type Ed25519, joined, PKCS8_PREFIX, type SignatureCheck, SPKI_PREFIX } from './port.ts'
import { isStrictSignature } from './strict-signature.ts'

// Not imported by its name, which an older Node.js does not know: it would fail before it can be told why.
const { hash } = nodeCrypto
if (typeof hash !== 'function') requireNode(22, '@roomserver/events')

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
  verify: async (check) => {
    if (!isStrictSignature(check.publicKey, check.signature)) return false
    try {
      return await verifyWithKey(check)
    } catch (error) {
      await expectEd25519(error)
      return false
    }
  },
  sign: (seed, message) => Promise.resolve(new Uint8Array(sign(null, message, privateKey(seed)))),
  publicKey: (seed) => {
    const spki = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' })
    return Promise.resolve(new Uint8Array(spki.subarray(-32)))
  },
}

/** Node says by the result that a key is not a point of the curve; Deno throws. */
function verifyWithKey({ publicKey, message, signature }: SignatureCheck): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(null, message, keyOf(publicKey), signature, (error, good) =>
      error === null ? resolve(good) : reject(error),
    )
  })
}

const expectEd25519 = exampleCheck(verifyWithKey)

/** Making a key takes a fifth of the time of a check and more than signing, and a few servers send most of the events. */
const keys = new Map<string, KeyObject>()
const MAX_KEYS = 1_000

function keyOf(publicKey: Uint8Array): KeyObject {
  return keptKey(joined(SPKI_PREFIX, publicKey), (key) =>
    createPublicKey({ key, format: 'der', type: 'spki' }),
  )
}

function privateKey(seed: Uint8Array): KeyObject {
  return keptKey(joined(PKCS8_PREFIX, seed), (key) => createPrivateKey({ key, format: 'der', type: 'pkcs8' }))
}

/** @param der - what the key is made from; its prefix tells public from private ones */
function keptKey(der: Uint8Array, make: (der: Buffer) => KeyObject): KeyObject {
  const bytes = Buffer.from(der)
  const name = bytes.toString('latin1')
  const known = keys.get(name)
  if (known !== undefined) return known
  const key = make(bytes)
  for (const oldest of keys.keys()) {
    if (keys.size < MAX_KEYS) break
    keys.delete(oldest)
  }
  keys.set(name, key)
  return key
}
