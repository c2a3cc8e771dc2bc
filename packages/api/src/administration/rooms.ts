import type { z } from 'zod'
import { once, repeatable } from '../endpoint.ts'
import { bool, emptyList, eventObject, int, struct, text } from '../wire/builders.ts'
import { cursorFromFirst, nextPage, upToThousand } from '../wire/paging.ts'
import { isDryRun, requester } from './order.ts'

/** A room that an operator blocked. */
export const BlockedRoomSummary = struct('administration.BlockedRoom', {
  room_id: text(),
  requester: text('Who blocked it.'),
  reason: text(),
  since_ts: int('Milliseconds since the epoch.'),
})
export type BlockedRoomSummary = z.infer<typeof BlockedRoomSummary>

/** Body of a request of `blockedRooms`. */
export const BlockedRoomsRequest = struct('administration.BlockedRoomsRequest', {
  cursor: cursorFromFirst(),
  limit: upToThousand(),
})
export type BlockedRoomsRequest = z.infer<typeof BlockedRoomsRequest>

/** Answer of `blockedRooms`. */
export const BlockedRoomsResponse = struct('administration.BlockedRoomsResponse', {
  rooms: emptyList(BlockedRoomSummary),
  next: nextPage(),
})
export type BlockedRoomsResponse = z.infer<typeof BlockedRoomsResponse>

/** Body of a request of `blockRoom`. */
export const BlockRoomRequest = struct('administration.BlockRoomRequest', {
  room_id: text('A room, known here or not.'),
  reason: text('What whoever sends events to the room or wants to join it is told.'),
  requester: requester(),
  dry_run: isDryRun(),
})
export type BlockRoomRequest = z.infer<typeof BlockRoomRequest>

/** Answer of `blockRoom`. */
export const BlockRoomResponse = struct('administration.BlockRoomResponse', {
  was_blocked: bool('Whether it was blocked already; then the reason is a new one.'),
  joined_local_members: int(
    'Users of this server who stay in the room; `performAdminEvacuateRoom` takes them out.',
  ),
})
export type BlockRoomResponse = z.infer<typeof BlockRoomResponse>

/** Body of a request of `unblockRoom`. */
export const UnblockRoomRequest = struct('administration.UnblockRoomRequest', {
  room_id: text(),
  requester: requester(),
  dry_run: isDryRun(),
})
export type UnblockRoomRequest = z.infer<typeof UnblockRoomRequest>

/** Answer of `unblockRoom`. */
export const UnblockRoomResponse = struct('administration.UnblockRoomResponse', {
  was_blocked: bool(),
})
export type UnblockRoomResponse = z.infer<typeof UnblockRoomResponse>

/** Body of a request of `makeRoomAdmin`. */
export const MakeRoomAdminRequest = struct('administration.MakeRoomAdminRequest', {
  room_id: text(),
  user_id: text('A user of this server who is joined to the room.'),
  requester: requester(),
  dry_run: isDryRun(),
})
export type MakeRoomAdminRequest = z.infer<typeof MakeRoomAdminRequest>

/** Answer of `makeRoomAdmin`. */
export const MakeRoomAdminResponse = struct('administration.MakeRoomAdminResponse', {
  granted_by: text(
    'The user of this server in whose name the levels are changed; empty: nothing has to be changed.',
  ),
  level_before: int(),
  level: int('The highest that this server can give.'),
  event_id: text('The power levels that were sent; empty: none.'),
})
export type MakeRoomAdminResponse = z.infer<typeof MakeRoomAdminResponse>

/** Body of a request of `sendEventAs`. */
export const SendEventAsRequest = struct('administration.SendEventAsRequest', {
  room_id: text(),
  sender: text('A user of this server.'),
  type: text(),
  is_state: bool('Whether it is a state event; only then the state key counts.'),
  state_key: text(),
  content: eventObject(),
  requester: requester(),
  dry_run: isDryRun(),
})
export type SendEventAsRequest = z.infer<typeof SendEventAsRequest>

/** Answer of `sendEventAs`. */
export const SendEventAsResponse = struct('administration.SendEventAsResponse', {
  event_id: text('Empty: nothing was sent.'),
})
export type SendEventAsResponse = z.infer<typeof SendEventAsResponse>

/** What operators do to rooms. */
export const roomAdministrationEndpoints = {
  /** Lists the rooms that take no new events. */
  blockedRooms: repeatable({
    path: '/admin/v1/blockedRooms',
    request: BlockedRoomsRequest,
    response: BlockedRoomsResponse,
    summary: 'Lists the rooms that take no new events.',
  }),
  /**
   * Has a room take no new events and no joins and invites of users of this server; those who are in it may
   * leave.
   */
  blockRoom: once({
    path: '/admin/v1/blockRoom',
    request: BlockRoomRequest,
    response: BlockRoomResponse,
    summary:
      'Has a room take no new events and no joins and invites of users of this server; those who are in it may leave.',
  }),
  /** Has a blocked room take events again. */
  unblockRoom: once({
    path: '/admin/v1/unblockRoom',
    request: UnblockRoomRequest,
    response: UnblockRoomResponse,
    summary: 'Has a blocked room take events again.',
  }),
  /** Gives a user of this server the highest power level that another user of this server may give. */
  makeRoomAdmin: once({
    path: '/admin/v1/makeRoomAdmin',
    request: MakeRoomAdminRequest,
    response: MakeRoomAdminResponse,
    summary: 'Gives a user of this server the highest power level that another user of this server may give.',
  }),
  /** Sends an event in the name of a user of this server, where the rules of the room allow it. */
  sendEventAs: once({
    path: '/admin/v1/sendEventAs',
    request: SendEventAsRequest,
    response: SendEventAsResponse,
    summary: 'Sends an event in the name of a user of this server, where the rules of the room allow it.',
  }),
}
