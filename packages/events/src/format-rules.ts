import { isJsonObject, isServerName, serverOf } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { MAX_AUTH_EVENTS, MAX_EVENT_BYTES, MAX_ID_BYTES, MAX_PREV_EVENTS } from './limits.ts'
import { type Members, memberText, memberValue } from './members.ts'

/** Why an event is none: the rule by a stable name, and a sentence. */
export interface FormatFault {
  readonly rule: string
  readonly reason: string
}

/**
 * What the specification asks of any event, before anybody looks at its room.
 *
 * @returns the first rule that the event breaks; undefined for a well-formed one
 * @see https://spec.matrix.org/v1.16/rooms/v11/#event-format-1
 */
export function formatFault(event: Members, rules: RoomVersionRules): FormatFault | undefined {
  return (
    sizeFault(event) ??
    idFault(event, 'type', true) ??
    idFault(event, 'state_key', false) ??
    senderFault(event) ??
    roomIdFault(event, rules) ??
    eventIdFault(event, rules) ??
    depthFault(event) ??
    timestampFault(event) ??
    objectFault(event, 'content', true) ??
    objectFault(event, 'hashes', true) ??
    objectFault(event, 'signatures', false) ??
    objectFault(event, 'unsigned', false) ??
    referencesFault(event, 'prev_events', MAX_PREV_EVENTS, rules) ??
    referencesFault(event, 'auth_events', MAX_AUTH_EVENTS, rules) ??
    createCitedFault(event, rules)
  )
}

function fault(name: string, reason: string): FormatFault {
  return { rule: `format.${name}`, reason: `${name} ${reason}` }
}

function sizeFault({ text }: Members): FormatFault | undefined {
  const bytes = utf8Length(text)
  if (bytes <= MAX_EVENT_BYTES) return undefined
  return { rule: 'format.size', reason: `the event has ${bytes} bytes, more than ${MAX_EVENT_BYTES}` }
}

function idFault(event: Members, name: string, required: boolean): FormatFault | undefined {
  const value = memberValue(event, name)
  if (value === undefined) return required ? fault(name, 'is missing') : undefined
  if (typeof value !== 'string') return fault(name, 'is no string')
  const bytes = utf8Length(value)
  return bytes > MAX_ID_BYTES ? fault(name, `has ${bytes} bytes, more than ${MAX_ID_BYTES}`) : undefined
}

function senderFault(event: Members): FormatFault | undefined {
  const wrong = idFault(event, 'sender', true)
  if (wrong) return wrong
  const sender = memberValue(event, 'sender') as string
  const server = serverOf(sender)
  const isUserId = sender.startsWith('@') && server !== undefined && isServerName(server)
  return isUserId ? undefined : fault('sender', 'is no user ID')
}

function roomIdFault(event: Members, rules: RoomVersionRules): FormatFault | undefined {
  const named = rules.roomId === 'create-hash' && memberText(event, 'type') === '"m.room.create"'
  const wrong = idFault(event, 'room_id', !named)
  if (wrong) return wrong
  const roomId = memberValue(event, 'room_id') as string | undefined
  if (roomId === undefined) return undefined
  const isRoomId = roomId.startsWith('!') && (rules.roomId === 'create-hash' || roomId.includes(':'))
  return isRoomId ? undefined : fault('room_id', 'is no room ID')
}

function eventIdFault(event: Members, rules: RoomVersionRules): FormatFault | undefined {
  if (rules.eventId === 'domain') return idFault(event, 'event_id', true)
  return memberText(event, 'event_id') === undefined
    ? undefined
    : fault('event_id', 'is a hash in this room version and cannot be in the event')
}

/** Integers up to 2^63 - 1; strict versions have already refused those beyond 2^53 - 1. */
function depthFault(event: Members): FormatFault | undefined {
  const depth = memberText(event, 'depth')
  if (depth === undefined) return fault('depth', 'is missing')
  if (!/^\d+$/.test(depth)) return fault('depth', 'is no whole number')
  const isTooGreat = depth.length > 19 || (depth.length === 19 && depth > '9223372036854775807')
  return isTooGreat ? fault('depth', 'is beyond 2^63 - 1') : undefined
}

function timestampFault(event: Members): FormatFault | undefined {
  const ts = memberText(event, 'origin_server_ts')
  if (ts === undefined) return fault('origin_server_ts', 'is missing')
  return /^-?\d+$/.test(ts) ? undefined : fault('origin_server_ts', 'is no integer')
}

function objectFault(event: Members, name: string, required: boolean): FormatFault | undefined {
  const text = memberText(event, name)
  if (text === undefined) return required ? fault(name, 'is missing') : undefined
  return text.startsWith('{') ? undefined : fault(name, 'is no object')
}

function referencesFault(
  event: Members,
  name: string,
  most: number,
  rules: RoomVersionRules,
): FormatFault | undefined {
  const list = memberValue(event, name)
  if (list === undefined) return fault(name, 'is missing')
  if (!Array.isArray(list)) return fault(name, 'is no list')
  if (list.length > most) return fault(name, `has ${list.length} entries, more than ${most}`)
  const isReference = rules.eventRefs === 'id' ? isEventId : isPair
  return list.every(isReference) ? undefined : fault(name, 'holds something that refers to no event')
}

function isEventId(entry: unknown): boolean {
  return typeof entry === 'string'
}

function isPair(entry: unknown): boolean {
  return Array.isArray(entry) && entry.length === 2 && isEventId(entry[0]) && isJsonObject(entry[1])
}

/** In version 12 the room ID names the create event; citing it as well is refused. */
function createCitedFault(event: Members, rules: RoomVersionRules): FormatFault | undefined {
  if (rules.roomId !== 'create-hash') return undefined
  const roomId = memberValue(event, 'room_id')
  const cited = memberValue(event, 'auth_events') as readonly unknown[]
  return typeof roomId === 'string' && cited.includes(`$${roomId.slice(1)}`)
    ? fault('auth_events', 'names the create event, which the room ID does already')
    : undefined
}

/** Bytes of a well-formed text in UTF-8. */
function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    // Each half of a surrogate pair counts two of the pair's four bytes.
    if (c >= 0x80) bytes += c < 0x800 || (c >= 0xd800 && c < 0xe000) ? 1 : 2
  }
  return bytes
}
