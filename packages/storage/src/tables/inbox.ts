import type { RoomId } from '@roomserver/types'
import type { CompiledQuery } from 'kysely'
import { bulkInsert } from '../bulk.ts'
import type { Columns, Dialect } from '../dialects.ts'
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

const columns: Columns<Omit<InboxTable, 'position'>> = { room_id: 'text', payload: 'text' }

export function inboxQueries(dialect: Dialect, build: Db) {
  const after = prepare(
    build
      .selectFrom('inbox')
      .select(['position', 'room_id as roomId', 'payload'])
      .where('position', '>', slot<number>())
      .orderBy('position')
      .limit(slot<number>()),
  )
  const removal = build.deleteFrom('inbox').where(dialect.among('position', 'int')).compile()
  const remove = prepare(removal)
  const insert = bulkInsert(dialect, 'inbox', columns, fromItem, 'returning position')
  return {
    after: (db: Db, position: number, limit: number): Promise<InboxRow[]> => after(db, position, limit),
    /** Positions are given in the order of the items, though a database may return them in another. */
    add: async (db: Db, items: readonly Omit<InboxRow, 'position'>[]): Promise<number[]> => {
      const { rows } = await insert.run(db, items)
      return rows.map((row) => Number(row['position'])).toSorted((a, b) => a - b)
    },
    remove: (db: Db, positions: readonly number[]) => remove(db, dialect.list(positions)),
    /** The statement that `remove` executes, where it is to be a part of another one. */
    removal: (positions: readonly number[]): readonly CompiledQuery[] =>
      positions.length === 0 ? [] : [{ ...removal, parameters: [dialect.list(positions)] }],
  }
}

function fromItem({ roomId, payload }: Omit<InboxRow, 'position'>): Omit<InboxTable, 'position'> {
  return { room_id: roomId, payload }
}
