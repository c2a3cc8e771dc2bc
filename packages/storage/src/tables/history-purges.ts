import type { HistoryPurgeRecord, HistoryPurgeStep, RoomId } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkWrite } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { assignments, code, int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

/** In the order of their codes. */
const STEPS: readonly HistoryPurgeStep[] = ['removing', 'deleting', 'done']

const columns = {
  roomId: text<RoomId, 'room_id'>('room_id'),
  roomNid: int<HistoryPurgeRecord['roomNid'], 'room_nid'>('room_nid'),
  beforeDepth: int('before_depth'),
  beforeTs: int('before_ts'),
  by: text('requested_by'),
  step: code('step', STEPS, 'done'),
  events: int('events'),
  removedEvents: int('removed_events'),
  deletedEvents: int('deleted_events'),
}

/** A purge that is to begin. */
type NewHistoryPurge = Omit<HistoryPurgeRecord, 'sinceTs' | 'stepTs'>

const begun = rowFormat<NewHistoryPurge>()(columns)

const format = rowFormat<HistoryPurgeRecord>()({
  ...columns,
  sinceTs: int('since_ts'),
  stepTs: int('step_ts'),
})

/** Rooms whose history is being purged, or was. */
export type HistoryPurgesTable = RowOf<typeof format>

const DONE = STEPS.indexOf('done')
/** So long every process is told of a purge that is done. */
const RECENT_MS = 60_000

export function historyPurgeQueries(dialect: Dialect, build: Db) {
  const all = build.selectFrom('history_purges').selectAll()
  const page = prepare(all.where('room_id', '>', slot<RoomId>()).orderBy('room_id').limit(slot<number>()))
  const recent = prepare(
    all
      .where(sql<boolean>`(step <> ${sql.lit(DONE)} or step_ts > ${dialect.nowMs} - ${sql.lit(RECENT_MS)})`)
      .orderBy('since_ts')
      .orderBy('room_id'),
  )
  const enter = prepare(
    build
      .updateTable('history_purges')
      .set({ step: slot<number>(), step_ts: dialect.nowMs })
      .where('room_id', '=', slot<RoomId>()),
  )
  const count = prepare(
    build
      .updateTable('history_purges')
      .set({
        removed_events: sql<number>`removed_events + ${slot<number>()}`,
        deleted_events: sql<number>`deleted_events + ${slot<number>()}`,
      })
      .where('room_id', '=', slot<RoomId>()),
  )
  const remove = prepare(build.deleteFrom('history_purges').where('room_id', '=', slot<RoomId>()))
  const now = dialect.nowMs.compile(build).sql
  const names = begun.names.join(', ')
  const add = bulkWrite(
    dialect,
    begun,
    `insert into history_purges (${names}, since_ts, step_ts) select ${names}, ${now}, ${now} from v where true
      on conflict (room_id) do update set ${assignments([...begun.names, 'since_ts', 'step_ts'], 'excluded')}
      where history_purges.step = ${DONE} returning room_id`,
  )
  return {
    /** In the order of room IDs, from `after` (exclusive). */
    page: async (db: Db, after: RoomId, limit: number) => (await page(db, after, limit)).map(format.toItem),
    /** Those that are not done, or are since less than a minute, the earliest first. There are few. */
    recent: async (db: Db) => (await recent(db)).map(format.toItem),
    /** Notes that the history of a room is to be purged; false: it is being purged already. */
    begin: async (db: Db, purge: NewHistoryPurge) => (await add.run(db, [purge])).rows.length > 0,
    /** A purge has come to a step. */
    enter: async (db: Db, roomId: RoomId, step: HistoryPurgeStep) =>
      void (await enter(db, STEPS.indexOf(step), roomId)),
    /** Counts events that were taken out of the graph, and such as were deleted. */
    count: async (db: Db, roomId: RoomId, removed: number, deleted: number) =>
      void (await count(db, removed, deleted, roomId)),
    remove: async (db: Db, roomId: RoomId) => void (await remove(db, roomId)),
  }
}
