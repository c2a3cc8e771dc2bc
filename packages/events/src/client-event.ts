import {
  type EventId,
  invalidArgument,
  isJsonObject,
  type JsonObject,
  type RoomId,
  type RoomVersionId,
} from '@roomserver/types'
import { type RoomVersionRules, rulesArgument } from '@roomserver/version'
import { eventMembers } from './event-members.ts'
import { canonicalJson } from './json/canonical-json.ts'
import { parseJson } from './json/parse.ts'
import type { Pdu } from './pdu.ts'
import { redactedText } from './redaction.ts'
import { pduOf } from './text-pdu.ts'

/**
 * An event as clients get it, from `/sync` (without `room_id`), `/messages` or `/state`. Interfaces of one's own, and those
 * of client libraries, satisfy it.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#room-event-format
 */
export interface ClientEvent {
  readonly event_id: EventId
  readonly type: string
  readonly sender: string
  readonly content: object
  /** Left out: not a state event. */
  readonly state_key?: string | undefined
  /** Events of `/sync` have none. */
  readonly room_id?: RoomId | undefined
  readonly origin_server_ts?: number | undefined
  /** What a redaction redacts, in room versions before 11. */
  readonly redacts?: EventId | undefined
}

/** What a client event does not say itself. */
export interface ClientEventContext {
  /** The version of the room, or its rules. */
  readonly version: RoomVersionId | RoomVersionRules
  /** The room; needed where the event does not name it. */
  readonly roomId?: RoomId | undefined
}

/**
 * A {@link Pdu} of an event that clients get, for the functions that ask whether something is allowed. It is as good as the
 * server that it came from: what clients get has no hashes and no auth events, so nothing about it can be verified.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when a member is missing, or the event is of another room than `roomId`;
 *   UNSUPPORTED_ROOM_VERSION; MALFORMED_EVENT
 * @example
 * ```ts
 * import { pduFromClientEvent } from '@roomserver/events'
 *
 * const event = {
 *   event_id: '$1',
 *   type: 'm.room.topic',
 *   sender: '@alice:example.org',
 *   state_key: '',
 *   content: { topic: 'Tea' },
 * }
 * console.log(pduFromClientEvent(event, { version: '11', roomId: '!room:example.org' }).stateKey)
 * ```
 */
export function pduFromClientEvent(event: ClientEvent, context: ClientEventContext): Pdu {
  const { version, roomId } = context ?? {}
  const rules = rulesArgument('version', version)
  checkClientEvent('event', event)
  const { event_id: eventId, type, sender, content, state_key, origin_server_ts, redacts } = event
  const room = event.room_id ?? roomId
  if (typeof room !== 'string' || room === '')
    throw invalidArgument('roomId', 'the room of the event, which events of /sync do not name')
  if (roomId !== undefined && room !== roomId)
    throw invalidArgument('event', `an event of ${roomId}, not of ${room}`)
  const isCreate = rules.roomId === 'create-hash' && type === 'm.room.create'
  const named = {
    ...(rules.eventId === 'domain' && { event_id: eventId }),
    ...(!isCreate && { room_id: room }),
  }
  const members = { ...named, type, sender, state_key, content, origin_server_ts, redacts }
  const pdu = pduOf(eventMembers(members), eventId, rules)
  if (pdu.roomId !== room)
    throw invalidArgument(
      'event',
      `the create event of ${room}; the ID of this one makes it that of ${pdu.roomId}`,
    )
  return pdu
}

/**
 * What a redaction leaves of an event that clients get: its `event_id`, `room_id` and what its room version keeps.
 *
 * @param because - the redaction, which is put into `unsigned.redacted_because` as servers do
 * @throws {RoomserverError} INVALID_ARGUMENT when a member is missing; UNSUPPORTED_ROOM_VERSION; MALFORMED_EVENT
 * @see https://spec.matrix.org/v1.19/client-server-api/#redactions
 * @example
 * ```ts
 * import { redactClientEvent } from '@roomserver/events'
 *
 * const event = { event_id: '$1', type: 'm.room.message', sender: '@eve:evil.org', content: { body: 'Buy!' } }
 * console.log(redactClientEvent(event, '11').content) // {}
 * ```
 */
export function redactClientEvent(
  event: ClientEvent,
  version: RoomVersionId | RoomVersionRules,
  because?: ClientEvent,
): ClientEvent & { readonly content: JsonObject; readonly unsigned?: JsonObject } {
  const rules = rulesArgument('version', version)
  checkClientEvent('event', event)
  if (because !== undefined) checkClientEvent('because', because)
  const redacted = parseJson(redactedText(eventMembers(event), rules))
  const { content, ...kept } = isJsonObject(redacted) ? redacted : {}
  const { event_id, type, sender, room_id } = event
  return {
    ...kept,
    event_id,
    type,
    sender,
    ...(room_id !== undefined && { room_id }),
    content: isJsonObject(content) ? content : {},
    ...(because !== undefined && { unsigned: { redacted_because: plain(because) } }),
  }
}

function plain(event: ClientEvent): JsonObject {
  const copy = parseJson(canonicalJson(event, 'lenient'))
  return isJsonObject(copy) ? copy : {}
}

/** Checks what callers without types may leave out, or take from an event in another format. */
function checkClientEvent(argument: string, event: ClientEvent): void {
  if (typeof event !== 'object' || event === null)
    throw invalidArgument(argument, 'an event as clients get it')
  for (const name of ['event_id', 'type', 'sender'] as const) {
    if (typeof event[name] !== 'string') throw invalidArgument(`${argument}.${name}`, 'a string')
  }
  if (!isJsonObject(event.content)) throw invalidArgument(`${argument}.content`, 'an object')
  for (const name of ['state_key', 'redacts'] as const) {
    if (event[name] !== undefined && typeof event[name] !== 'string')
      throw invalidArgument(`${argument}.${name}`, 'a string, if there is one')
  }
}
