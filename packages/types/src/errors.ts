import type { EventId, RoomId } from './ids.ts'

/** What each failure carries, in the caller's terms. One line per code; `docs/errors.md` is printed from this file. */
export interface Failures {
  /** The request is not of the documented shape. */
  BAD_REQUEST: { readonly path: string; readonly expected: string }
  /** The request is of the documented shape, but there is no answer to what it asks for. */
  INVALID_ARGUMENT: { readonly argument: string; readonly expected: string }
  /** The event is not one that any room of its version could hold. Nothing was stored. */
  MALFORMED_EVENT: { readonly eventId?: EventId; readonly rule: string; readonly reason: string }
  /** No room of that ID is known here. */
  ROOM_NOT_FOUND: { readonly roomId: RoomId }
  /** The room version is not one of ours. */
  UNSUPPORTED_ROOM_VERSION: { readonly version: string }
  /** No event of that ID is known here. */
  EVENT_NOT_FOUND: { readonly eventId: EventId }
  /** Events that the new one builds on are unknown and nobody can be asked for them. */
  MISSING_EVENTS: { readonly roomId: RoomId; readonly eventIds: readonly EventId[] }
  /** The event breaks the rules of its room. */
  NOT_ALLOWED: { readonly eventId?: EventId; readonly rule: string; readonly reason: string }
  /** Another component is needed for this and none is configured. */
  COMPONENT_NOT_CONFIGURED: { readonly component: string; readonly operation: string }
  /** Another component did not answer as it should. */
  COMPONENT_FAILED: { readonly component: string; readonly operation: string; readonly reason: string }
  /** More is asked than the server takes at once; try again later. */
  OVERLOADED: { readonly what: string; readonly retryAfterMs: number }
  /** The room is set aside because of a fault; other rooms go on. */
  ROOM_QUARANTINED: { readonly roomId: RoomId; readonly reason: string }
  /** Outputs that were asked for are not kept any more: read the rooms anew, and go on with output `first`. */
  OUTPUTS_TRIMMED: { readonly after: number; readonly first: number }
  /** What is stored contradicts itself. */
  STORE_DAMAGED: { readonly what: string; readonly repair: string }
  /** The database has to be brought up to date before it is used like this. */
  DATABASE_TOO_OLD: { readonly found: number; readonly known: number }
  /** The database is newer than this program. */
  DATABASE_TOO_NEW: { readonly found: number; readonly known: number }
  /** The database does not answer, or its disk is full. */
  STORE_UNAVAILABLE: { readonly reason: string }
  /** A value in the configuration cannot be used. */
  BAD_CONFIGURATION: { readonly key: string; readonly line?: number; readonly expected: string }
  /** The server is stopping and takes no more work. */
  SHUTTING_DOWN: Readonly<Record<never, never>>
}

export type FailureCode = keyof Failures

/** A failure that a caller can act upon: a stable code, what it is about, and a sentence. */
export class RoomserverError<C extends FailureCode = FailureCode> extends Error {
  override readonly name = 'RoomserverError'
  readonly code: C
  readonly details: Failures[C]

  constructor(code: C, details: Failures[C], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.details = details
  }
}

/** Tells whether `error` is a {@link RoomserverError}, of the given code if one is named. */
export function isFailure<C extends FailureCode>(error: unknown, code?: C): error is RoomserverError<C> {
  return error instanceof RoomserverError && (code === undefined || error.code === code)
}
