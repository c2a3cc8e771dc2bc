import { type RoomId, type RoomNid, isFailure } from '@roomserver/types'
import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import type { Db } from '../schema.ts'
import { decodeList } from '../varint.ts'
import { inStoredOrder } from './stored-order.ts'

/** A list of numbers that cannot be read, so that nothing can be read which stands beside it. */
export interface Unreadable {
  readonly what: string
  /** Empties it, or deletes its row, so that it is rebuilt from the events. */
  readonly rebuild: RawBuilder<unknown>
}

/** Reads every list in the tables of rooms, events and snapshots, from end to end. */
export async function* unreadable(db: Db, dialect: Dialect): AsyncGenerator<Unreadable, void, void> {
  type RoomRow = { nid: number; room_id: RoomId; extremities: Uint8Array }
  for await (const page of inStoredOrder<RoomRow>(db, dialect, 'rooms', ['room_id', 'extremities']))
    for (const { nid, room_id, extremities } of page)
      if (!isReadable(extremities))
        yield {
          what: `the forward extremities of ${room_id} cannot be parsed`,
          rebuild: sql`update rooms set extremities = ${EMPTY} where nid = ${nid}`,
        }
  type EventRow = { nid: number; event_id: string; auth_nids: Uint8Array }
  for await (const page of inStoredOrder<EventRow>(db, dialect, 'events', ['event_id', 'auth_nids']))
    for (const { nid, event_id, auth_nids } of page)
      if (!isReadable(auth_nids))
        yield {
          what: `the auth events of event ${event_id} cannot be parsed`,
          rebuild: sql`update events set auth_nids = ${EMPTY} where nid = ${nid}`,
        }
  type SnapshotRow = { nid: number; room_nid: RoomNid; blocks: Uint8Array }
  for await (const page of inStoredOrder<SnapshotRow>(db, dialect, 'snapshots', ['room_nid', 'blocks']))
    for (const { nid, room_nid, blocks } of page) {
      if (isReadable(blocks)) continue
      const { rows } = await sql<{
        id: RoomId
      }>`select room_id as id from rooms where nid = ${room_nid}`.execute(db)
      const room = rows[0]?.id ?? 'a room that is not stored'
      yield {
        what: `the block list of a state of ${room} cannot be parsed`,
        rebuild: sql`delete from snapshots where nid = ${nid}`,
      }
    }
}

/** Empties such lists, or drops their rows. */
export async function rebuildUnreadable(db: Db, lists: readonly Unreadable[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const { rebuild } of lists) await rebuild.execute(tx)
  })
}

const EMPTY = new Uint8Array()

function isReadable(list: Uint8Array): boolean {
  try {
    decodeList(list)
    return true
  } catch (error) {
    if (isFailure(error, 'STORE_DAMAGED')) return false
    throw error
  }
}
