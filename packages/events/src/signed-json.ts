import { ed25519 } from '#crypto'
import { isJsonObject } from '@roomserver/types'
import { decodeBase64, encodeBase64 } from './json/base64.ts'
import { type Members, memberValue, withoutMembers } from './json/members.ts'
import { refusedKeyReason } from './refused-keys.ts'
import { type EventJson, eventMembers } from './raw-event.ts'

const utf8 = new TextEncoder()

/** A server's key to sign with. */
export interface SigningKey {
  readonly server: string
  /** Such as `ed25519:1`. */
  readonly keyId: string
  /** The private key: 32 bytes, unpadded base64. */
  readonly seed: string
}

/**
 * Signs a text.
 *
 * @returns the signature, unpadded base64
 * @throws {TypeError} when the key's seed is not 32 bytes in base64
 */
export async function signText(text: string, key: SigningKey): Promise<string> {
  const seed = decodeBase64(key.seed)
  if (seed?.length !== 32) throw new TypeError(`the seed of ${key.keyId} is not 32 bytes in base64`)
  return encodeBase64(await ed25519.sign(seed, utf8.encode(text)))
}

/** Checks a signature of a text; key and signature in base64, padded or not. What is malformed is not good. */
export async function verifyText(text: string, signature: string, publicKey: string): Promise<boolean> {
  const key = decodeBase64(publicKey)
  const bytes = decodeBase64(signature)
  if (key === undefined || bytes === undefined) return false
  return ed25519.verify({ publicKey: key, signature: bytes, message: utf8.encode(text) })
}

/**
 * The signature of a JSON object other than an event (an event's covers its redacted form: {@link buildEvent}).
 * `signatures` and `unsigned` are not part of what is signed.
 *
 * @param object - JSON text, whose numbers are signed as they are written, or the object parsed from it
 * @returns the signature, unpadded base64
 * @throws {RoomserverError} MALFORMED_EVENT when `object` is not a JSON object
 * @see https://spec.matrix.org/v1.19/appendices/#signing-json
 */
export async function signJson(object: EventJson, key: SigningKey): Promise<string> {
  return signText(textToSign(eventMembers(object)), key)
}

/**
 * Checks the signature of a server on a JSON object other than an event. One by a key that is never believed
 * ({@link refusedKeyReason}) is not good.
 *
 * @param object - JSON text, or the object parsed from it
 * @param publicKey - base64
 * @throws {RoomserverError} MALFORMED_EVENT when `object` is not a JSON object
 * @see https://spec.matrix.org/v1.19/appendices/#checking-for-a-signature
 */
export async function verifyJson(
  object: EventJson,
  server: string,
  keyId: string,
  publicKey: string,
): Promise<boolean> {
  const members = eventMembers(object)
  const signature = member(member(memberValue(members, 'signatures'), server), keyId)
  if (refusedKeyReason(publicKey) !== undefined) return false
  return typeof signature === 'string' && verifyText(textToSign(members), signature, publicKey)
}

const NOT_SIGNED: ReadonlySet<string> = new Set(['signatures', 'unsigned'])

function textToSign(object: Members): string {
  return withoutMembers(object, NOT_SIGNED)
}

function member(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}
