import type { RoomId } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkInsert, bulkWrite } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

export interface InboxRow {
  readonly position: number
  readonly roomId: RoomId
  readonly payload: string
}

/** What is put into the inbox, and by whom. */
interface NewItem extends Omit<InboxRow, 'position'> {
  readonly holder: string
}

const format = rowFormat<NewItem>()({
  roomId: text('room_id'),
  /** JSON of one InputRoomEvent. */
  payload: text('payload'),
  /** Name of the lease of the process that works on it. */
  holder: text('holder'),
})

/** Asynchronous input that was made durable before it was answered and is not settled yet. */
export interface InboxTable extends RowOf<typeof format> {
  position: number
}

const positions = rowFormat<Pick<InboxRow, 'position'>>()({ position: int('position') })

export function inboxQueries(dialect: Dialect, build: Db) {
  const after = prepare(
    build
      .selectFrom('inbox')
      .select(['position', 'room_id as roomId', 'payload'])
      .where('position', '>', slot<number>())
      .orderBy('position')
      .limit(slot<number>()),
  )
  const held = prepare(
    build
      .selectFrom('inbox')
      .select(['position', 'room_id as roomId', 'payload'])
      .where('holder', '=', slot<string>())
      .where('position', '>', slot<number>())
      .orderBy('position')
      .limit(slot<number>()),
  )
  const isLeft = sql<boolean>`holder <> ${slot<string>()} and not exists
    (select 1 from leases where leases.name = inbox.holder and leases.expires_ts >= ${dialect.nowMs})`
  const left = sql<number>`(select position from inbox where ${isLeft}
    order by position limit ${slot<number>()} ${dialect.forUpdate})`
  const claim = prepare(
    build
      .updateTable('inbox')
      .set({ holder: slot<string>() })
      .where('position', 'in', left)
      .returning(['position', 'room_id as roomId', 'payload']),
  )
  const insert = bulkInsert(dialect, 'inbox', format, 'returning position')
  const counted = prepare(
    sql<{ readonly count: number }>`select count(*) as count
      from (select 1 from inbox limit ${slot<number>()}) as waiting`.compile(build),
  )
  return {
    /** How many items wait, counted up to a limit. */
    count: async (db: Db, limit: number) => (await counted(db, limit))[0]?.count ?? 0,
    after: (db: Db, position: number, limit: number): Promise<InboxRow[]> => after(db, position, limit),
    /** Positions are given in the order of the items, though a database may return them in another. */
    add: async (db: Db, items: readonly Omit<InboxRow, 'position'>[], holder: string): Promise<number[]> => {
      const { rows } = await insert.run(
        db,
        items.map((item) => ({ ...item, holder })),
      )
      return rows.map((row) => Number(row['position'])).toSorted((a, b) => a - b)
    },
    held: (db: Db, holder: string, position: number, limit: number): Promise<InboxRow[]> =>
      held(db, holder, position, limit),
    claim: async (db: Db, holder: string, limit: number): Promise<InboxRow[]> => {
      const rows = await claim(db, holder, holder, limit)
      return rows.toSorted((a, b) => a.position - b.position)
    },
    remove: bulkWrite(
      dialect,
      positions.from((position: number) => ({ position })),
      'delete from inbox where position in (select v.position from v)',
    ),
  }
}
