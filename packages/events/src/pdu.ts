import type { EventId, JsonObject, RoomId, UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'

/**
 * An event of a room as servers exchange it (persistent data unit), parsed and checked for its format.
 *
 * It keeps its text and the few members that the rules read; `content` is parsed when it is first asked for.
 * Immutable; compare by `eventId`.
 */
export interface Pdu {
  readonly eventId: EventId
  /** Taken from the event; for the create event of a version 12 room, made from its own ID. */
  readonly roomId: RoomId
  readonly rules: RoomVersionRules
  readonly type: string
  /** `undefined`: no state event. */
  readonly stateKey: string | undefined
  readonly sender: UserId
  /** As its author claims it; 2^53 - 1 for anything greater, which old room versions let authors say. */
  readonly depth: number
  /** As its author claims it; the nearest double where old room versions have greater ones ({@link compareOriginServerTs}). */
  readonly originServerTs: number
  readonly prevEvents: readonly EventId[]
  readonly authEvents: readonly EventId[]
  /** What an m.room.redaction redacts, from where its room version keeps it. */
  readonly redacts: EventId | undefined
  readonly content: JsonObject
  /** The event in the federation format, canonical JSON with `unsigned` kept if it came with one. */
  readonly json: string
}
