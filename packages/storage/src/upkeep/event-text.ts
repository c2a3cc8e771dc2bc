import { type EventRecord, isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'

/** A stored event and the object that its text holds. */
export interface ReadEvent {
  readonly event: EventRecord
  readonly said: JsonObject
}

/** The object that the text of an event holds; `undefined`: it holds none. */
export function objectIn(json: string): JsonObject | undefined {
  try {
    const value: JsonValue = JSON.parse(json)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A member of an event that is text. */
export function textIn(said: JsonObject, name: string): string | undefined {
  const value = said[name]
  return typeof value === 'string' ? value : undefined
}

/** A member of an event's content that is text. */
export function contentText(said: JsonObject, name: string): string | undefined {
  const content = said['content']
  return isJsonObject(content) ? textIn(content, name) : undefined
}

/** The IDs of an event's prev events, which the first room versions give together with hashes. */
export function prevEventsIn(said: JsonObject): readonly string[] {
  const prev = said['prev_events']
  if (!Array.isArray(prev)) return []
  return prev
    .map((one: JsonValue) => (Array.isArray(one) ? one[0] : one))
    .filter((id) => typeof id === 'string')
}

/** As much of an event as tells its room. */
interface NamedEvent {
  readonly event: Pick<EventRecord, 'eventId'>
  readonly said: JsonObject
}

/** The room of an event; from version 12 on the create event names none, as the room's ID is made from its own. */
export function roomIdIn({ event, said }: NamedEvent): string | undefined {
  const named = textIn(said, 'room_id')
  if (named !== undefined) return named
  return textIn(said, 'type') === 'm.room.create' ? `!${event.eventId.slice(1)}` : undefined
}
