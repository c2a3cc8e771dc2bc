import type { EventNid, RoomNid, RemoteStateRecord } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkInsert, lastOfEach } from '../bulk.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Events at remote state, and what it takes to work that out. */
export interface RemoteStatesTable {
  event_nid: EventNid
  room_nid: RoomNid
  waits_for: EventNid
  verified: number
}

const columns: Columns<RemoteStatesTable> = {
  event_nid: 'int',
  room_nid: 'int',
  waits_for: 'int',
  verified: 'small',
}

const DUE = 0 as EventNid

export function remoteStateQueries(dialect: Dialect, build: Db) {
  const all = build.selectFrom('remote_states').selectAll().orderBy('event_nid')
  const ofRoom = prepare(all.where('room_nid', '=', slot<RoomNid>()))
  const due = prepare(
    all
      .where('waits_for', '=', sql.lit(DUE))
      .where('verified', '=', sql.lit(0))
      .where('event_nid', '>', slot<EventNid>())
      .limit(slot<number>()),
  )
  return {
    ofRoom: async (db: Db, roomNid: RoomNid) => (await ofRoom(db, roomNid)).map(toRecord),
    due: async (db: Db, after: EventNid, limit: number) => (await due(db, after, limit)).map(toRecord),
    put: bulkInsert(
      dialect,
      'remote_states',
      columns,
      fromRecord,
      'on conflict (event_nid) do update set waits_for = excluded.waits_for, verified = excluded.verified',
    ),
  }
}

/** Of several records of an event, the last. */
export function lastOfEachEvent(records: readonly RemoteStateRecord[]): readonly RemoteStateRecord[] {
  return lastOfEach(records, ({ event }) => event)
}

function toRecord(row: RemoteStatesTable): RemoteStateRecord {
  return {
    event: row.event_nid,
    roomNid: row.room_nid,
    waitsFor: row.waits_for,
    isVerified: row.verified === 1,
  }
}

function fromRecord({ event, roomNid, waitsFor, isVerified }: RemoteStateRecord): RemoteStatesTable {
  return { event_nid: event, room_nid: roomNid, waits_for: waitsFor, verified: isVerified ? 1 : 0 }
}
