import type { EventId, EventNid, EventRecord, RoomId, RoomNid, SnapshotNid } from '@roomserver/types'
import { NO_NID } from '@roomserver/types'
import { sql } from 'kysely'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { encodeList } from '../varint.ts'
import { versionIn } from './check-events.ts'
import { objectIn, type ReadEvent, roomIdIn, textIn } from './event-text.ts'
import { pages } from './pages.ts'

/** Events whose room is not stored. */
export interface LostRoom {
  readonly nid: RoomNid
  /** What the first of them says; `undefined`: it does not say. */
  readonly roomId: string | undefined
  readonly events: number
  readonly first: EventId
}

/**
 * Looks for events of rooms that are not stored, by reading the whole table of events. Rooms that are being purged are none of
 * them.
 */
export async function lostRooms(db: Db): Promise<readonly LostRoom[]> {
  const { rows } = await sql<{ nid: RoomNid; events: number; first: EventId; json: string }>`
    select lost.room_nid as nid, lost.events, events.event_id as first, events.json from events
      join (select room_nid, count(*) as events, min(nid) as nid from events
        where not exists (select 1 from rooms where rooms.nid = events.room_nid)
          and room_nid not in (select room_nid from purges) group by room_nid) as lost
      on lost.nid = events.nid order by lost.nid`.execute(db)
  return rows.map(({ nid, events, first, json }) => {
    const event = { eventId: first }
    return { nid, roomId: roomIdIn({ event, said: objectIn(json) ?? {} }), events, first }
  })
}

/**
 * Rebuilds the row of a lost room from its events: its ID, its version by the create event, and for now the state after
 * the latest accepted event; forward extremities and current state are then to be rebuilt. Events that say they are of a room
 * which is stored are put back into that one.
 *
 * @returns what was done, or why nothing could be
 */
export async function restoreRoom(db: Db, tables: Tables, { nid, roomId }: LostRoom): Promise<RestoredRoom> {
  if (roomId === undefined)
    return { isRestored: false, what: 'its events do not say to which room they belong' }
  return await db.transaction().execute(async (tx) => {
    const known = await tables.rooms.byId(tx, roomId as RoomId)
    if (known !== undefined) return await putBack(tx, nid, known.nid)
    const gathered = await gather(tx, tables, nid)
    if (gathered.others > 0)
      return {
        isRestored: false,
        what: `${gathered.others} of its events say that they belong to other rooms`,
      }
    const { version, latest, depth } = gathered
    if (version === undefined || latest === undefined)
      return { isRestored: false, what: 'its create event, which has the room version, is not stored' }
    const kept = sql`(select seq, event_nid, kind from outputs where room_nid = ${nid}
      union all select seq, event_nid, kind from delivered_outputs where room_nid = ${nid}) as kept`
    const { rows } = await sql<{ revision: number | null; seq: number | null; sent: EventNid | null }>`select
      (select max(revision) from journal where room_nid = ${nid}) as revision,
      (select max(seq) from ${kept}) as seq,
      (select event_nid from ${kept} where kind = 0 order by seq desc limit 1) as sent`.execute(tx)
    const [log] = rows
    const seq = log?.seq ?? gathered.events * OUTPUTS_OF_AN_EVENT
    await sql`insert into rooms
      (nid, revision, current_nid, last_sent_nid, depth, output_seq, room_id, version, extremities)
      values (${nid}, ${Math.max(log?.revision ?? 0, gathered.events) + 1}, ${latest.after}, ${log?.sent ?? latest.nid},
        ${depth}, ${seq}, ${roomId}, ${version}, ${encodeList([latest.nid])})`.execute(tx)
    return { isRestored: true, what: 'the row of the room, from its events' }
  })
}

/** Whether the row is there again. */
export interface RestoredRoom {
  readonly isRestored: boolean
  readonly what: string
}

/**
 * Where no output is kept that tells the number of the latest, a number is taken that none had: more than its events can
 * have made.
 */
const OUTPUTS_OF_AN_EVENT = 16

/** What refers to a room by its NID. */
const OF_ROOM = [
  'snapshots',
  'memberships',
  'invites',
  'redactions',
  'journal',
  'outputs',
  'delivered_outputs',
  'remote_states',
]

/** The room is stored under another NID: the row's was changed where nothing else has that; else that of the events was. */
async function putBack(tx: Db, lost: RoomNid, stored: RoomNid): Promise<RestoredRoom> {
  const counts = ['events', ...OF_ROOM].map(
    (table) => sql`(select count(*) from ${sql.table(table)} where room_nid = ${stored})`,
  )
  const { rows } = await sql<{ n: number }>`select ${sql.join(counts, sql` + `)} as n`.execute(tx)
  if (rows[0]?.n === 0) {
    await sql`update rooms set nid = ${lost} where nid = ${stored}`.execute(tx)
    return { isRestored: true, what: 'the row of the room is linked to its events again' }
  }
  const moved = await tx
    .updateTable('events')
    .set({ room_nid: stored })
    .where('room_nid', '=', lost)
    .executeTakeFirst()
  return { isRestored: true, what: `${moved.numUpdatedRows} events moved to the room that they name` }
}

interface Gathered {
  readonly events: number
  /** Events that name another room. */
  readonly others: number
  readonly version: string | undefined
  readonly latest: { readonly nid: EventNid; readonly after: SnapshotNid } | undefined
  readonly depth: number
}

async function gather(tx: Db, tables: Tables, nid: RoomNid): Promise<Gathered> {
  const roomIds = new Map<string, number>()
  let events = 0
  let version: string | undefined
  let latest: EventRecord | undefined
  for await (const page of pages((after, limit) => tables.events.ofRoom(tx, nid, after, limit))) {
    for (const event of page) {
      events++
      const read: ReadEvent = { event, said: objectIn(event.json) ?? {} }
      const roomId = roomIdIn(read) ?? ''
      roomIds.set(roomId, (roomIds.get(roomId) ?? 0) + 1)
      if (event.verdict !== 'accepted' || event.before === NO_NID) continue
      latest = event
      if (textIn(read.said, 'type') === 'm.room.create' && textIn(read.said, 'state_key') === '')
        version ??= versionIn(read)
    }
  }
  const [most = 0] = [...roomIds.values()].toSorted((a, b) => b - a)
  return { events, others: events - most, version, latest, depth: latest?.depth ?? 0 }
}
