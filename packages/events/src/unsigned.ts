import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import type { EventFields } from './event-fields.ts'
import { canonicalJson } from './json/canonical-json.ts'
import { mapMembers, type Members, membersOf, withMember } from './json/members.ts'
import type { Pdu } from './pdu.ts'
import { trustedPdu } from './raw-event.ts'

/**
 * The event with other `unsigned` data: what servers tell each other beside an event, covered by no hash and no
 * signature. Its ID stays the same.
 */
export function withUnsigned(event: Pdu, unsigned: JsonObject): Pdu {
  const json = withMember(event.json, 'unsigned', canonicalJson(unsigned, 'lenient'))
  return trustedPdu(json, event.eventId, event.rules)
}

/**
 * What another server may say in an event's `unsigned`, and what it has to be. The rest is a server's own to tell its
 * clients (`redacted_because`, `replaces_state`, `transaction_id`, `membership`, …) and is left out: consumers would take
 * it for ours.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#pdus
 */
const ALLOWED: ReadonlyMap<string, (value: JsonValue | undefined) => boolean> = new Map([
  ['age', Number.isInteger],
])
/** Beside that, in membership events: the stripped state for who is invited, or knocks. */
const ALLOWED_OF_MEMBERS: typeof ALLOWED = new Map([
  ...ALLOWED,
  ['invite_room_state', isStrippedState],
  ['knock_room_state', isStrippedState],
])

/** A list; servers of 2022 write an object where there is none. */
function isStrippedState(value: JsonValue | undefined): boolean {
  return Array.isArray(value) || (isJsonObject(value) && Object.keys(value).length === 0)
}

/** The event with only what another server may say in its `unsigned`; the same event where there is nothing else. */
export function withAllowedUnsigned(event: Members, { type, unsigned }: EventFields): Members {
  if (unsigned === undefined || unsigned === '{}') return event
  const said: unknown = JSON.parse(unsigned)
  const members = isJsonObject(said) ? Object.entries(said) : []
  const allowed = type === 'm.room.member' ? ALLOWED_OF_MEMBERS : ALLOWED
  const kept = members.filter(([name, value]) => allowed.get(name)?.(value) === true)
  if (kept.length === members.length) return event
  const text = canonicalJson(Object.fromEntries(kept), 'lenient')
  return membersOf(mapMembers(event, (name) => (name === 'unsigned' ? text : true))) ?? event
}
