import type { EventSummary, InspectionApi } from '@roomserver/api'
import { type EventId, isJsonObject, type JsonObject, type JsonValue, type RoomId } from '@roomserver/types'

/** How many events of the graph a scenario has at the most, and how many in all. */
const MAX_GRAPH = 1_000
const MAX_EVENTS = 5_000

/** Which part of a room becomes a scenario. */
export interface ScenarioPart {
  readonly roomId: RoomId
  /** Back from these events, or around them; none: back from the forward extremities. */
  readonly from: readonly EventId[]
  readonly direction: 'back' | 'around'
  /** How many events of the graph, auth chains not counted; 0: 200. */
  readonly limit: number
}

/**
 * A part of a room as a scenario of TARDIS: events of the graph with their auth chains, each behind those that it refers to. What
 * is not accepted is annotated with its verdict.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT
 * @see https://github.com/matrix-org/tardis
 */
export async function exportScenario(
  api: Pick<InspectionApi, 'event' | 'graph'>,
  { direction, from, limit, roomId }: ScenarioPart,
): Promise<JsonObject> {
  const wanted = Math.min(limit > 0 ? limit : 200, MAX_GRAPH)
  const { events } = await api.graph({ room_id: roomId, from, direction, limit: wanted })
  const stored = new Map<EventId, JsonObject>()
  const notes: Record<EventId, string> = {}
  const walk = new Set(events.filter(({ status }) => status !== 'missing').map(({ event_id: id }) => id))
  let version = ''
  for (const id of walk) {
    if (stored.size === MAX_EVENTS) break
    const { auth, event, pdu, room_version: ofRoom, verdict } = await api.event({ event_id: id })
    version = ofRoom
    stored.set(id, scenarioEvent(pdu, event))
    if (event.status !== 'accepted') notes[id] = noteOf(event, verdict.reason)
    for (const one of auth) if (one.status !== 'missing') walk.add(one.event_id)
  }
  return {
    tardis_version: 1,
    room_version: version,
    room_id: roomId,
    calculate_event_ids: false,
    events: inOrder(stored),
    annotations: { title: `${roomId}, ${stored.size} events`, titles: {}, events: notes },
  }
}

function noteOf({ status }: EventSummary, reason: string): string {
  return reason === '' ? status : `${status}: ${reason}`
}

/** References of old room versions are pairs of an ID and hashes; TARDIS reads IDs. */
function scenarioEvent(pdu: string, { auth_events, event_id, prev_events }: EventSummary): JsonObject {
  const parsed: JsonValue = JSON.parse(pdu)
  const event = isJsonObject(parsed) ? parsed : {}
  return { ...event, event_id, auth_events: [...auth_events], prev_events: [...prev_events] }
}

/** Each event behind those that it refers to. */
function inOrder(events: ReadonlyMap<EventId, JsonObject>): JsonObject[] {
  const ordered: JsonObject[] = []
  const state = new Map<EventId, 'open' | 'done'>()
  for (const first of [...events.keys()].toReversed()) {
    const path = [first]
    for (let id = path.at(-1); id !== undefined; id = path.at(-1)) {
      const event = events.get(id)
      const isNew = !state.has(id)
      if (isNew) state.set(id, 'open')
      const next = isNew && event !== undefined ? referencesIn(event).filter((one) => events.has(one)) : []
      const open = next.filter((one) => !state.has(one))
      path.push(...open)
      if (open.length > 0) continue
      path.pop()
      if (event === undefined || state.get(id) === 'done') continue
      state.set(id, 'done')
      ordered.push(event)
    }
  }
  return ordered
}

function referencesIn(event: JsonObject): readonly EventId[] {
  return ['prev_events', 'auth_events'].flatMap((member) => {
    const named = event[member]
    return Array.isArray(named) ? named.filter((id) => typeof id === 'string') : []
  })
}
