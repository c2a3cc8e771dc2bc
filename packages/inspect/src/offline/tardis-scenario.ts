import { eventIdOf } from '@roomserver/events'
import { type EventId, isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'

/** The room version of scenarios that name none. */
const DEFAULT_VERSION = '10'

/** When the first event of a scenario was made that does not say when, and how much later each of the others. */
const START_TS = Date.UTC(2024, 0, 1)
const STEP_MS = 1_000

/** The events of a scenario as a server would have them. */
export interface ScenarioEvents {
  readonly events: readonly JsonValue[]
  readonly roomVersion: string
}

/** Whether an object is a scenario of TARDIS. */
export function isScenario(file: JsonObject): boolean {
  return typeof file['tardis_version'] === 'number' && Array.isArray(file['events'])
}

/**
 * Reads a scenario of TARDIS: events may leave out the room and when they were made, and have names instead of IDs, which are
 * made then of what the events are.
 *
 * @see https://github.com/matrix-org/tardis
 */
export function scenarioEvents(file: JsonObject): ScenarioEvents {
  const { calculate_event_ids: makesIds, events, room_id: roomId, room_version: named } = file
  const version = typeof named === 'string' ? named : DEFAULT_VERSION
  const rules = roomVersion(version)
  const ids = new Map<EventId, EventId>()
  let ts = START_TS
  const made = (Array.isArray(events) ? events : []).map((value): JsonValue => {
    if (!isJsonObject(value)) return value
    const own = value['origin_server_ts']
    if (typeof own === 'number' && own !== 0) ts = own
    const event: JsonObject = {
      ...value,
      origin_server_ts: ts,
      ...(value['room_id'] === undefined && typeof roomId === 'string' && { room_id: roomId }),
    }
    ts += STEP_MS
    return makesIds === true && rules !== undefined ? withId(event, ids, rules) : event
  })
  return { events: made, roomVersion: version }
}

/** Names that stand for events before it are replaced by their IDs, and its own by that which follows from its content. */
function withId(event: JsonObject, ids: Map<EventId, EventId>, rules: RoomVersionRules): JsonObject {
  const { auth_events: auth, event_id: name, prev_events: prev, ...rest } = event
  const content: JsonObject = {
    ...rest,
    ...(Array.isArray(auth) && { auth_events: auth.map((id) => idFor(id, ids)) }),
    ...(Array.isArray(prev) && { prev_events: prev.map((id) => idFor(id, ids)) }),
  }
  const id = rules.eventId === 'domain' ? name : eventIdOf(content, rules)
  if (typeof name === 'string' && typeof id === 'string') ids.set(name, id)
  return id === undefined ? content : { ...content, event_id: id }
}

function idFor(name: JsonValue, ids: ReadonlyMap<EventId, EventId>): JsonValue {
  return typeof name === 'string' ? (ids.get(name) ?? name) : name
}
