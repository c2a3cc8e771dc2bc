import {
  type EventId,
  type EventNid,
  type EventRecord,
  NO_NID,
  type RoomRecord,
  type SnapshotNid,
} from '@roomserver/types'
import { sql } from 'kysely'
import type { Finding } from './finding.ts'

/** What the row of a room is held against. */
export interface RoomContext {
  readonly stored: ReadonlySet<EventNid>
  readonly built: ReadonlySet<EventId>
  /** As the create event has it. */
  readonly version: string | undefined
  /** Whether the create event is sure to say that still. */
  readonly isSure: boolean
}

/** What is wrong about the row of a room. */
export function* wrongInRoom(
  room: RoomRecord,
  extremities: readonly EventRecord[],
  { stored, built, version, isSure }: RoomContext,
  snapshots: ReadonlySet<SnapshotNid>,
): Generator<Pick<Finding, 'what' | 'rebuild'>, void, void> {
  if (version !== undefined && version !== room.version) {
    yield {
      what: `the room has version ${JSON.stringify(version)} by its create event, but ${JSON.stringify(room.version)} is stored`,
      ...(isSure && { rebuild: sql`update rooms set version = ${version} where nid = ${room.nid}` }),
    }
  }
  if (room.current === NO_NID) {
    if (version !== undefined) yield { what: 'the room has a create event, but no current state' }
    return
  }
  if (!snapshots.has(room.current)) yield { what: 'the current state is not stored' }
  if (room.lastSent !== NO_NID && !stored.has(room.lastSent)) {
    const [latest] = extremities.toSorted((a, b) => b.nid - a.nid)
    yield {
      what: 'the last sent event is not stored',
      ...(latest && { rebuild: sql`update rooms set last_sent_nid = ${latest.nid} where nid = ${room.nid}` }),
    }
  }
  if (room.extremities.length === 0) yield { what: 'the room has no forward extremities' }
  const lost = room.extremities.filter((nid) => !stored.has(nid)).length
  if (lost > 0) yield { what: `${lost} forward extremities are not stored` }
  for (const { eventId, verdict } of extremities) {
    if (verdict !== 'accepted') yield { what: `forward extremity ${eventId} is ${verdict}` }
    if (built.has(eventId) && extremities.length > 1)
      yield { what: `accepted events build on forward extremity ${eventId}` }
  }
  const depth = Math.max(...extremities.map((end) => end.depth))
  if (lost === 0 && extremities.length > 0 && depth !== room.depth) {
    yield {
      what: `the room has depth ${room.depth}, but its forward extremities have ${depth}`,
      rebuild: sql`update rooms set depth = ${depth} where nid = ${room.nid}`,
    }
  }
}
