import {
  type EventNid,
  type EventRecord,
  isJsonObject,
  type JsonValue,
  NO_NID,
  type RoomRecord,
  type SnapshotNid,
} from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { type Finding, finding } from './finding.ts'
import { pages } from './pages.ts'

/**
 * Checks that what a room's events and its row refer to is stored, and that its forward extremities are accepted
 * events that no other accepted event builds upon.
 */
export async function checkEvents(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  snapshots: ReadonlySet<SnapshotNid>,
  report: (finding: Finding) => void,
): Promise<void> {
  const stored = new Set<EventNid>()
  const cited = new Map<EventNid, EventNid>()
  const extremities = new Map<string, EventRecord>()
  const built = new Set<string>()
  for await (const page of pages((after, limit) => tables.events.ofRoom(db, room.nid, after, limit))) {
    for (const event of page) {
      stored.add(event.nid)
      if (room.extremities.includes(event.nid)) extremities.set(event.eventId, event)
      for (const nid of event.authNids) if (!cited.has(nid)) cited.set(nid, event.nid)
      const wrong = wrongInEvent(event, snapshots)
      if (wrong !== undefined) report(finding(room.roomId, 'event', `event ${event.eventId} ${wrong}`))
      if (event.verdict === 'accepted' && event.before !== NO_NID)
        for (const id of prevOf(event)) built.add(id)
    }
  }
  for (const [nid, by] of cited) {
    if (!stored.has(nid))
      report(finding(room.roomId, 'event', `event NID ${by} cites ${nid}, which is not stored`))
  }
  for (const wrong of wrongInRoom(room, stored, extremities, built, snapshots)) {
    report(finding(room.roomId, 'room', wrong))
  }
}

function wrongInEvent(event: EventRecord, snapshots: ReadonlySet<SnapshotNid>): string | undefined {
  for (const nid of [event.before, event.after]) {
    if (nid !== NO_NID && !snapshots.has(nid)) return `refers to state snapshot ${nid}, which is not stored`
  }
  if (event.verdict === 'accepted' && (event.before === NO_NID) !== (event.after === NO_NID)) {
    return 'has the state on only one side of it'
  }
  return parsed(event) === undefined ? 'is no JSON object' : undefined
}

function* wrongInRoom(
  room: RoomRecord,
  stored: ReadonlySet<EventNid>,
  extremities: ReadonlyMap<string, EventRecord>,
  built: ReadonlySet<string>,
  snapshots: ReadonlySet<SnapshotNid>,
): Generator<string> {
  if (room.current === NO_NID) return
  if (!snapshots.has(room.current)) yield `the current state, snapshot ${room.current}, is not stored`
  if (room.lastSent !== NO_NID && !stored.has(room.lastSent)) {
    yield `the event last sent, NID ${room.lastSent}, is not stored`
  }
  if (room.extremities.length === 0) yield 'the room has no forward extremities'
  for (const nid of room.extremities) {
    if (!stored.has(nid)) yield `forward extremity ${nid} is not stored`
  }
  for (const [id, event] of extremities) {
    if (event.verdict !== 'accepted') yield `forward extremity ${id} is ${event.verdict}`
    if (built.has(id) && extremities.size > 1) yield `accepted events build on forward extremity ${id}`
  }
}

function parsed(event: EventRecord): Readonly<Record<string, JsonValue | undefined>> | undefined {
  try {
    const value: JsonValue = JSON.parse(event.json)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The IDs of an event's prev events, which the first room versions give together with hashes. */
function prevOf(event: EventRecord): readonly string[] {
  const prev = parsed(event)?.['prev_events']
  if (!Array.isArray(prev)) return []
  return prev
    .map((one: JsonValue) => (Array.isArray(one) ? one[0] : one))
    .filter((id) => typeof id === 'string')
}
