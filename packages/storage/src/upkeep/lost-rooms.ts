import { type EventId, isJsonObject, type JsonValue } from '@roomserver/types'
import { sql } from 'kysely'
import type { Db } from '../schema.ts'

/** Events whose room is not stored. */
export interface LostRoom {
  /** What the first of them says; `undefined`: it does not say. */
  readonly roomId: string | undefined
  readonly events: number
  readonly first: EventId
}

/** Looks for events of rooms that are not stored, by reading the whole table of events. */
export async function lostRooms(db: Db): Promise<readonly LostRoom[]> {
  const { rows } = await sql<{ events: number; first: EventId; json: string }>`
    select lost.events, events.event_id as first, events.json from events
      join (select room_nid, count(*) as events, min(nid) as nid from events
        where not exists (select 1 from rooms where rooms.nid = events.room_nid) group by room_nid) as lost
      on lost.nid = events.nid order by lost.nid`.execute(db)
  return rows.map(({ events, first, json }) => ({ roomId: roomIdIn(json), events, first }))
}

function roomIdIn(json: string): string | undefined {
  try {
    const event: JsonValue = JSON.parse(json)
    const roomId = isJsonObject(event) ? event['room_id'] : undefined
    return typeof roomId === 'string' ? roomId : undefined
  } catch {
    return undefined
  }
}
