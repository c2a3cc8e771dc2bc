import { type JsonObject, RoomserverError } from '@roomserver/types'
import { checkRules, type RoomVersionRules } from '@roomserver/version'
import { canonicalJson } from './json/canonical-json.ts'
import { type Members, memberText, memberValue } from './json/members.ts'
import { readCanonical } from './json/reader.ts'

/**
 * An event as an object: an interface of one's own will do. A {@link Pdu} is none; its `json` is the event.
 */
export interface EventObject {
  readonly type?: unknown
  readonly content?: unknown
  readonly eventId?: never
  readonly json?: never
}

/** An event in the federation format: its JSON text, canonical or not, or the object parsed from it. */
export type EventJson = string | JsonObject | EventObject

/**
 * The members of an event or another JSON object; lenient, since whoever comes here has checked it or doesn't want to.
 *
 * @throws {RoomserverError} MALFORMED_EVENT when it is not a JSON object
 */
export function eventMembers(event: string | object): Members {
  const read = readCanonical(typeof event === 'string' ? event : canonicalJson(event, 'lenient'), 'lenient')
  return read.ok && read.spans
    ? { text: read.text, spans: read.spans }
    : malformed('json', read.ok ? 'it is not a JSON object' : read.reason)
}

/**
 * {@link federationMembers} of an event whose ID is asked for. In most room versions it is a hash of all of these members, and
 * a hash of the others would be the ID of no event.
 *
 * @throws {RoomserverError} MALFORMED_EVENT
 */
export function hashedMembers(event: EventJson, rules: RoomVersionRules): Members {
  checkRules('rules', rules)
  const members = federationMembers(event, rules)
  if (rules.eventId === 'domain') return members
  const lacks = ['auth_events', 'prev_events'].filter((name) => memberText(members, name) === undefined)
  if (lacks.length > 0)
    malformed(`format.${lacks[0]}`, `it has no ${lacks.join(' and no ')}, which its ID is made of`)
  return members
}

/**
 * {@link eventMembers} of an event that has to be in the format of servers. Clients get events with other members: what is
 * hashed of those is not the event.
 *
 * @param rules - `undefined`: the caller has none, and it is told by the looks of the event
 * @throws {RoomserverError} MALFORMED_EVENT when it is not a JSON object, or in the format of clients
 */
export function federationMembers(event: EventJson, rules: RoomVersionRules | undefined): Members {
  if (rules !== undefined) checkRules('rules', rules)
  const members = eventMembers(event)
  const id = memberValue(members, 'event_id')
  if (id === undefined) return members
  const isHashed = rules === undefined ? isHash(id) : rules.eventId !== 'domain'
  const lacks = ['auth_events', 'prev_events'].filter((name) => memberText(members, name) === undefined)
  if (isHashed)
    malformed('format.event_id', `${CLIENT_FORMAT}: it has an event_id, which is a hash and not a member`)
  if (lacks.length > 0)
    malformed(`format.${lacks[0]}`, `${CLIENT_FORMAT}: it has no ${lacks.join(' and no ')}`)
  return members
}

const CLIENT_FORMAT = 'it is in the format of clients, not that of servers'

/** Whether an ID is that of an event of room version 3 or later. */
function isHash(id: unknown): boolean {
  return typeof id === 'string' && /^\$[A-Za-z0-9+/_-]{43}$/.test(id)
}

/** @throws {RoomserverError} MALFORMED_EVENT */
export function malformed(rule: string, reason: string): never {
  throw new RoomserverError('MALFORMED_EVENT', { rule, reason }, `the event is malformed: ${reason}`)
}
