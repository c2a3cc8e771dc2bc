import type { RoomId } from '@roomserver/types'
import { bulkInsert } from '../bulk.ts'
import type { Dialect } from '../dialects.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Asynchronous input that was made durable before it was answered and is not settled yet. */
export interface InboxTable {
  position: number
  room_id: RoomId
  /** JSON of one InputRoomEvent. */
  payload: string
}

export interface InboxRow {
  readonly position: number
  readonly roomId: RoomId
  readonly payload: string
}

export function inboxQueries(dialect: Dialect, build: Db) {
  const after = prepare(
    build
      .selectFrom('inbox')
      .select(['position', 'room_id as roomId', 'payload'])
      .where('position', '>', slot<number>())
      .orderBy('position')
      .limit(slot<number>()),
  )
  const remove = prepare(build.deleteFrom('inbox').where(dialect.among('position', 'int')))
  const insert = bulkInsert<Omit<InboxTable, 'position'>>(
    dialect,
    'inbox',
    { room_id: 'text', payload: 'text' },
    'returning position',
  )
  return {
    after: (db: Db, position: number, limit: number): Promise<InboxRow[]> => after(db, position, limit),
    /** Positions are given in the order of the items, though a database may return them in another. */
    add: async (db: Db, items: readonly Omit<InboxRow, 'position'>[]): Promise<number[]> => {
      const rows = items.map(({ roomId, payload }) => ({ room_id: roomId, payload }))
      const { rows: added } = await insert(db, rows)
      return added.map((row) => Number(row['position'])).toSorted((a, b) => a - b)
    },
    remove: (db: Db, positions: readonly number[]) => remove(db, dialect.list(positions)),
  }
}
