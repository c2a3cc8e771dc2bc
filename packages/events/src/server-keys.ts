import {
  invalidArgument,
  isJsonObject,
  isServerName,
  type JsonObject,
  type JsonValue,
} from '@roomserver/types'
import { decodeBase64 } from './json/base64.ts'
import { eventMembers } from './event-members.ts'
import { memberValue } from './json/members.ts'
import { refusedKeyReason } from './refused-keys.ts'
import { textToSign, verifyText } from './signed-json.ts'
import { KEY_VALIDITY_CAP_MS, type VerifyKey } from './verify-signatures.ts'

/** The keys that a server published, as far as they are believed. */
export interface ServerKeys {
  readonly server: string
  /** Until when the answer counts: as long as the server says, {@link KEY_VALIDITY_CAP_MS} at the most. */
  readonly validUntilTs: number
  /** By key ID; keys that are not used any more among them. */
  readonly keys: ReadonlyMap<string, VerifyKey>
}

/** The keys of a server, or why what it answered is not believed. */
export type ServerKeysVerdict =
  | { readonly ok: true; readonly keys: ServerKeys }
  | { readonly ok: false; readonly reason: string }

/**
 * Reads what a server answers to `/_matrix/key/v2/server`. It has to name the server, and be signed with at least one of the
 * keys that it lists, and with all of those that it has signatures of.
 *
 * @param document - the answer: its JSON text, or the object parsed from it
 * @param server - the server that was asked for its keys
 * @param now - milliseconds since the epoch: keys are believed for 7 days from then at the most
 * @throws {RoomserverError} INVALID_ARGUMENT, PLATFORM_UNSUPPORTED
 * @see https://spec.matrix.org/v1.19/server-server-api/#publishing-keys
 * @example
 * ```ts
 * import { readServerKeys } from '@roomserver/events'
 *
 * const answer = await fetch('https://example.org/_matrix/key/v2/server')
 * const verdict = await readServerKeys(await answer.text(), 'example.org', Date.now())
 * console.log(verdict.ok ? 'believed' : verdict.reason)
 * ```
 */
export async function readServerKeys(
  document: string | object,
  server: string,
  now: number,
): Promise<ServerKeysVerdict> {
  if (typeof server !== 'string' || !isServerName(server)) throw invalidArgument('server', 'a server name')
  if (!Number.isFinite(now)) throw invalidArgument('now', 'milliseconds since the epoch')
  const members = membersIn(document)
  if (members === undefined) return bad('it is not a JSON object')
  if (memberValue(members, 'server_name') !== server) return bad(`its server_name is not ${server}`)
  const validUntil = memberValue(members, 'valid_until_ts')
  if (typeof validUntil !== 'number') return bad('valid_until_ts is not a number')
  const current = keysIn(memberValue(members, 'verify_keys'))
  const signatures = objectIn(objectIn(memberValue(members, 'signatures'))[server])
  const text = textToSign(members)
  let isSigned = false
  for (const [keyId, { key }] of current) {
    const signature = Object.hasOwn(signatures, keyId) ? signatures[keyId] : undefined
    if (signature === undefined) continue
    if (typeof signature !== 'string' || !(await verifyText(text, signature, key)))
      return bad(`its signature with ${keyId} is wrong`)
    isSigned = true
  }
  if (!isSigned) return bad('it is not signed with any of the keys that it lists')
  const validUntilTs = Math.min(validUntil, now + KEY_VALIDITY_CAP_MS)
  const keys = new Map<string, VerifyKey>()
  for (const [keyId, { key, expired_ts }] of keysIn(memberValue(members, 'old_verify_keys'))) {
    if (typeof expired_ts === 'number') keys.set(keyId, { key, validUntilTs: 0, expiredTs: expired_ts })
  }
  for (const [keyId, { key }] of current) keys.set(keyId, { key, validUntilTs })
  return { ok: true, keys: { server, validUntilTs, keys } }
}

/** How many keys of a server are looked at; servers have one or two. */
const MAX_KEYS = 100

type PublishedKey = JsonObject & { readonly key: string }

/** Keys by ID; what is not an Ed25519 key, or never believed, is left out. */
function keysIn(value: unknown): readonly (readonly [string, PublishedKey])[] {
  return Object.entries(objectIn(value))
    .slice(0, MAX_KEYS)
    .filter((entry): entry is [string, PublishedKey] => entry[0].startsWith('ed25519:') && isKey(entry[1]))
}

function isKey(value: JsonValue | undefined): value is PublishedKey {
  const key = isJsonObject(value) ? value['key'] : undefined
  return typeof key === 'string' && decodeBase64(key)?.length === 32 && refusedKeyReason(key) === undefined
}

function objectIn(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}

function membersIn(document: string | object) {
  try {
    return eventMembers(document)
  } catch {
    return undefined
  }
}

function bad(reason: string): ServerKeysVerdict {
  return { ok: false, reason: `the answer with the keys is not believed: ${reason}` }
}
