import type { EventId, RepairRecord, RepairState, RoomId } from '@roomserver/types'
import { bulkInsert, lastOfEach } from '../bulk.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Events that wait because events that they build on are missing. */
export interface RepairsTable {
  event_id: EventId
  room_id: RoomId
  state: number
  fetched: number
  attempts: number
  since_ts: number
  next_ts: number
  last_error: string
  /** JSON of one InputRoomEvent. */
  payload: string
}

const columns: Columns<RepairsTable> = {
  event_id: 'text',
  room_id: 'text',
  state: 'small',
  fetched: 'int',
  attempts: 'int',
  since_ts: 'int',
  next_ts: 'int',
  last_error: 'text',
  payload: 'text',
}

/** In the order of their codes. */
const STATES: readonly RepairState[] = ['waiting', 'running', 'failed', 'gave-up']

const AGAIN =
  'on conflict (event_id) do update set state = excluded.state, fetched = excluded.fetched, attempts = excluded.attempts, next_ts = excluded.next_ts, last_error = excluded.last_error'

export function repairQueries(dialect: Dialect, build: Db) {
  const all = build
    .selectFrom('repairs')
    .selectAll()
    .where('event_id', '>', slot<EventId>())
    .orderBy('event_id')
    .limit(slot<number>())
  const page = prepare(all)
  const pageOfRoom = prepare(all.where('room_id', '=', slot<RoomId>()))
  const remove = prepare(build.deleteFrom('repairs').where(dialect.among('event_id', 'text')))
  const put = bulkInsert(dialect, 'repairs', columns, fromRepair, AGAIN)
  return {
    page: async (db: Db, after: EventId, limit: number) => (await page(db, after, limit)).map(toRepair),
    ofRoom: async (db: Db, roomId: RoomId, after: EventId, limit: number) =>
      // The limit stands last in the text of the query.
      (await pageOfRoom(db, after, roomId, limit)).map(toRepair),
    put: (db: Db, repairs: readonly RepairRecord[]) =>
      put.run(
        db,
        lastOfEach(repairs, ({ eventId }) => eventId),
      ),
    remove: (db: Db, ids: readonly EventId[]) => remove(db, dialect.list(ids)),
  }
}

function toRepair(row: RepairsTable): RepairRecord {
  return {
    eventId: row.event_id,
    roomId: row.room_id,
    payload: row.payload,
    state: STATES[row.state] ?? 'failed',
    fetched: row.fetched,
    attempts: row.attempts,
    lastError: row.last_error,
    sinceTs: row.since_ts,
    nextTs: row.next_ts,
  }
}

function fromRepair(repair: RepairRecord): RepairsTable {
  return {
    event_id: repair.eventId,
    room_id: repair.roomId,
    state: STATES.indexOf(repair.state),
    fetched: repair.fetched,
    attempts: repair.attempts,
    since_ts: repair.sinceTs,
    next_ts: repair.nextTs,
    last_error: repair.lastError,
    payload: repair.payload,
  }
}
