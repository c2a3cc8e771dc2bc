import type { ClientEvent } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { type EventText, isJsonObject, type JsonObject, type JsonValue, type RoomId } from '@roomserver/types'

/** An event in the form that clients get. @see https://spec.matrix.org/v1.16/client-server-api/#room-event-format */
export function clientEvent(pdu: Pdu): ClientEvent {
  return {
    content: pdu.content,
    event_id: pdu.eventId,
    origin_server_ts: pdu.originServerTs,
    room_id: pdu.roomId,
    sender: pdu.sender,
    state_key: pdu.stateKey ?? null,
    type: pdu.type,
    unsigned: unsignedOf(pdu.json),
    redacts: pdu.redacts ?? '',
  }
}

/** The same of an event that is not worth parsing for more than this. */
export function clientEventOfText(
  { eventId, json }: Pick<EventText, 'eventId' | 'json'>,
  roomId: RoomId,
): ClientEvent {
  const event = JSON.parse(json) as JsonObject
  const { content, unsigned, origin_server_ts: time, sender, state_key: key, type, redacts } = event
  return {
    content: isJsonObject(content) ? content : {},
    event_id: eventId,
    origin_server_ts: typeof time === 'number' ? time : 0,
    room_id: roomId,
    sender: textOr(sender, ''),
    state_key: textOr(key, null),
    type: textOr(type, ''),
    unsigned: isJsonObject(unsigned) ? unsigned : null,
    redacts: textOr(redacts, ''),
  }
}

function textOr<Other>(value: JsonValue | undefined, other: Other): string | Other {
  return typeof value === 'string' ? value : other
}

/** Few events have any, so the text is not parsed without need. */
function unsignedOf(json: string): JsonObject | null {
  if (!json.includes('"unsigned":')) return null
  const event = JSON.parse(json) as JsonValue
  const unsigned = isJsonObject(event) ? event['unsigned'] : undefined
  return isJsonObject(unsigned) ? unsigned : null
}
