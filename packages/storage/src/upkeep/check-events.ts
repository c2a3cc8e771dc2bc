import {
  type EventId,
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
 * events that no other accepted event builds upon, those at remote state aside.
 *
 * @returns the snapshots that something refers to
 */
export async function checkEvents(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  snapshots: ReadonlySet<SnapshotNid>,
  report: (finding: Finding) => void,
): Promise<ReadonlySet<SnapshotNid>> {
  const extremities = await tables.events.byNids(db, room.extremities)
  const ends = new Set(extremities.map(({ eventId }) => eventId))
  const told = (await tables.toldStates.ofRoom(db, room.nid)).filter(({ isSettled }) => !isSettled)
  const reading: Reading = {
    stored: new Set(),
    missing: new Map(),
    told: new Set(told.map(({ event }) => event)),
    built: new Set(),
    used: new Set(),
  }
  reading.used.add(room.current)
  for await (const page of pages((after, limit) => tables.events.ofRoom(db, room.nid, after, limit))) {
    for (const event of page) {
      note(event, ends, reading)
      const wrong = wrongInEvent(event, snapshots)
      if (wrong !== undefined) report(finding(room.roomId, 'event', `event ${event.eventId} ${wrong}`))
    }
  }
  for (const [nid, by] of reading.missing) {
    report(finding(room.roomId, 'event', `event NID ${by} cites ${nid}, which is not stored`))
  }
  for (const wrong of wrongInRoom(room, extremities, reading, snapshots)) {
    report(finding(room.roomId, 'room', wrong))
  }
  return reading.used
}

/** What is gathered while a room's events are read, page by page. */
interface Reading {
  readonly stored: Set<EventNid>
  /** Events that were cited and did not come by so far, and by which. */
  readonly missing: Map<EventNid, EventNid>
  /** Events at remote state, which take the place of none. */
  readonly told: ReadonlySet<EventNid>
  /** Forward extremities that an accepted event builds on. */
  readonly built: Set<EventId>
  readonly used: Set<SnapshotNid>
}

function note(event: EventRecord, ends: ReadonlySet<EventId>, reading: Reading): void {
  reading.stored.add(event.nid)
  reading.missing.delete(event.nid)
  for (const nid of event.authNids) if (!reading.stored.has(nid)) reading.missing.set(nid, event.nid)
  reading.used.add(event.before).add(event.after)
  if (event.verdict !== 'accepted' || event.before === NO_NID || reading.told.has(event.nid)) return
  for (const id of prevOf(event)) if (ends.has(id)) reading.built.add(id)
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
  extremities: readonly EventRecord[],
  { stored, built }: Reading,
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
  for (const { eventId, verdict } of extremities) {
    if (verdict !== 'accepted') yield `forward extremity ${eventId} is ${verdict}`
    if (built.has(eventId) && extremities.length > 1)
      yield `accepted events build on forward extremity ${eventId}`
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
