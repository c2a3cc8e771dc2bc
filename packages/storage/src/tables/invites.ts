import type { EventNid, InviteRecord, RoomNid, UserId } from '@roomserver/types'
import { bulkInsert } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { int, optional, rowFormat, type RowOf } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<InviteRecord>()({
  event: int('event_nid'),
  roomNid: int('room_nid'),
  target: int('target_nid'),
  sender: int('sender_nid'),
  /** What ended it (0: not an event); null while it is pending. */
  retiredBy: optional(int('retired_by')),
})

/** Invites, pending and ended. */
export type InvitesTable = RowOf<typeof format>

export function inviteQueries(dialect: Dialect, build: Db) {
  const byEvent = prepare(build.selectFrom('invites').selectAll().where('event_nid', '=', slot<EventNid>()))
  const pending = prepare(
    build
      .selectFrom('invites')
      .innerJoin('state_keys as target', 'target.nid', 'invites.target_nid')
      .innerJoin('state_keys as sender', 'sender.nid', 'invites.sender_nid')
      .selectAll('invites')
      .select('sender.text as sender_id')
      .where('room_nid', '=', slot<RoomNid>())
      .where('target.text', '=', slot<UserId>())
      .where('retired_by', 'is', null)
      .orderBy('event_nid'),
  )
  return {
    byEvent: async (db: Db, event: EventNid) => (await byEvent(db, event)).map(format.toItem)[0],
    pending: async (db: Db, roomNid: RoomNid, target: UserId) =>
      (await pending(db, roomNid, target)).map((row) => ({ ...format.toItem(row), senderId: row.sender_id })),
    put: bulkInsert(
      dialect,
      'invites',
      format,
      'on conflict (event_nid) do update set retired_by = excluded.retired_by',
    ),
  }
}
