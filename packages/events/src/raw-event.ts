import { type EventId, invalidArgument, isJsonObject } from '@roomserver/types'
import { checkRules, type RoomVersionRules } from '@roomserver/version'
import { type EventJson, eventMembers, federationMembers, hashedMembers } from './event-members.ts'
import { checkPdu, pduOf } from './text-pdu.ts'
import {
  contentHash as hashOf,
  contentHashMatches,
  eventIdOf as idOf,
  referenceHash as referenceOf,
} from './hashes.ts'
import { type Members, membersOf, withoutMembers } from './json/members.ts'
import type { Pdu } from './pdu.ts'
import { authTextLost, redactedText } from './redaction.ts'

/**
 * A Pdu of an event that needs no checks: it comes from our own store, or the caller answers for it. Members that are
 * missing or of a wrong type read as empty or 0. What clients get is made into one by `pduFromClientEvent`.
 *
 * @throws {RoomserverError} MALFORMED_EVENT when `event` is not a JSON object; INVALID_ARGUMENT
 */
export function trustedPdu(event: EventJson, eventId: EventId, rules: RoomVersionRules): Pdu {
  if (typeof eventId !== 'string') throw invalidArgument('eventId', 'the ID of the event')
  checkRules('rules', rules)
  return pduOf(eventMembers(event), eventId, rules)
}

/**
 * The content hash of an event, which belongs into its `hashes.sha256`: unpadded base64.
 *
 * @throws {RoomserverError} MALFORMED_EVENT when `event` is not a JSON object, or in the format of clients
 * @see https://spec.matrix.org/v1.19/server-server-api/#calculating-the-content-hash-for-an-event
 */
export function contentHash(event: EventJson): string {
  return hashOf(federationMembers(event, undefined))
}

/**
 * The reference hash of an event: unpadded base64, with the URL-safe alphabet from room version 4 on.
 *
 * @throws {RoomserverError} MALFORMED_EVENT when `event` is not a JSON object, or in the format of clients
 * @see https://spec.matrix.org/v1.19/server-server-api/#calculating-the-reference-hash-for-an-event
 */
export function referenceHash(event: EventJson, rules: RoomVersionRules): string {
  return referenceOf(hashedMembers(event, rules), rules)
}

/**
 * The ID of an event: its own `event_id` in room versions 1 and 2, its reference hash later.
 *
 * @throws {RoomserverError} MALFORMED_EVENT when `event` is not a JSON object, or in the format of clients: the hash is
 *   that of the format of servers
 * @see https://spec.matrix.org/v1.19/rooms/v4/#event-ids
 * @example
 * ```ts
 * import { eventIdOf } from '@roomserver/events'
 * import { requireRoomVersion } from '@roomserver/version'
 *
 * declare const json: string // an event as servers send it
 * console.log(eventIdOf(json, requireRoomVersion('11')))
 * ```
 */
export function eventIdOf(event: EventJson, rules: RoomVersionRules): EventId {
  return idOf(hashedMembers(event, rules), rules)
}

/**
 * The redacted form of an event, canonical JSON without `unsigned`. `hashes` and `signatures` stay, and stay good.
 *
 * @throws {RoomserverError} MALFORMED_EVENT when `event` is not a JSON object, or in the format of clients, which
 *   `redactClientEvent` is for
 * @see https://spec.matrix.org/v1.19/rooms/v11/#redactions
 */
export function redactJson(event: EventJson, rules: RoomVersionRules): string {
  checkRules('rules', rules)
  return redactedText(federationMembers(event, rules), rules)
}

/**
 * The redacted form of an event. Its ID stays the same; redacting it again changes nothing.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is not a Pdu
 * @example
 * ```ts
 * import { type Pdu, redactEvent } from '@roomserver/events'
 *
 * declare const event: Pdu
 * console.log(redactEvent(event).content)
 * ```
 */
export function redactEvent(event: Pdu): Pdu {
  checkPdu('event', event)
  return pduOf(
    membersOf(redactedText(eventMembers(event.json), event.rules)) ?? eventMembers('{}'),
    event.eventId,
    event.rules,
  )
}

/**
 * What the content hash says of a stored event: it is as its author made it; it is what a redaction leaves of it, which the
 * hash cannot tell anything about; or it was changed.
 *
 * @throws {RoomserverError} MALFORMED_EVENT when `event` is not a JSON object
 */
export function contentState(event: EventJson, rules: RoomVersionRules): 'whole' | 'redacted' | 'changed' {
  checkRules('rules', rules)
  return stateOfContent(federationMembers(event, rules), rules)
}

/** {@link contentState} of an event that is known to be in the format of servers. */
export function stateOfContent(members: Members, rules: RoomVersionRules): 'whole' | 'redacted' | 'changed' {
  const redacted = redactedText(members, rules)
  const isRedacted = withoutMembers(members, UNSIGNED) === redacted
  if (isRedacted) return 'redacted'
  return contentHashMatches(members) ? 'whole' : 'changed'
}

const UNSIGNED: ReadonlySet<string> = new Set(['unsigned'])

/**
 * What of an event the authorization rules read that its redaction takes away, for {@link authPdu}.
 *
 * @throws {RoomserverError} MALFORMED_EVENT when `event` is not a JSON object
 */
export function authContentLost(event: EventJson, rules: RoomVersionRules): string {
  checkRules('rules', rules)
  return authTextLost(eventMembers(event), rules)
}

/**
 * A redacted event as the authorization rules read it: with what {@link authContentLost} kept for them. Verdicts follow
 * from what events said when they came, and nobody else is shown this; its `json` is the redacted event.
 */
export function authPdu(redacted: Pdu, authContent: string): Pdu {
  const lost: unknown = JSON.parse(authContent)
  const { content, redacts = redacted.redacts } = isJsonObject(lost) ? lost : {}
  return {
    eventId: redacted.eventId,
    roomId: redacted.roomId,
    rules: redacted.rules,
    type: redacted.type,
    stateKey: redacted.stateKey,
    sender: redacted.sender,
    depth: redacted.depth,
    originServerTs: redacted.originServerTs,
    prevEvents: redacted.prevEvents,
    authEvents: redacted.authEvents,
    json: redacted.json,
    redacts: typeof redacts === 'string' ? redacts : undefined,
    content: { ...redacted.content, ...(isJsonObject(content) && content) },
  }
}
