import type { EventId, RoomNid, WriteSet } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkInsert } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare } from '../prepared.ts'
import { int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<WriteSet['missingPrevEvents'][number]>()({
  prev: text('prev'),
  by: int('by_nid'),
})

/** Prev events that were not stored when an event that names them came in. */
export type MissingPrevEventsTable = RowOf<typeof format>

export function missingPrevQueries(dialect: Dialect, build: Db) {
  const naming = prepare(
    build
      .selectFrom('missing_prev_events')
      .select(['prev', 'by_nid as by'])
      .where(dialect.among('prev', 'text')),
  )
  const perRoom = prepare(
    sql<{ readonly room: RoomNid; readonly missing: number }>`
      select events.room_nid as room, count(distinct prev) as missing from missing_prev_events
      join events on events.nid = missing_prev_events.by_nid
      where not exists (select 1 from events as present where present.event_id = missing_prev_events.prev)
        and not exists (select 1 from purged_events as purged
          where purged.room_nid = events.room_nid and purged.event_id = missing_prev_events.prev)
      group by events.room_nid`.compile(build),
  )
  return {
    /** How many prev events of each room are missing; rooms that miss none are left out. */
    perRoom: (db: Db) => perRoom(db),
    naming: (db: Db, ids: readonly EventId[]) => naming(db, dialect.list(ids)),
    add: bulkInsert(dialect, 'missing_prev_events', format),
  }
}
