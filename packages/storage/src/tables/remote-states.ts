import type { EventNid, RoomNid, RemoteStateRecord } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkInsert, lastOfEach } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { assignments, flag, int, rowFormat, type RowOf } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<RemoteStateRecord>()({
  event: int('event_nid'),
  roomNid: int('room_nid'),
  waitsFor: int('waits_for'),
  isVerified: flag('verified'),
})

/** Events at remote state, and what it takes to work that out. */
export type RemoteStatesTable = RowOf<typeof format>

const CHANGING = format.pick('waitsFor', 'isVerified').names

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
    ofRoom: async (db: Db, roomNid: RoomNid) => (await ofRoom(db, roomNid)).map(format.toItem),
    due: async (db: Db, after: EventNid, limit: number) => (await due(db, after, limit)).map(format.toItem),
    put: bulkInsert(
      dialect,
      'remote_states',
      format,
      `on conflict (event_nid) do update set ${assignments(CHANGING, 'excluded')}`,
    ),
  }
}

/** Of several records of an event, the last. */
export function lastOfEachEvent(records: readonly RemoteStateRecord[]): readonly RemoteStateRecord[] {
  return lastOfEach(records, ({ event }) => event)
}
