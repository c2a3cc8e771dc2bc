import type { z } from 'zod'
import { once } from './endpoint.ts'
import { HeaderedEvent } from './events.ts'
import { BodySize } from './limits.ts'
import { bool, int, list, orNull, serverName, struct, text } from './wire/builders.ts'

/** How an event relates to the room's graph. */
export const InputKind = {
  /** Kept beside the graph: its state is not known. */
  outlier: 1,
  /** Belongs to the end of the graph: may change forward extremities and current state. */
  new: 2,
  /** Belongs into the past of the graph: changes neither. */
  old: 3,
} as const

/** Which request of a client made the event, so that a repeated request is known again. */
export const TransactionId = struct('api.TransactionID', {
  session_id: int('The session of the device.', 'int64'),
  id: text('What the client calls its transaction, in at most 1,024 bytes.'),
})
export type TransactionId = z.infer<typeof TransactionId>

/** One event that is given to the room server. */
export const InputRoomEvent = struct('api.InputRoomEvent', {
  kind: int('1 outlier, 2 new, 3 old. Others are refused, event by event.', 'api.Kind'),
  event: orNull(HeaderedEvent),
  origin: serverName('The server that sent it to us; empty for our own.'),
  has_state: bool('`state_event_ids` is the state before the event, and is not to be worked out.'),
  state_event_ids: list(text(), 'State before the event; the events must have been given before.'),
  send_as_server: text('In whose name to send it to other servers; empty: not at all.'),
  transaction_id: orNull(TransactionId),
})
export type InputRoomEvent = z.infer<typeof InputRoomEvent>

/** Body of a request of `inputRoomEvents`. Gives events to the room server. */
export const InputRoomEventsRequest = struct('api.InputRoomEventsRequest', {
  input_room_events: list(InputRoomEvent, 'Taken in this order within each room.'),
  async: bool('Answer as soon as the events are safely queued.'),
})
export type InputRoomEventsRequest = z.infer<typeof InputRoomEventsRequest>

/** Answer of `inputRoomEvents`. */
export const InputRoomEventsResponse = struct('api.InputRoomEventsResponse', {
  ErrMsg: text('Empty when all went well.'),
  NotAllowed: bool('Whether an event was refused by the rules of its room.'),
})
export type InputRoomEventsResponse = z.infer<typeof InputRoomEventsResponse>

/** Operations that bring events in. */
export const inputEndpoints = {
  /** Gives events to the room server. */
  inputRoomEvents: once({
    path: '/roomserver/inputRoomEvents',
    request: InputRoomEventsRequest,
    response: InputRoomEventsResponse,
    summary: 'Gives events to the room server.',
    description:
      'Synchronous: answered when every event is decided upon; `ErrMsg` tells of the first that failed, and the others are stored all the same. Asynchronous: answered when the events are safely queued. The same event twice is stored once.',
    maxBodyBytes: BodySize.events,
    timeoutMs: 600_000,
  }),
}
