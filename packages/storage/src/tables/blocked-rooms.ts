import type { BlockedRoom, RoomId } from '@roomserver/types'
import { bulkInsert } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { assignments, int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<BlockedRoom>()({
  roomId: text('room_id'),
  by: text('blocked_by'),
  reason: text('reason'),
  sinceTs: int('since_ts'),
})

/** Rooms that operators blocked. */
export type BlockedRoomsTable = RowOf<typeof format>

const CHANGING = format.pick('by', 'reason', 'sinceTs').names

const AGAIN = `on conflict (room_id) do update set ${assignments(CHANGING, 'excluded')}`

export function blockedRoomQueries(dialect: Dialect, build: Db) {
  const page = prepare(
    build
      .selectFrom('blocked_rooms')
      .selectAll()
      .where('room_id', '>', slot<RoomId>())
      .orderBy('room_id')
      .limit(slot<number>()),
  )
  const remove = prepare(build.deleteFrom('blocked_rooms').where('room_id', '=', slot<RoomId>()))
  const put = bulkInsert(dialect, 'blocked_rooms', format, AGAIN)
  return {
    page: async (db: Db, after: RoomId, limit: number) => (await page(db, after, limit)).map(format.toItem),
    put: async (db: Db, room: BlockedRoom) => void (await put.run(db, [room])),
    remove: async (db: Db, roomId: RoomId) => void (await remove(db, roomId)),
  }
}
