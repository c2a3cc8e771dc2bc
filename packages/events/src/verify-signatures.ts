import { invalidArgument, type JsonValue, serverOf } from '@roomserver/types'
import { signedText } from './hashes.ts'
import { memberValue } from './json/members.ts'
import type { Pdu } from './pdu.ts'
import { eventMembers } from './event-members.ts'
import { stateOfContent } from './raw-event.ts'
import { refusedKeyReason } from './refused-keys.ts'
import { signersOf } from './required-signatures.ts'
import { verifyText } from './signed-json.ts'
import { signaturesOf } from './signing-keys.ts'
import { checkPdu, TextPdu } from './text-pdu.ts'

/** A server's public key and when it was in use; times in ms since the epoch. */
export interface VerifyKey {
  /** 32 bytes, base64. */
  readonly key: string
  /** Until when the server vouches for the key; 0 for an old key, whose `expiredTs` counts. */
  readonly validUntilTs: number
  /** Since when the server doesn't use the key any more. */
  readonly expiredTs?: number | undefined
}

/** Finds a server's key; `undefined` when it isn't known. */
export type KeyFinder = (server: string, keyId: string) => VerifyKey | undefined

/** A {@link KeyFinder} that may have to fetch the key; `createKeyFinder` makes one. */
export type AsyncKeyFinder = (
  server: string,
  keyId: string,
) => VerifyKey | undefined | Promise<VerifyKey | undefined>

/** How far into the future a key counts as valid at most, whatever its server says: 7 days, in ms. */
export const KEY_VALIDITY_CAP_MS = 7 * 24 * 3_600_000

/** Whether an event carries the signatures that it needs; if not, whose is missing and why. */
export type SignatureVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly server: string; readonly reason: string }

/**
 * Checks that every server that must have signed an event has done so. Of each one's signatures those by keys that are
 * not known or had expired before the event are passed over, and all others must be good; one at least. Which keys it
 * looks for is what {@link neededKeys} tells. Signatures cover what redaction leaves of an event; so the rest is compared
 * with the content hash, unless `parsePdu` has done that. A key with the ID `ed25519:policy_server` is not an exception: `findKey` knows it if the server publishes it as its own.
 *
 * @param now - in ms since the epoch; keys are valid for {@link KEY_VALIDITY_CAP_MS} from then at most, so that one that
 *   was stolen cannot be used for longer. Left out, they are as long as their server says.
 * @throws {RoomserverError} INVALID_ARGUMENT, also when `findKey` gives something other than a key; PLATFORM_UNSUPPORTED
 * @see https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
 * @example
 * ```ts
 * import { createKeyFinder, type Pdu, verifySignatures } from '@roomserver/events'
 *
 * declare const event: Pdu
 * const findKey = createKeyFinder({
 *   fetchKeys: async (server) => (await fetch(`https://${server}/_matrix/key/v2/server`)).text(),
 * })
 * const verdict = await verifySignatures(event, findKey, Date.now())
 * console.log(verdict.ok ? 'signed' : verdict.reason)
 * ```
 */
export async function verifySignatures(
  event: Pdu,
  findKey: AsyncKeyFinder,
  now = Number.POSITIVE_INFINITY,
): Promise<SignatureVerdict> {
  checkPdu('event', event)
  if (typeof findKey !== 'function') throw invalidArgument('findKey', 'a function that finds keys')
  if (typeof now !== 'number' || Number.isNaN(now))
    throw invalidArgument('now', 'milliseconds since the epoch')
  const members = eventMembers(event.json)
  const signatures = memberValue(members, 'signatures')
  const text = signedText(members, event.rules)
  for (const server of signersOf(event)) {
    if (server === undefined)
      return { ok: false, server: '', reason: 'the event does not name the servers that must sign it' }
    const reason = await signatureFault(event, text, signaturesOf(signatures, server), async (keyId) =>
      capped(checkedKey(await findKey(server, keyId)), now),
    )
    if (reason !== undefined) return { ok: false, server, reason }
  }
  if (TextPdu.isContentChecked(event) || stateOfContent(members, event.rules) !== 'changed')
    return { ok: true }
  const reason = 'the content does not match the content hash, which is what the signatures cover'
  return { ok: false, server: serverOf(event.sender) ?? '', reason }
}

function checkedKey(key: VerifyKey | undefined): VerifyKey | undefined {
  if (key === undefined) return undefined
  const { expiredTs = 0, key: bytes, validUntilTs } = key ?? {}
  const isKey = typeof bytes === 'string' && typeof validUntilTs === 'number' && typeof expiredTs === 'number'
  if (isKey) return key
  throw invalidArgument(
    'findKey',
    'a function that gives { key, validUntilTs }, or undefined for an unknown key',
  )
}

async function signatureFault(
  event: Pdu,
  text: string,
  signatures: readonly (readonly [string, JsonValue | undefined])[],
  findKey: (keyId: string) => Promise<VerifyKey | undefined>,
): Promise<string | undefined> {
  let missing: string | undefined = 'the event has no signature of this server'
  for (const [keyId, signature] of signatures) {
    const key = await findKey(keyId)
    if (key === undefined || !wasValid(key, event)) {
      const state = key === undefined ? 'is not known' : `was not valid at ${event.originServerTs}`
      missing &&= `the key ${keyId} ${state}`
      continue
    }
    const refused = refusedKeyReason(key.key)
    if (refused !== undefined) return `the key ${keyId} is never trusted: ${refused}`
    const isGood = typeof signature === 'string' && (await verifyText(text, signature, key.key))
    if (!isGood) return `the signature with ${keyId} is wrong`
    missing = undefined
  }
  return missing
}

/**
 * A key as valid as it is believed to be. An old one, which its server does not use any more, is not capped.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v5/#signing-key-validity-period
 */
function capped(key: VerifyKey | undefined, now: number): VerifyKey | undefined {
  const latest = now + KEY_VALIDITY_CAP_MS
  return key === undefined || key.validUntilTs <= latest ? key : { ...key, validUntilTs: latest }
}

/** A key that expired in the millisecond of the event had not expired prior to it. */
function wasValid(key: VerifyKey, event: Pdu): boolean {
  if (event.rules.signingKeyValidity === 'ignored') return true
  return event.originServerTs <= (key.expiredTs ?? key.validUntilTs)
}
