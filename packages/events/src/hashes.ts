import { sha256Base64, sha256Base64Url } from '#crypto'
import type { EventId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { isSameBase64 } from './json/base64.ts'
import { type Members, memberText, memberValue, withoutMembers } from './json/members.ts'
import { redactedText } from './redaction.ts'

const NOT_HASHED: ReadonlySet<string> = new Set(['hashes', 'signatures', 'unsigned'])

/**
 * The content hash of an event, which belongs into its `hashes.sha256`: unpadded base64.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#calculating-the-content-hash-for-an-event
 */
export function contentHash(event: Members): string {
  return sha256Base64(withoutMembers(event, NOT_HASHED))
}

/**
 * Whether the event's `hashes.sha256`, decoded, is its content hash.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
 */
export function contentHashMatches(event: Members): boolean {
  const hash = contentHash(event)
  const text = memberText(event, 'hashes')
  if (text === undefined || text === `{"sha256":"${hash}"}`) return text !== undefined
  const hashes: unknown = JSON.parse(text)
  if (typeof hashes !== 'object' || hashes === null || !('sha256' in hashes)) return false
  return typeof hashes.sha256 === 'string' && isSameBase64(hashes.sha256, hash)
}

/** What servers sign of an event, and what its reference hash is made of: the redacted event without signatures. */
export function signedText(event: Members, rules: RoomVersionRules): string {
  return redactedText(event, rules, 'without')
}

/**
 * The reference hash of an event: unpadded base64, with the URL-safe alphabet from room version 4 on.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#calculating-the-reference-hash-for-an-event
 */
export function referenceHash(event: Members, rules: RoomVersionRules): string {
  const text = signedText(event, rules)
  return rules.eventId === 'hash-base64url' ? sha256Base64Url(text) : sha256Base64(text)
}

/**
 * The ID of an event: its own `event_id` in room versions 1 and 2, its reference hash later.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v4/#event-ids
 */
export function eventIdOf(event: Members, rules: RoomVersionRules): EventId {
  if (rules.eventId !== 'domain') return `$${referenceHash(event, rules)}`
  const id = memberValue(event, 'event_id')
  return typeof id === 'string' ? id : ''
}
