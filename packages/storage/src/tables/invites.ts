import type { EventNid, InviteRecord, RoomNid, StateKeyNid, UserId } from '@roomserver/types'
import { bulkInsert } from '../bulk.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Invites, pending and ended. */
export interface InvitesTable {
  event_nid: EventNid
  room_nid: RoomNid
  target_nid: StateKeyNid
  sender_nid: StateKeyNid
  /** What ended it (0: not an event); null while it is pending. */
  retired_by: EventNid | null
}

const columns: Columns<InvitesTable> = {
  event_nid: 'int',
  room_nid: 'int',
  target_nid: 'int',
  sender_nid: 'int',
  retired_by: 'int',
}

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
    byEvent: async (db: Db, event: EventNid) => (await byEvent(db, event)).map(toInvite)[0],
    pending: async (db: Db, roomNid: RoomNid, target: UserId) =>
      (await pending(db, roomNid, target)).map((row) => ({ ...toInvite(row), senderId: row.sender_id })),
    put: bulkInsert(
      dialect,
      'invites',
      columns,
      fromInvite,
      'on conflict (event_nid) do update set retired_by = excluded.retired_by',
    ),
  }
}

function toInvite(row: InvitesTable): InviteRecord {
  return {
    roomNid: row.room_nid,
    event: row.event_nid,
    target: row.target_nid,
    sender: row.sender_nid,
    retiredBy: row.retired_by ?? undefined,
  }
}

function fromInvite(invite: InviteRecord): InvitesTable {
  return {
    event_nid: invite.event,
    room_nid: invite.roomNid,
    target_nid: invite.target,
    sender_nid: invite.sender,
    retired_by: invite.retiredBy ?? null,
  }
}
