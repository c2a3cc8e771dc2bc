import { isAuthoredEventId, isJsonObject, isLongerThan, isUserId, type JsonObject } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { EventFields } from './event-fields.ts'
import { MAX_AUTH_EVENTS, MAX_ID_BYTES, MAX_PREV_EVENTS } from './limits.ts'

/** Why an event is none: the rule by a stable name, and a sentence. */
export interface FormatFault {
  readonly rule: string
  readonly reason: string
}

/**
 * What the specification asks of any event, before anybody looks at its room.
 *
 * @returns the first rule that the event breaks; undefined for a well-formed one
 * @see https://spec.matrix.org/v1.19/rooms/v11/#event-format-1
 */
export function formatFault(event: EventFields, rules: RoomVersionRules): FormatFault | undefined {
  return (
    idFault('type', event.type) ??
    (event.state_key === undefined ? undefined : idFault('state_key', event.state_key)) ??
    idFault('sender', event.sender) ??
    senderFault(event.sender as string) ??
    roomIdFault(event, rules) ??
    eventIdFault(event, rules) ??
    depthFault(event.depth) ??
    timestampFault(event.origin_server_ts) ??
    objectFault('content', event.content) ??
    hashesFault(event.hashes) ??
    signaturesFault(event.signatures) ??
    objectFault('unsigned', event.unsigned ?? '{}') ??
    referencesFault('prev_events', event.prev_events, MAX_PREV_EVENTS, rules) ??
    referencesFault('auth_events', event.auth_events, MAX_AUTH_EVENTS, rules) ??
    createReferenceFault(event, rules)
  )
}

function fault(name: string, reason: string): FormatFault {
  return { rule: `format.${name}`, reason: `${name} ${reason}` }
}

function idFault(name: string, value: unknown): FormatFault | undefined {
  if (value === undefined) return fault(name, 'is missing')
  if (typeof value !== 'string') return fault(name, 'is not a string')
  return isLongerThan(value, MAX_ID_BYTES) ? fault(name, `has more than ${MAX_ID_BYTES} bytes`) : undefined
}

function senderFault(sender: string): FormatFault | undefined {
  return isUserId(sender) ? undefined : fault('sender', 'is not a user ID')
}

function roomIdFault({ type, room_id }: EventFields, rules: RoomVersionRules): FormatFault | undefined {
  if (room_id === undefined && type === 'm.room.create' && rules.roomId === 'create-hash') return undefined
  const wrong = idFault('room_id', room_id)
  if (wrong) return wrong
  const roomId = room_id as string
  const hasServer = rules.roomId === 'create-hash' || roomId.includes(':')
  const isRoomId = roomId.startsWith('!') && hasServer && !roomId.includes('\0')
  return isRoomId ? undefined : fault('room_id', 'is not a room ID')
}

function eventIdFault({ event_id }: EventFields, rules: RoomVersionRules): FormatFault | undefined {
  if (rules.eventId !== 'domain') {
    return event_id === undefined
      ? undefined
      : fault('event_id', 'is not a member in this room version: the ID is a hash')
  }
  const wrong = idFault('event_id', event_id)
  if (wrong) return wrong
  return isAuthoredEventId(event_id as string) ? undefined : fault('event_id', 'is not an event ID')
}

/** Integers up to 2^63 - 1; strict versions have already refused those beyond 2^53 - 1. */
function depthFault(depth: string | undefined): FormatFault | undefined {
  if (depth === undefined) return fault('depth', 'is missing')
  if (!/^\d+$/.test(depth)) return fault('depth', 'is not a non-negative integer')
  const isTooGreat = depth.length > 19 || (depth.length === 19 && depth > '9223372036854775807')
  return isTooGreat ? fault('depth', 'is beyond 2^63 - 1') : undefined
}

function timestampFault(ts: string | undefined): FormatFault | undefined {
  if (ts === undefined) return fault('origin_server_ts', 'is missing')
  return /^-?\d+$/.test(ts) ? undefined : fault('origin_server_ts', 'is not an integer')
}

function objectFault(name: string, value: string | undefined): FormatFault | undefined {
  if (value === undefined) return fault(name, 'is missing')
  return value.startsWith('{') ? undefined : fault(name, 'is not an object')
}

/** The hash may be a wrong one, or of the wrong length: then the event is taken in its redacted form. */
function hashesFault(hashes: string | undefined): FormatFault | undefined {
  const wrong = objectFault('hashes', hashes)
  if (wrong || hashes === undefined) return wrong
  const { sha256 } = JSON.parse(hashes) as JsonObject
  return typeof sha256 === 'string' ? undefined : fault('hashes', 'has no sha256 that is a string')
}

/** Who signed what need not be known, but it has to be names of servers, IDs of keys and texts. */
function signaturesFault(signatures = '{}'): FormatFault | undefined {
  const wrong = objectFault('signatures', signatures)
  if (wrong) return wrong
  const servers = Object.values(JSON.parse(signatures) as JsonObject)
  const isWhole = servers.every(isMapOfTexts)
  return isWhole ? undefined : fault('signatures', 'has an entry that is not a signature')
}

function isMapOfTexts(value: unknown): boolean {
  return isJsonObject(value) && Object.values(value).every(isText)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function referencesFault(
  name: string,
  list: unknown,
  most: number,
  rules: RoomVersionRules,
): FormatFault | undefined {
  if (list === undefined) return fault(name, 'is missing')
  if (!Array.isArray(list)) return fault(name, 'is not a list')
  if (list.length > most) return fault(name, `has ${list.length} entries, more than ${most}`)
  const isReference = rules.eventRefs === 'id' ? isText : isPair
  return list.every(isReference) ? undefined : fault(name, 'has an entry that does not refer to an event')
}

function isPair(entry: unknown): boolean {
  return Array.isArray(entry) && entry.length === 2 && isText(entry[0]) && isMapOfTexts(entry[1])
}

/** In version 12 the room ID names the create event; referencing it as well is refused. */
function createReferenceFault(event: EventFields, rules: RoomVersionRules): FormatFault | undefined {
  if (rules.roomId !== 'create-hash' || typeof event.room_id !== 'string') return undefined
  const referenced = event.auth_events as readonly unknown[]
  return referenced.includes(`$${event.room_id.slice(1)}`)
    ? fault('auth_events', 'names the create event, which the room ID does already')
    : undefined
}
