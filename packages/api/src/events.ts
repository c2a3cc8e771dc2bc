import * as z from 'zod'
import { annotate } from './wire/annotation.ts'
import { eventValue, int, jsonObject, omitZero, orNull, struct, text } from './wire/builders.ts'

/**
 * An event with its room version and ID, in process.
 *
 * `json` is the *text* of the event in the federation format, and not an object, for two reasons: parsing JSON loses
 * what the event's checks need (integers beyond 2^53, `1.0`, `-0`, duplicate members), and an answer with 50,000
 * events is a matter of writing texts out. On the wire it is that object with `_room_version` and `_event_id` as
 * last members; the codec cuts them out of the text on the way in (nothing else is touched: order, white space and
 * numbers are the sender's) and puts them in on the way out. Coming in, `json` is valid JSON and an object, and
 * nothing else is known of it: `roomVersion` may be no version, `eventId` may be a lie, both may be empty.
 */
export interface HeaderedEvent {
  readonly roomVersion: string
  readonly eventId: string
  /** Exactly one JSON object without space around it. */
  readonly json: string
}

export const HeaderedEvent: z.ZodType<HeaderedEvent> = z
  .object({ roomVersion: z.string(), eventId: z.string(), json: z.string() })
  .describe('An event in the federation format with `_room_version` and `_event_id` as last members.')
annotate(HeaderedEvent, { kind: 'event', go: 'gomatrixserverlib.HeaderedEvent' })

/** An event and its reference hash; on the wire `["$id", {"sha256": "…"}]`. */
export interface EventReference {
  readonly eventId: string
  /** Unpadded base64. */
  readonly sha256: string
}

export const EventReference: z.ZodType<EventReference> = z
  .object({ eventId: z.string(), sha256: z.string() })
  .describe('The pair of an event ID and an object with its reference hash, in every room version.')
annotate(EventReference, { kind: 'event-reference', go: 'gomatrixserverlib.EventReference' })

/** An event as clients see it. @see https://spec.matrix.org/v1.19/client-server-api/#room-event-format */
export const ClientEvent = struct('gomatrixserverlib.ClientEvent', {
  content: jsonObject(),
  event_id: omitZero(text()),
  origin_server_ts: omitZero(int('Milliseconds since the epoch.', 'gomatrixserverlib.Timestamp')),
  room_id: omitZero(text()),
  sender: omitZero(text()),
  state_key: omitZero(orNull(text())),
  type: text(),
  unsigned: omitZero(orNull(jsonObject())),
  redacts: omitZero(text()),
})
export type ClientEvent = z.infer<typeof ClientEvent>

/** The few members of a state event that let somebody outside tell what room it is. */
export const StrippedState = struct(
  'gomatrixserverlib.InviteV2StrippedState',
  { content: eventValue(), state_key: orNull(text()), type: text(), sender: text() },
  String.raw`struct { Content gomatrixserverlib.RawJSON "json:\"content\""; StateKey *string "json:\"state_key\""; Type string "json:\"type\""; Sender string "json:\"sender\"" }`,
)
export type StrippedState = z.infer<typeof StrippedState>

/** Names an entry of a room's state. */
export const StateKeyTuple = struct('gomatrixserverlib.StateKeyTuple', {
  EventType: text('Event type; `*` is any where wildcards are allowed.'),
  StateKey: text('State key; `*` is any where wildcards are allowed.'),
})
export type StateKeyTuple = z.infer<typeof StateKeyTuple>
