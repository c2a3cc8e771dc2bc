import { ed25519 } from '#crypto'
import { type Bytes, invalidArgument, isJsonObject, isServerName } from '@roomserver/types'
import { decodeBase64, encodeBase64 } from './json/base64.ts'
import { type Members, memberText, memberValue, withoutMembers } from './json/members.ts'
import { refusedKeyReason } from './refused-keys.ts'
import { eventMembers } from './event-members.ts'

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
 * Checks that an argument is a key to sign with.
 *
 * @returns the seed
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export function checkKey(key: SigningKey): Bytes {
  if (typeof key?.server !== 'string' || !isServerName(key.server))
    throw invalidArgument('key.server', 'the name of the server whose key it is')
  if (typeof key.keyId !== 'string' || !key.keyId.startsWith('ed25519:'))
    throw invalidArgument('key.keyId', 'the ID of a key, such as ed25519:1')
  const seed = typeof key.seed === 'string' ? decodeBase64(key.seed) : undefined
  if (seed?.length === 32) return seed
  throw invalidArgument('key.seed', 'the private key: 32 bytes in base64')
}

/**
 * Signs a text.
 *
 * @returns the signature, unpadded base64
 * @throws {RoomserverError} INVALID_ARGUMENT when the key is not one
 */
export async function signText(text: string, key: SigningKey): Promise<string> {
  const seed = checkKey(key)
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
 * @throws {RoomserverError} MALFORMED_EVENT when `object` is not a JSON object; INVALID_ARGUMENT when it is an event, or the
 *   key is not one
 * @see https://spec.matrix.org/v1.19/appendices/#signing-json
 * @example
 * ```ts
 * import { signJson } from '@roomserver/events'
 *
 * const key = { server: 'example.org', keyId: 'ed25519:1', seed: 'A'.repeat(43) }
 * const signature = await signJson({ valid_until_ts: 1_800_000_000_000 }, key)
 * console.log({ 'example.org': { 'ed25519:1': signature } })
 * ```
 */
export async function signJson(object: string | object, key: SigningKey): Promise<string> {
  const members = eventMembers(object)
  if (isEvent(members)) throw invalidArgument('object', 'JSON other than an event; signEvent signs events')
  return signText(textToSign(members), key)
}

/** Whether an object is an event in the federation format. */
function isEvent(object: Members): boolean {
  return ['auth_events', 'prev_events', 'hashes'].every((name) => memberText(object, name) !== undefined)
}

/**
 * Checks the signature of a server on a JSON object other than an event. One by a key that is never believed
 * ({@link refusedKeyReason}) is not good.
 *
 * @param object - JSON text, or the object parsed from it
 * @param publicKey - base64
 * @throws {RoomserverError} MALFORMED_EVENT when `object` is not a JSON object; INVALID_ARGUMENT when it is an event
 * @see https://spec.matrix.org/v1.19/appendices/#checking-for-a-signature
 */
export async function verifyJson(
  object: string | object,
  server: string,
  keyId: string,
  publicKey: string,
): Promise<boolean> {
  for (const [argument, value] of Object.entries({ server, keyId, publicKey })) {
    if (typeof value !== 'string') throw invalidArgument(argument, 'a string')
  }
  const members = eventMembers(object)
  const signature = member(member(memberValue(members, 'signatures'), server), keyId)
  if (refusedKeyReason(publicKey) !== undefined) return false
  if (isEvent(members))
    throw invalidArgument('object', 'JSON other than an event; verifySignatures is for events')
  return typeof signature === 'string' && verifyText(textToSign(members), signature, publicKey)
}

const NOT_SIGNED: ReadonlySet<string> = new Set(['signatures', 'unsigned'])

/** What a signature of a JSON object covers. */
export function textToSign(object: Members): string {
  return withoutMembers(object, NOT_SIGNED)
}

function member(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}
