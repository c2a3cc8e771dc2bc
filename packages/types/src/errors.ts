import type { EventId, RoomId } from './ids.ts'

/** What each failure carries, in the caller's terms. One line per code; `docs/errors.md` is printed from this file. */
export interface Failures {
  /** The request is not of the documented shape. */
  BAD_REQUEST: { readonly path: string; readonly expected: string }
  /** An argument is not what the function takes, or a request names something that does not exist or cannot be answered. */
  INVALID_ARGUMENT: { readonly argument: string; readonly expected: string }
  /** The event is not valid in its room version. It was not stored. */
  MALFORMED_EVENT: { readonly eventId?: EventId; readonly rule: string; readonly reason: string }
  /** This server does not know a room with that ID. */
  ROOM_NOT_FOUND: { readonly roomId: RoomId }
  /** This program does not support the room version. */
  UNSUPPORTED_ROOM_VERSION: { readonly version: string }
  /** This server does not know an event with that ID. */
  EVENT_NOT_FOUND: { readonly eventId: EventId }
  /** The event was deleted, or the states at it were, when the history of its room was purged. */
  EVENT_PURGED: { readonly eventId: EventId }
  /** Events that are needed are not known: prev events or auth events of an event, or what a state resolution is about. */
  MISSING_EVENTS: { readonly roomId: RoomId; readonly eventIds: readonly EventId[] }
  /** The authorization rules of the room do not allow the event. */
  NOT_ALLOWED: { readonly eventId?: EventId; readonly rule: string; readonly reason: string }
  /** The operation needs another component, which is not configured. */
  COMPONENT_NOT_CONFIGURED: { readonly component: string; readonly operation: string }
  /** Another component failed, did not answer, or sent an invalid answer. */
  COMPONENT_FAILED: { readonly component: string; readonly operation: string; readonly reason: string }
  /** The server is at a limit of concurrent work; retry after the given time. */
  OVERLOADED: { readonly what: string; readonly retryAfterMs: number }
  /** The room is quarantined after a fault and refuses input for a while; other rooms are not affected. */
  ROOM_QUARANTINED: { readonly roomId: RoomId; readonly reason: string }
  /** An operator blocked the room, or purges it: it takes no new events, and no user of this server joins it. */
  ROOM_BLOCKED: { readonly roomId: RoomId; readonly reason: string }
  /** Outputs that were asked for have been deleted: read the rooms again, and continue with output `first`. */
  OUTPUTS_TRIMMED: { readonly after: number; readonly first: number }
  /** The output log did not give the position: it is beyond the end, or of outputs that a restore of the database lost. Read the rooms again, and continue behind `last`. */
  OUTPUTS_POSITION_UNKNOWN: { readonly after: number; readonly first: number; readonly last: number }
  /** Stored data is damaged; `repair` says what to do. */
  STORE_DAMAGED: { readonly what: string; readonly repair: string }
  /** The database has to be migrated before it can be used in this way. */
  DATABASE_TOO_OLD: { readonly found: number; readonly known: number }
  /** The database was changed by a newer, incompatible version of this program. */
  DATABASE_TOO_NEW: { readonly found: number; readonly known: number }
  /** Other processes use the database that would not understand it after the migration: stop them first. */
  DATABASE_IN_USE: { readonly found: number; readonly known: number; readonly connections: number }
  /** The database is unreachable, locked or out of disk space; retry later. */
  STORE_UNAVAILABLE: { readonly reason: string }
  /** The platform lacks something that this needs, such as WebCrypto, which browsers have on pages over HTTPS only. */
  PLATFORM_UNSUPPORTED: { readonly feature: string; readonly reason: string }
  /** A value in the configuration is not valid. */
  BAD_CONFIGURATION: { readonly key: string; readonly line?: number; readonly expected: string }
  /** The server is stopping; send the request to another process or retry later. */
  SHUTTING_DOWN: Readonly<Record<never, never>>
}

/** The codes of all failures. */
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

/**
 * Tells whether `error` is a {@link RoomserverError}, of the given code if one is named.
 * @example
 * ```ts
 * import { isFailure } from '@roomserver/types'
 *
 * function missing(error: unknown): readonly string[] {
 *   return isFailure(error, 'MISSING_EVENTS') ? error.details.eventIds : []
 * }
 * console.log(missing(new Error('something else')))
 * ```
 */
export function isFailure<C extends FailureCode>(error: unknown, code?: C): error is RoomserverError<C> {
  return error instanceof RoomserverError && (code === undefined || error.code === code)
}
