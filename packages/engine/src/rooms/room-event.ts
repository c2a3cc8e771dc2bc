import type { HeaderedEvent } from '@roomserver/api'
import { isJsonObject, type JsonObject } from '@roomserver/types'

/**
 * An event in the form that clients get.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#room-event-format
 */
export interface RoomEvent {
  readonly event_id: string
  readonly room_id: string
  readonly sender: string
  readonly type: string
  /** Left out: not a state event. */
  readonly state_key?: string
  readonly content: JsonObject
  /** Milliseconds since the epoch, by the clock of the sender's server. */
  readonly origin_server_ts: number
  /** What a redaction redacts, in room versions before 11; later it is in the content. */
  readonly redacts?: string
  readonly unsigned?: JsonObject
}

/** An event as clients get it; what of it is not of the right type counts as missing. */
export function roomEventOf(
  { eventId, json }: Pick<HeaderedEvent, 'eventId' | 'json'>,
  roomId: string,
): RoomEvent {
  const event: unknown = JSON.parse(json)
  const { sender, type, state_key, content, origin_server_ts, redacts, unsigned } = isJsonObject(event)
    ? event
    : {}
  return {
    event_id: eventId,
    room_id: roomId,
    sender: typeof sender === 'string' ? sender : '',
    type: typeof type === 'string' ? type : '',
    ...(typeof state_key === 'string' && { state_key }),
    content: isJsonObject(content) ? content : {},
    origin_server_ts: typeof origin_server_ts === 'number' ? origin_server_ts : 0,
    ...(typeof redacts === 'string' && { redacts }),
    ...(isJsonObject(unsigned) && { unsigned }),
  }
}
