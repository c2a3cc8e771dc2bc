import type { ClientEvent } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'

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

/** Few events have any, so the text is not parsed without need. */
function unsignedOf(json: string): JsonObject | null {
  if (!json.includes('"unsigned":')) return null
  const event = JSON.parse(json) as JsonValue
  const unsigned = isJsonObject(event) ? event['unsigned'] : undefined
  return isJsonObject(unsigned) ? unsigned : null
}
