import type { EventId, EventNid, RoomNid } from '@roomserver/types'
import { sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<{ readonly roomNid: RoomNid; readonly eventId: EventId }>()({
  roomNid: int('room_nid'),
  eventId: text('event_id'),
})

/** Events that were taken out of the graphs of rooms when their history was purged. */
export type PurgedEventsTable = RowOf<typeof format>

export function purgedEventQueries(dialect: Dialect, build: Db) {
  const among = prepare(
    build
      .selectFrom('purged_events')
      .select('event_id as id')
      .where('room_nid', '=', slot<RoomNid>())
      .where(dialect.among('event_id', 'text')),
  )
  const anywhere = prepare(
    sql<{ id: EventId }>`select event_id as id from purged_events
      where room_nid in (select room_nid from history_purges) and ${dialect.among('event_id', 'text')}`.compile(
      build,
    ),
  )
  const add = prepare(
    sql`insert into purged_events (room_nid, event_id)
      select room_nid, event_id from events where ${dialect.among('nid', 'int')}
      on conflict do nothing`.compile(build),
  )
  return {
    /** Those of some events that were purged from a room. */
    among: async (db: Db, room: RoomNid, ids: readonly EventId[]): Promise<readonly EventId[]> =>
      (await among(db, room, dialect.list(ids))).map(({ id }) => id),
    /** Those of some events that were purged from any room. */
    anywhere: async (db: Db, ids: readonly EventId[]): Promise<readonly EventId[]> =>
      (await anywhere(db, dialect.list(ids))).map(({ id }) => id),
    /** Notes that events are purged, while they are still stored. */
    add: async (db: Db, nids: readonly EventNid[]) => void (await add(db, dialect.list(nids))),
  }
}
