import { canonicalizeJson, decodeBase64, type Pdu } from '@roomserver/events'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { verifyEd25519 } from '#ed25519'
import type { VerifyEd25519 } from './ed25519/port.ts'

/** How many pairs of key and signature are tried; a real invite has two keys and one signature. */
const MAX_TRIES = 32
/** How much is hashed for them in all; the signed part of a real invite has some 200 bytes. */
const MAX_HASHED_BYTES = 128 * 1024
/** Of base64 with padding and to spare; a signature takes 86 characters. */
const MAX_TEXT_LENGTH = 100

/** What was found of an invite and the event that it goes back to, for as long as both are at hand. */
const known = new WeakMap<Pdu, WeakMap<Pdu, boolean>>()

/**
 * Tells whether the signed part of an invite carries a signature by one of the public keys in the
 * `m.room.third_party_invite` event that it goes back to. A pair of events is looked at once: a resolution may judge the
 * same invite for each event that comes.
 *
 * @param verify - how a signature is verified; the platform's way unless said otherwise
 * @see https://spec.matrix.org/v1.19/client-server-api/#third-party-invites
 */
export function isSignedByInvite(event: Pdu, invite: Pdu, verify: VerifyEd25519 = verifyEd25519): boolean {
  let ofEvent = known.get(event)
  if (ofEvent === undefined) known.set(event, (ofEvent = new WeakMap()))
  let isSigned = ofEvent.get(invite)
  if (isSigned === undefined) ofEvent.set(invite, (isSigned = isSignedBy(signedPart(event), invite, verify)))
  return isSigned
}

/** The most signatures that checking an event can need: each costs as much as checking some ordinary events. */
export function signatureChecksIn({ content, type }: Pick<Pdu, 'content' | 'type'>): number {
  if (type !== 'm.room.member' || content['membership'] !== 'invite') return 0
  return content['third_party_invite'] === undefined ? 0 : MAX_TRIES
}

/** `content.third_party_invite.signed` of an invite. */
export function signedPart({ content }: Pick<Pdu, 'content'>): JsonObject | undefined {
  const part = content['third_party_invite']
  const signed = isJsonObject(part) ? part['signed'] : undefined
  return isJsonObject(signed) ? signed : undefined
}

function isSignedBy(signed: JsonObject | undefined, invite: Pdu, verify: VerifyEd25519): boolean {
  if (signed === undefined) return false
  const signatures = [...signaturesIn(signed)]
  const message = signatures.length === 0 ? undefined : signedText(signed)
  if (message === undefined) return false
  let tries = 0
  for (const key of keysIn(invite.content)) {
    for (const signature of signatures) {
      if (++tries > MAX_TRIES || tries * message.length > MAX_HASHED_BYTES) return false
      if (verify(key, message, signature)) return true
    }
  }
  return false
}

function* keysIn(content: JsonObject): Generator<Uint8Array> {
  const { public_key: single, public_keys: several } = content
  const listed = Array.isArray(several)
    ? several.map((entry) => (isJsonObject(entry) ? entry['public_key'] : undefined))
    : []
  for (const text of [single, ...listed]) {
    const key = bytesOf(text, 32)
    if (key !== undefined) yield key
  }
}

function* signaturesIn(signed: JsonObject): Generator<Uint8Array> {
  const { signatures } = signed
  if (!isJsonObject(signatures)) return
  for (const ofServer of Object.values(signatures)) {
    if (!isJsonObject(ofServer)) continue
    for (const [keyId, text] of Object.entries(ofServer)) {
      const signature = keyId.startsWith('ed25519:') ? bytesOf(text, 64) : undefined
      if (signature !== undefined) yield signature
    }
  }
}

function signedText(signed: JsonObject): Uint8Array | undefined {
  const { signatures: _, unsigned: __, ...rest } = signed
  const canonical = canonicalizeJson(JSON.stringify(rest), 'lenient')
  return canonical.ok ? new TextEncoder().encode(canonical.text) : undefined
}

function bytesOf(text: JsonValue | undefined, length: number): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length > MAX_TEXT_LENGTH) return undefined
  const bytes = decodeBase64(text)
  return bytes?.length === length ? bytes : undefined
}
