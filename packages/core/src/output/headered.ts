import type { HeaderedEvent } from '@roomserver/api'
import { withoutHeader } from '@roomserver/events'
import { type EventRecord, RoomserverError, type RoomVersionId } from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'

/**
 * The rules of a room that is stored.
 *
 * @throws {RoomserverError} UNSUPPORTED_ROOM_VERSION when the room came from a program that knows more versions
 */
export function rulesOf({ version }: { readonly version: RoomVersionId }): RoomVersionRules {
  const rules = roomVersion(version)
  if (rules !== undefined) return rules
  throw new RoomserverError('UNSUPPORTED_ROOM_VERSION', { version }, `unknown room version ${version}`)
}

/** An event as callers get it, its stored text as it stands but for members in the places of the header. */
export function headered(
  { eventId, json }: Pick<EventRecord, 'eventId' | 'json'>,
  { version }: RoomVersionRules,
): HeaderedEvent {
  return { roomVersion: version, eventId, json: withoutHeader(json) }
}

/** Events as callers get them. */
export function headeredEvents(
  records: readonly EventRecord[],
  rules: RoomVersionRules,
): readonly HeaderedEvent[] {
  return records.map((record) => headered(record, rules))
}
