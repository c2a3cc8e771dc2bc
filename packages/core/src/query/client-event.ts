import type { ClientEvent } from '@roomserver/api'
import { type EventText, isJsonObject, type JsonObject, type JsonValue, type RoomId } from '@roomserver/types'

/** An event in the form that clients get. @see https://spec.matrix.org/v1.19/client-server-api/#room-event-format */
export function clientEvent(
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
