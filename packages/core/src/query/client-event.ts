import type { ClientEvent } from '@roomserver/api'
import {
  type EventRecord,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type RoomId,
} from '@roomserver/types'

/** An event in the form that clients get. @see https://spec.matrix.org/v1.16/client-server-api/#room-event-format */
export function clientEvent(record: EventRecord, roomId: RoomId): ClientEvent {
  const event = JSON.parse(record.json) as JsonObject
  return {
    content: objectAt(event['content']) ?? {},
    event_id: record.eventId,
    origin_server_ts: Number(event['origin_server_ts']),
    room_id: roomId,
    sender: textAt(event['sender']),
    state_key: typeof event['state_key'] === 'string' ? event['state_key'] : null,
    type: textAt(event['type']),
    unsigned: objectAt(event['unsigned']) ?? null,
    redacts: textAt(event['redacts']),
  }
}

function textAt(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function objectAt(value: JsonValue | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined
}
