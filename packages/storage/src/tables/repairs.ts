import type { EventId, RepairRecord, RepairState, RoomId } from '@roomserver/types'
import { bulkInsert, lastOfEach } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { assignments, code, int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

/** In the order of their codes. */
const STATES: readonly RepairState[] = ['waiting', 'running', 'failed', 'gave-up']

const format = rowFormat<RepairRecord>()({
  eventId: text('event_id'),
  roomId: text('room_id'),
  state: code('state', STATES, 'failed'),
  fetched: int('fetched'),
  attempts: int('attempts'),
  sinceTs: int('since_ts'),
  nextTs: int('next_ts'),
  lastError: text('last_error'),
  /** JSON of one InputRoomEvent. */
  payload: text('payload'),
})

/** Events that wait because events that they build on are missing. */
export type RepairsTable = RowOf<typeof format>

const CHANGING = format.pick('state', 'fetched', 'attempts', 'nextTs', 'lastError').names

const AGAIN = `on conflict (event_id) do update set ${assignments(CHANGING, 'excluded')}`

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
  const put = bulkInsert(dialect, 'repairs', format, AGAIN)
  return {
    page: async (db: Db, after: EventId, limit: number) => (await page(db, after, limit)).map(format.toItem),
    ofRoom: async (db: Db, roomId: RoomId, after: EventId, limit: number) =>
      // The limit stands last in the text of the query.
      (await pageOfRoom(db, after, roomId, limit)).map(format.toItem),
    put: (db: Db, repairs: readonly RepairRecord[]) =>
      put.run(
        db,
        lastOfEach(repairs, ({ eventId }) => eventId),
      ),
    remove: (db: Db, ids: readonly EventId[]) => remove(db, dialect.list(ids)),
  }
}
