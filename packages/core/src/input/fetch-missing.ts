import type { InputRoomEvent } from '@roomserver/api'
import type { EventId, RoomId } from '@roomserver/types'
import type { EventInput } from '../decide/event-input.ts'

/** What an event builds on and nobody here knows. */
export interface MissingEvents {
  readonly auth: readonly EventId[]
  readonly prev: readonly EventId[]
  readonly state: readonly EventId[]
}

/** What came of fetching. */
export type Fetched =
  /** What was missing is stored now, or enough of it. */
  | { readonly kind: 'filled' }
  /** The gap is too large; this is the state before the event, whose events are stored now. */
  | { readonly kind: 'state'; readonly eventIds: readonly EventId[] }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Gets events that an input builds on from other servers and gives them to the room on the ordinary way. Called outside
 * the room's queue: other events of the room go on meanwhile.
 *
 * @param origin - the server that sent us the event; empty: not known
 */
export type FetchMissing = (input: EventInput, missing: MissingEvents, origin: string) => Promise<Fetched>

/** Remembers events that wait for missing ones, so that they are tried again; what the input needs of that. */
export interface WaitingEvents {
  readonly jobs: {
    /** An event waits, before anything is fetched for it. */
    begin(eventId: EventId, roomId: RoomId, input: InputRoomEvent): Promise<void>
    /** An event was decided upon and does not wait any more. */
    end(eventId: EventId): Promise<void>
    /** An event was stored: those that wait for it are tried again. */
    arrived(eventId: EventId): void
    /** The process stops while an event waits. */
    interrupt(eventId: EventId): Promise<void>
    /** What an event lacks could not be fetched. */
    fail(eventId: EventId, reason: string, missing: readonly EventId[]): Promise<void>
  }
  readonly retries: {
    /** A room has changed: what waits in it may be tried again. */
    roomMoved(roomId: RoomId): void
  }
}
