import type { PurgeAtStep, PurgeRecord, PurgeStep, RoomId, RoomNid } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkWrite } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { assignments, code, flag, int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

/** In the order of their codes. */
const STEPS: readonly PurgeStep[] = ['waiting', 'deleting', 'settling', 'done', 'refused']

const columns = {
  roomId: text<RoomId, 'room_id'>('room_id'),
  roomNid: int<RoomNid, 'room_nid'>('room_nid'),
  by: text('requested_by'),
  isForced: flag('forced'),
  step: code('step', STEPS, 'refused'),
  reason: text('reason'),
  events: int('events'),
  deletedEvents: int('deleted_events'),
}

const begun = rowFormat<Omit<PurgeRecord, 'sinceTs' | 'stepTs'>>()(columns)

const format = rowFormat<PurgeRecord>()({ ...columns, sinceTs: int('since_ts'), stepTs: int('step_ts') })

/** Rooms that are being deleted, or were lately. */
export type PurgesTable = RowOf<typeof format>

const OVER = ['done', 'refused'].map((step) => STEPS.indexOf(step as PurgeStep)).join(', ')

export function purgeQueries(dialect: Dialect, build: Db) {
  const all = prepare(
    build
      .selectFrom('purges')
      .selectAll()
      .select(sql<number>`${dialect.nowMs} - step_ts`.as('age'))
      .orderBy('since_ts')
      .orderBy('room_id'),
  )
  const enter = prepare(
    build
      .updateTable('purges')
      .set({
        step: slot<number>(),
        step_ts: dialect.nowMs,
        room_nid: slot<RoomNid>(),
        reason: slot<string>(),
      })
      .where('room_id', '=', slot<RoomId>()),
  )
  const count = prepare(
    build
      .updateTable('purges')
      .set({ deleted_events: sql<number>`deleted_events + ${slot<number>()}` })
      .where('room_id', '=', slot<RoomId>()),
  )
  const remove = prepare(build.deleteFrom('purges').where('room_id', '=', slot<RoomId>()))
  const now = dialect.nowMs.compile(build).sql
  const names = begun.names.join(', ')
  const add = bulkWrite(
    dialect,
    begun,
    `insert into purges (${names}, since_ts, step_ts) select ${names}, ${now}, ${now} from v where true
      on conflict (room_id) do update set ${assignments([...begun.names, 'since_ts', 'step_ts'], 'excluded')}
      where purges.step in (${OVER}) returning room_id`,
  )
  return {
    /** The earliest first. There are few. */
    all: async (db: Db): Promise<readonly PurgeAtStep[]> =>
      (await all(db)).map(({ age, ...row }) => ({ ...format.toItem(row), stepAgeMs: age })),
    /** Notes that a room is to be purged; false: it is being purged already. */
    begin: async (db: Db, purge: Omit<PurgeRecord, 'sinceTs' | 'stepTs'>) =>
      (await add.run(db, [purge])).rows.length > 0,
    /** A purge has come to a step. */
    enter: async (
      db: Db,
      { roomId, roomNid }: Pick<PurgeRecord, 'roomId' | 'roomNid'>,
      step: PurgeStep,
      reason = '',
    ) => void (await enter(db, STEPS.indexOf(step), roomNid, reason, roomId)),
    /** Counts deleted events. */
    count: async (db: Db, roomId: RoomId, events: number) => void (await count(db, events, roomId)),
    remove: async (db: Db, roomId: RoomId) => void (await remove(db, roomId)),
  }
}
